"""The catalog: every template of a folder, checked, with its texts and requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from whatsapp_provider.ends import RepairNeeded
from whatsapp_provider.templates import meta_form, phrases
from whatsapp_provider.templates.cleaning import clean, whatsapp_length
from whatsapp_provider.templates.definition import (
    Definition,
    ImageHeader,
    TemplateError,
    TextHeader,
    Translation,
    UrlButton,
)
from whatsapp_provider.templates.reading import UnreadableError, read_definition
from whatsapp_provider.templates.render import fill, own_words
from whatsapp_provider.templates.rules import HEADER_LIMIT, Failure, failures, max_value_length


class CatalogError(RepairNeeded, ValueError):
    """The catalog breaks rules; the message has a line for each failure.

    Attributes:
        failures: The failures.
    """

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__("\n".join(map(str, failures)))
        self.failures = tuple(failures)


@dataclass(frozen=True)
class Template(Definition):
    """A definition that was checked."""

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
        """The example picture to upload before creating it; None without an IMAGE header."""
        return self.header.example if isinstance(self.header, ImageHeader) else None

    @property
    def needs_portal(self) -> bool:
        """Whether the portal's URL is needed to create it, for a URL button."""
        return bool(self.link_variables)

    @property
    def link_variables(self) -> tuple[str, ...]:
        """The variables of its URL buttons: the part after the path, made at the time of sending."""
        return tuple(button.variable for button in self.buttons if isinstance(button, UrlButton))

    @cached_property
    def parameter_count(self) -> int:
        """The number of parameters of a message: of body, header and buttons."""
        return len(self.variables) + len(self.other_variables) + isinstance(self.header, ImageHeader)

    @cached_property
    def _max_lengths(self) -> Mapping[str, int]:
        """The maximum length of each value, as `whatsapp_length` counts."""
        room = dict.fromkeys(self.variables, max_value_length(self))
        if isinstance(self.header, TextHeader) and self.header.variable:
            words = max(whatsapp_length(own_words(one.header or "")) for one in self.translations.values())
            room[self.header.variable] = HEADER_LIMIT - words
        return room

    def clean(self, values: Mapping[str, str]) -> dict[str, str]:
        """Clean values (`cleaning.clean`), so that the filled-in text is within Meta's limits.

        Args:
            values: A value for each of the template's variables; others are ignored. The values of URL buttons are not
                changed and may be missing, because a deep link is made at the time of sending.

        Raises:
            TemplateError: A value is missing.
        """
        for name in self._max_lengths:
            if name not in values:
                raise TemplateError(f'Template {self.name} has no value for its variable "{name}".')
        return {
            name: clean(values[name], longest=self._max_lengths.get(name))
            if name in self._max_lengths
            else values[name]
            for name in (*self._max_lengths, *self.other_variables)
            if name in values
        }

    def in_words(self, language: str, numbers: Mapping[str, int]) -> dict[str, str]:
        """The values of the variables that are phrases, in a language.

        Args:
            language: One of the template's languages.
            numbers: By the names in the definition's phrases; others are ignored.

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
        """The filled-in body.

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
        """The `components` of a message; see `meta_form.send_components`.

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
        """The request that creates it in one language; see `meta_form.create_request`.

        Raises:
            TemplateError: It has no such language, or the portal's URL or the picture's handle is missing.
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
        folder: It has a folder for each template; files and hidden folders are ignored.

    Raises:
        CatalogError: With file, rule and fix of every failure.
    """
    definitions: list[Definition] = []
    found: list[Failure] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and not path.name.startswith("."):
            try:
                definitions.append(read_definition(path))
            except UnreadableError as error:
                found += error.failures
    if not folder.is_dir():
        found.append(Failure(str(folder), "there is no such folder", "name a folder that is there"))
    elif not definitions and not found:
        found.append(Failure(str(folder), "a catalog has a folder for each template", "add one"))
    found += failures(definitions)
    if found:
        raise CatalogError(found)
    return Catalog(Template.of(definition) for definition in definitions)
