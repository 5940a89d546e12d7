"""The catalog: every template of a folder, checked, and what can be made of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from partner_messages.config.ends import RepairNeeded
from partner_messages.templates.catalog import phrases
from partner_messages.templates.catalog.cleaning import clean, whatsapp_length
from partner_messages.templates.catalog.definition import (
    Definition,
    ImageHeader,
    TemplateError,
    TextHeader,
    Translation,
    UrlButton,
)
from partner_messages.templates.catalog.reading import UnreadableError, read_definition
from partner_messages.templates.catalog.render import fill, own_words
from partner_messages.templates.catalog.rules import HEADER_LIMIT, Failure, failures, room_for_a_value
from partner_messages.templates.submission import meta_form


class CatalogError(RepairNeeded, ValueError):
    """The catalog breaks rules; the message has one line for each.

    Attributes:
        failures: File, rule and fix of each.
    """

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__("\n".join(map(str, failures)))
        self.failures = tuple(failures)


@dataclass(frozen=True)
class Template(Definition):
    """A definition that keeps all rules."""

    @classmethod
    def of(cls, definition: Definition) -> Template:
        """The template of a checked definition."""
        return cls(**{field.name: getattr(definition, field.name) for field in fields(definition)})

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it can be sent in, sorted."""
        return tuple(sorted(self.translations))

    @property
    def picture(self) -> Path | None:
        """The example picture that must be uploaded before it is created; None without an IMAGE header."""
        return self.header.example if isinstance(self.header, ImageHeader) else None

    @property
    def needs_portal(self) -> bool:
        """Whether it has a button that opens the portal, whose URL is needed when it is created."""
        return bool(self.link_variables)

    @property
    def link_variables(self) -> tuple[str, ...]:
        """The variables of its URL buttons: what follows the path, made at the moment of sending."""
        return tuple(button.variable for button in self.buttons if isinstance(button, UrlButton))

    @cached_property
    def parameter_count(self) -> int:
        """How many parameters a message gives: the body's, and those of header and buttons."""
        return len(self.variables) + len(self.other_variables) + isinstance(self.header, ImageHeader)

    @cached_property
    def _room(self) -> Mapping[str, int]:
        """How long each value may be, as `whatsapp_length` counts."""
        room = dict.fromkeys(self.variables, room_for_a_value(self))
        if isinstance(self.header, TextHeader) and self.header.variable:
            words = max(whatsapp_length(own_words(one.header or "")) for one in self.translations.values())
            room[self.header.variable] = HEADER_LIMIT - words
        return room

    def clean(self, values: Mapping[str, str]) -> dict[str, str]:
        """Make values fit, as `cleaning.clean` does, so that the filled-in text keeps within Meta's limits.

        Args:
            values: Of all the template's variables; others are left out. What a URL button needs may be missing (a
                signed-in link is made at the moment of sending) and is left as it is.

        Raises:
            TemplateError: A value is missing.
        """
        for name in self._room:
            if name not in values:
                raise TemplateError(f'Template {self.name} has no value for its variable "{name}".')
        return {
            name: clean(values[name], longest=self._room.get(name)) if name in self._room else values[name]
            for name in (*self._room, *self.other_variables)
            if name in values
        }

    def in_words(self, language: str, numbers: Mapping[str, int]) -> dict[str, str]:
        """The values of those variables that are phrases, as a language says them.

        Args:
            language: One of the template's.
            numbers: By the names that the definition gives its phrases; others are left out.

        Raises:
            TemplateError: It has no such language, or a number is missing.
        """
        translation = self._translation(language)
        for name in (name for told in self.phrases.values() for name in told if name not in numbers):
            raise TemplateError(f'Template {self.name} has no number "{name}" for its phrases.')
        return {
            variable: phrases.say(translation.phrases[variable], {name: numbers[name] for name in told})
            for variable, told in self.phrases.items()
        }

    def text(self, language: str, values: Mapping[str, str]) -> str:
        """The body as the recipient will read it.

        Raises:
            TemplateError: It has no such language, or a value is missing.
        """
        return fill(self._translation(language).body, self.clean(values))

    def _translation(self, language: str) -> Translation:
        if language not in self.translations:
            raise TemplateError(f"Template {self.name} has no {language}, only {', '.join(self.languages)}.")
        return self.translations[language]

    def parameters(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """The body's parameters in the order of Meta's numbers.

        Raises:
            TemplateError: A value is missing.
        """
        cleaned = self.clean(values)
        return tuple(cleaned[name] for name in self.variables)

    def send_components(
        self,
        values: Mapping[str, str],
        *,
        image_link: str | None = None,
        payloads: Mapping[str, str] = MappingProxyType({}),
    ) -> list[dict[str, Any]]:
        """The `components` of a message, shaped by what was approved; see `meta_form.send_components`.

        Raises:
            TemplateError: A value or the picture is missing.
        """
        cleaned = self.clean(values)
        for name in self.other_variables:
            if not cleaned.get(name):
                raise TemplateError(f'Template {self.name} has no value for its variable "{name}".')
        return meta_form.send_components(self, cleaned, image_link=image_link, payloads=payloads)

    def create_request(
        self, language: str, *, portal_url: str | None = None, header_handle: str | None = None
    ) -> dict[str, Any]:
        """The request that creates it at Meta in one language; see `meta_form.create_request`.

        Raises:
            TemplateError: It has no such language, or the portal's URL or the picture's handle is needed and missing.
        """
        self._translation(language)
        return meta_form.create_request(self, language, portal_url=portal_url, header_handle=header_handle)


class Catalog:
    """Templates by name."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._templates = {template.name: template for template in templates}

    @property
    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._templates))

    def get(self, name: str) -> Template | None:
        """The template of that name, if there is one."""
        return self._templates.get(name)

    def __iter__(self) -> Iterator[Template]:
        return (self._templates[name] for name in self.names)


def load_catalog(folder: Path) -> Catalog:
    """Read and check every template of a folder.

    Args:
        folder: One folder a template; files and hidden folders beside them are left alone.

    Raises:
        CatalogError: Naming every file that breaks a rule, the rule and the fix.
    """
    definitions: list[Definition] = []
    found: list[Failure] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and not path.name.startswith("."):
            try:
                definitions.append(read_definition(path))
            except UnreadableError as error:
                found += error.failures
    if not definitions and not found:
        found.append(Failure(str(folder), "a catalog has a folder for each template", "add one"))
    found += failures(definitions)
    if found:
        raise CatalogError(found)
    return Catalog(Template.of(definition) for definition in definitions)
