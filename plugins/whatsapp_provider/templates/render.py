"""Parse and fill in a text of the catalog: Jinja2 with named placeholders only, because Meta has nothing else."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from jinja2 import Environment, TemplateSyntaxError, nodes

# Used only to parse; rendering would escape the values, and WhatsApp texts are not HTML.
_ENVIRONMENT = Environment(autoescape=True)


class TextError(ValueError):
    """A text is invalid; the message says why."""


@dataclass(frozen=True)
class Placeholder:
    """A placeholder of a text."""

    name: str


Part: TypeAlias = str | Placeholder


@functools.cache
def parts(source: str) -> tuple[Part, ...]:
    """Split a text into its own words and its placeholders.

    Raises:
        TextError: It has more than words and `{{ name }}`, such as a filter, a condition or a loop.
    """
    try:
        tree = _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise TextError(f"line {error.lineno} is not Jinja2 ({error.message})") from None
    found: list[Part] = []
    for node in tree.body:
        pieces = node.nodes if isinstance(node, nodes.Output) else [node]
        for piece in pieces:
            match piece:
                case nodes.TemplateData(data=data):
                    found.append(data)
                case nodes.Name(name=name):
                    found.append(Placeholder(name))
                case _:
                    raise TextError(f"line {piece.lineno} has something else than words and {{{{ name }}}}")
    return tuple(found)


def placeholders(source: str) -> tuple[str, ...]:
    """The names of a text's placeholders, in order."""
    return tuple(part.name for part in parts(source) if isinstance(part, Placeholder))


def own_words(source: str) -> str:
    """The text without its placeholders."""
    return "".join(part for part in parts(source) if isinstance(part, str))


def fill(source: str, values: Mapping[str, str]) -> str:
    """Put values into a text.

    Raises:
        KeyError: A placeholder has no value.
    """
    return "".join(part if isinstance(part, str) else values[part.name] for part in parts(source))
