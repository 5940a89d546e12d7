"""Fills in a text of the catalog: Jinja2 with named placeholders and nothing else, as Meta knows nothing else."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from jinja2 import Environment, TemplateSyntaxError, nodes

# Only read, never rendered: WhatsApp texts are not HTML, and escaping would show "&amp;" to a partner.
_ENVIRONMENT = Environment(autoescape=True)


class TextError(ValueError):
    """A text is no template text; the message says why and what to do."""


@dataclass(frozen=True)
class Placeholder:
    """Where a value goes."""

    name: str


Part: TypeAlias = str | Placeholder


@functools.cache
def parts(source: str) -> tuple[Part, ...]:
    """Take a text apart into its own words and its placeholders.

    Raises:
        TextError: It has something else than words and `{{ name }}`: Meta knows no filters, conditions or loops.
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
    """The names of a text's placeholders, in the order in which they stand there."""
    return tuple(part.name for part in parts(source) if isinstance(part, Placeholder))


def own_words(source: str) -> str:
    """What of a text stands in every message, whatever the values are."""
    return "".join(part for part in parts(source) if isinstance(part, str))


def fill(source: str, values: Mapping[str, str]) -> str:
    """Put values into a text.

    Raises:
        KeyError: A placeholder has no value.
    """
    return "".join(part if isinstance(part, str) else values[part.name] for part in parts(source))
