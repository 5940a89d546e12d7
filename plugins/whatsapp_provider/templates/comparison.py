"""Compare a template of the catalog with the account's template of the same name and language."""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from whatsapp_provider.templates.catalog import Template
from whatsapp_provider.templates.remote import RemoteTemplate, buttons_of, text_of

_EXCERPT_LENGTH, _SAME_LENGTH = 40, 12
"""Characters of an excerpt that shows a difference, and how many of them come before the difference."""
_PLACEHOLDER = "https://any.invalid"
"""For URLs that a request needs and that are not compared."""


class Part(enum.StrEnum):
    """The parts that can differ."""

    CATEGORY = "category"
    TIME_TO_LIVE = "time to live"
    HEADER = "header"
    BODY = "body"
    FOOTER = "footer"
    BUTTONS = "buttons"


COMPONENTS = (Part.HEADER, Part.BODY, Part.FOOTER, Part.BUTTONS)
"""The parts that are components at Meta, which can only be replaced together."""


@dataclass(frozen=True)
class Difference:
    """A difference from the catalog.

    Attributes:
        part: The part.
        there: The account's value, shortened.
        here: The catalog's value, shortened.
    """

    part: Part
    there: str
    here: str

    def __str__(self) -> str:
        return f"{self.part}: {self.there} there, {self.here} here"


def differences(
    template: Template, language: str, remote: RemoteTemplate, *, portal_url: str | None = None
) -> tuple[Difference, ...]:
    """Compare the account's template with the one that would be created.

    Not compared are examples, the picture's handle and the order of keys, which Meta changes, and a time to live that
    the catalog does not set.

    Args:
        template: The catalog's template.
        language: One of its languages.
        remote: The account's template.
        portal_url: The portal's base URL; if it is None, the buttons' URLs are not compared.

    Raises:
        TemplateError: It has no such language, or the portal's URL is invalid.
    """
    return tuple(_differences(template, language, remote, portal_url))


def _differences(
    template: Template, language: str, remote: RemoteTemplate, portal_url: str | None
) -> Iterator[Difference]:
    if remote.category and remote.category != template.category:
        yield Difference(Part.CATEGORY, remote.category, template.category)
    if template.ttl_seconds not in (None, remote.ttl_seconds):
        there = "Meta's default" if remote.ttl_seconds is None else f"{remote.ttl_seconds} s"
        yield Difference(Part.TIME_TO_LIVE, there, f"{template.ttl_seconds} s")
    if remote.components:
        request = template.create_request(language, portal_url=portal_url or _PLACEHOLDER, header_handle=_PLACEHOLDER)
        with_urls = portal_url is not None
        wordings = _component_texts(remote.components, with_urls), _component_texts(request["components"], with_urls)
        for part in COMPONENTS:
            there, here = (wording[part] for wording in wordings)
            if there != here:
                yield Difference(part, *_excerpts(there, here))


def _component_texts(components: Sequence[Mapping[str, Any]], with_urls: bool) -> dict[Part, str]:
    """Each component as one text, for comparison."""
    found = dict.fromkeys(COMPONENTS, "")
    for component in components:
        text = text_of(component, "text")
        match text_of(component, "type").upper():
            case "HEADER":
                found[Part.HEADER] = f"{text_of(component, 'format').upper()} {text}"
            case "BODY":
                found[Part.BODY] = text
            case "FOOTER":
                found[Part.FOOTER] = text
            case "BUTTONS":
                found[Part.BUTTONS] = ", ".join(_button(one, with_urls) for one in buttons_of(component))
    return {part: _normalised(text) for part, text in found.items()}


def _button(button: Mapping[str, Any], with_urls: bool) -> str:
    keys = ("text", "url") if with_urls else ("text",)
    return " ".join([text_of(button, "type").upper(), *filter(None, (text_of(button, key) for key in keys))])


def _normalised(text: str) -> str:
    # Ignore differences that nobody sees: two encodings of a Hindi letter, or of a line end.
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def _excerpts(there: str, here: str) -> tuple[str, str]:
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(there, here, strict=False)))
    start = max(0, same - _SAME_LENGTH)
    return _excerpt(there, start), _excerpt(here, start)


def _excerpt(text: str, start: int) -> str:
    if not text:
        return "none"
    before, after = "…" if start else "", "…" if len(text) > start + _EXCERPT_LENGTH else ""
    return f'"{before}{" ".join(text[start : start + _EXCERPT_LENGTH].split())}{after}"'
