"""What differs between a template of the catalog and what an account has under its name and language."""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from partner_messages.templates.approvals.remote import RemoteTemplate, buttons_of, text_of
from partner_messages.templates.catalog.catalog import Template

_SHOWN, _SHOWN_BEFORE = 40, 12
"""Characters of two texts that show where they part, and how many of them are still the same."""
_ANY = "https://any.invalid"
"""Stands for what is needed to make a request and is not compared."""


class Part(enum.StrEnum):
    """What can differ, in words."""

    CATEGORY = "category"
    TIME_TO_LIVE = "time to live"
    HEADER = "header"
    BODY = "body"
    FOOTER = "footer"
    BUTTONS = "buttons"


COMPONENTS = (Part.HEADER, Part.BODY, Part.FOOTER, Part.BUTTONS)
"""The parts that Meta knows as components, which can only be replaced together."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not as in the catalog.

    Attributes:
        part: What it is.
        there: How the account has it, shortened.
        here: How the catalog has it, shortened.
    """

    part: Part
    there: str
    here: str

    def __str__(self) -> str:
        return f"{self.part}: {self.there} there, {self.here} here"


def differences(
    template: Template, language: str, remote: RemoteTemplate, *, portal_url: str | None = None
) -> tuple[Difference, ...]:
    """Compare what an account has with what would be created.

    Left out is what Meta does not give back as it got it: examples, the picture's handle, the order of keys. A template
    that states no time to live has no opinion on it.

    Args:
        template: The catalog's.
        language: One of its languages.
        remote: The account's.
        portal_url: The portal's base URL; where it is not known, the buttons' URLs are not compared.

    Raises:
        TemplateError: It has no such language, or the portal's URL is none.
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
        request = template.create_request(language, portal_url=portal_url or _ANY, header_handle=_ANY)
        with_urls = portal_url is not None
        wordings = _wording(remote.components, with_urls), _wording(request["components"], with_urls)
        for part in COMPONENTS:
            there, here = (wording[part] for wording in wordings)
            if there != here:
                yield Difference(part, *_where_they_part(there, here))


def _wording(components: Sequence[Mapping[str, Any]], with_urls: bool) -> dict[Part, str]:
    """Each component as one text that is the same where the components are."""
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
    # Two ways to write one letter of Hindi, or one end of a line, are no difference that anybody sees.
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def _where_they_part(there: str, here: str) -> tuple[str, str]:
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(there, here, strict=False)))
    start = max(0, same - _SHOWN_BEFORE)
    return _shown(there, start), _shown(here, start)


def _shown(text: str, start: int) -> str:
    if not text:
        return "none"
    before, after = "…" if start else "", "…" if len(text) > start + _SHOWN else ""
    return f'"{before}{" ".join(text[start : start + _SHOWN].split())}{after}"'
