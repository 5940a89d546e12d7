"""What the files of one template say (values only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from partner_messages.config.ends import RepairNeeded

DEFINITION_FILE = "template.toml"


class TemplateError(RepairNeeded, ValueError):
    """A template was asked for something it cannot give; the message is one sentence that names it."""


@dataclass(frozen=True)
class TextHeader:
    """A line above the body; its text is in each translation.

    Attributes:
        variable: The one variable it may have.
    """

    variable: str | None = None


@dataclass(frozen=True)
class ImageHeader:
    """A picture above the body, given at send time.

    Attributes:
        example: The file of the picture that Meta's reviewers see, in the template's folder or beside it.
    """

    example: Path


@dataclass(frozen=True)
class UrlButton:
    """Opens a page of the portal; its label is in each translation.

    Attributes:
        path: What follows the portal's base URL, such as `/production-runs/`.
        variable: What follows the path; Meta allows one variable, at the URL's end.
    """

    path: str
    variable: str


@dataclass(frozen=True)
class QuickReply:
    """Sends its label back to us; the label is in each translation.

    Attributes:
        says: What a tap asks for (`help`, `later`): its payload is made when a message is sent. None: the label alone.
    """

    says: str | None = None


Header: TypeAlias = TextHeader | ImageHeader
Button: TypeAlias = UrlButton | QuickReply


@dataclass(frozen=True)
class Translation:
    """One language of a template.

    Attributes:
        language: Meta's code.
        file: Its file within the catalog, for messages.
        body: The text, Jinja2 with named placeholders and nothing else.
        header: The text of a text header, as the body.
        footer: The line below the body.
        buttons: The buttons' labels, in the definition's order.
        examples: A value for every variable, for Meta's reviewers.
        phrases: Jinja2, by the variable whose value it says in words, given the definition's numbers.
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
    """One template in all its languages.

    Attributes:
        name: Meta's name of it, which is the folder's.
        category: `UTILITY` or `MARKETING`.
        variables: The body's variables in the order of Meta's numbers.
        phrases: The variables whose values are words of each language, each with the names of the numbers that it
            tells.
        ttl_seconds: How long Meta tries to deliver it.
        header: What stands above the body.
        buttons: What stands below it.
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
        """Its definition file within the catalog, for messages."""
        return f"{self.name}/{DEFINITION_FILE}"

    @cached_property
    def other_variables(self) -> tuple[str, ...]:
        """The variables of the header and the buttons, which Meta numbers apart from the body's."""
        header = self.header.variable if isinstance(self.header, TextHeader) else None
        buttons = (button.variable for button in self.buttons if isinstance(button, UrlButton))
        return tuple(name for name in (header, *buttons) if name)
