"""Whether the templates in a notifier's arguments can be filled in, seen before there is something to tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import TemplateSyntaxError, UndefinedError


class TemplateProblem(Exception):
    """A text is no template, or mentions a name that it is not given; the message says which."""


def check_templates(arguments: Mapping[str, Any], fields: Any, mentions: Mapping[str, Any]) -> None:
    """Fill in every template as it would be, and throw the texts away.

    Args:
        arguments: The notifier's.
        fields: Which of them are templates (the class's `template_fields`).
        mentions: What the templates may mention, with a value for each.

    Raises:
        TemplateProblem: One cannot be filled in. What only goes wrong with these values is left to the real ones.
    """
    from airflow.sdk.definitions._internal.templater import create_template_env

    environment = create_template_env()
    for name in fields:
        for text in _texts(arguments.get(name)):
            try:
                environment.from_string(text).render(mentions)
            except TemplateSyntaxError as error:
                raise TemplateProblem(f'its argument "{name}" is no template: {error.message}') from None
            except UndefinedError as error:
                known = ", ".join(f"{{{{ {one} }}}}" for one in sorted(mentions))
                raise TemplateProblem(f'in its argument "{name}" {error.message}; it is told {known}') from None
            except Exception:  # noqa: S112 - the values are samples
                continue


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
