"""The content of a template's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from whatsapp_provider.ends import RepairNeeded

DEFINITION_FILE = "template.toml"


class TemplateError(RepairNeeded, ValueError):
    """A template lacks a language, a value or a setting; the message is one sentence with its name."""


@dataclass(frozen=True)
class TextHeader:
    """A line above the body; its text is in each translation.

    Attributes:
        variable: Its variable, if it has one.
    """

    variable: str | None = None


@dataclass(frozen=True)
class ImageHeader:
    """A picture above the body; each message has its own.

    Attributes:
        example: The example picture for Meta's reviewers, in the template's folder or beside it.
    """

    example: Path


@dataclass(frozen=True)
class UrlButton:
    """A button that opens a page of the portal; its label is in each translation.

    Attributes:
        path: The part after the portal's base URL, such as `/production-runs/`.
        variable: The part after the path; Meta allows one variable, at the URL's end.
    """

    path: str
    variable: str


@dataclass(frozen=True)
class QuickReply:
    """A button that answers us; its label is in each translation.

    Attributes:
        says: The intent of a tap (`help`, `later`), for which the payload is made at sending. None: no payload.
    """

    says: str | None = None


Header: TypeAlias = TextHeader | ImageHeader
Button: TypeAlias = UrlButton | QuickReply


@dataclass(frozen=True)
class Translation:
    """One language of a template.

    Attributes:
        language: Meta's code.
        file: Its file within the catalog, for error messages.
        body: The text: Jinja2 with named placeholders only.
        header: The text of a text header, in the same form.
        footer: The line below the body.
        buttons: The buttons' labels, in the definition's order.
        examples: A value for each variable, for Meta's reviewers.
        phrases: Jinja2 by variable; rendered with the definition's numbers it is the variable's value.
    """

    language: str
    file: str
    body: str
    header: str | None
    footer: str | None
    buttons: tuple[str, ...]
    examples: Mapping[str, str]
    phrases: Mapping[str, str]


@dataclass(frozen=True)
class Definition:
    """A template in all its languages.

    Attributes:
        name: Its name at Meta; also the folder's name.
        category: `UTILITY` or `MARKETING`.
        variables: The body's variables in the order of Meta's numbers.
        phrases: The variables whose values are phrases, each with the names of its numbers.
        ttl_seconds: The time to live of its messages.
        header: The header above the body.
        buttons: The buttons below it.
        translations: By language.
    """

    name: str
    category: str
    variables: tuple[str, ...]
    phrases: Mapping[str, tuple[str, ...]]
    ttl_seconds: int | None
    header: Header | None
    buttons: tuple[Button, ...]
    translations: Mapping[str, Translation]

    @property
    def file(self) -> str:
        """Its definition file within the catalog, for error messages."""
        return f"{self.name}/{DEFINITION_FILE}"

    @cached_property
    def other_variables(self) -> tuple[str, ...]:
        """The variables of header and buttons, which Meta numbers separately from the body's."""
        header = self.header.variable if isinstance(self.header, TextHeader) else None
        buttons = (button.variable for button in self.buttons if isinstance(button, UrlButton))
        return tuple(name for name in (header, *buttons) if name)
