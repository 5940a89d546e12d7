"""The texts, variables and buttons of a template's components."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")


def variables(text: str) -> tuple[str, ...]:
    """The names or numbers between double braces, each once: numbers sorted, names in order of appearance."""
    found = tuple(dict.fromkeys(VARIABLE.findall(text)))
    return tuple(sorted(found, key=int)) if all(name.isdecimal() for name in found) else found


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each variable replaced by its value."""
    return VARIABLE.sub(lambda match: values[match[1]], text)


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a template.

    Attributes:
        type: QUICK_REPLY, URL, PHONE_NUMBER or COPY_CODE.
        text: Its label.
        target: The URL or phone number; empty for a quick reply.
    """

    type: str
    text: str
    target: str

    @property
    def takes_suffix(self) -> bool:
        """Whether its URL ends in a variable."""
        return self.type == "URL" and bool(VARIABLE.search(self.target))


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts of a template's components.

    Attributes:
        named: Whether its variables have names (`parameter_format: NAMED`).
        header_format: TEXT or IMAGE; None without a header.
        header_text: Of a TEXT header.
        header_variables: Of a TEXT header.
        body: The text with its variables.
        body_variables: In the order of positional values.
        footer: None without one.
        buttons: In the order of their index.
    """

    named: bool
    header_format: str | None
    header_text: str
    header_variables: tuple[str, ...]
    body: str
    body_variables: tuple[str, ...]
    footer: str | None
    buttons: tuple[Button, ...]


def shape_of(components: Sequence[Mapping[str, Any]], *, named: bool) -> Shape:
    """The parts of checked components.

    Args:
        components: Components that `template_rules` has checked.
        named: Whether the variables have names.
    """
    by_type = {component["type"]: component for component in components}
    header = by_type.get("HEADER", {})
    header_text = header.get("text", "")
    body = by_type["BODY"]["text"]
    buttons = tuple(
        Button(button["type"], button.get("text", ""), button.get("url") or button.get("phone_number") or "")
        for button in by_type.get("BUTTONS", {}).get("buttons", ())
    )
    return Shape(
        named=named,
        header_format=header.get("format"),
        header_text=header_text,
        header_variables=variables(header_text),
        body=body,
        body_variables=variables(body),
        footer=by_type.get("FOOTER", {}).get("text"),
        buttons=buttons,
    )
