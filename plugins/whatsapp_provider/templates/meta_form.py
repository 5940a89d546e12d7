"""A template in Meta's form: the request that creates it, and the components of a message.

Meta's variables are numbers. They follow the definition's order, not the order in a language's text: Hindi has
"{{5}} में से {{4}}". The variables of the header and of each button are numbered separately.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from whatsapp_provider.templates.definition import (
    Definition,
    ImageHeader,
    TemplateError,
    TextHeader,
    Translation,
    UrlButton,
)
from whatsapp_provider.templates.render import fill

_URL_LIMIT = 2000
_PORTAL_URL = re.compile(r"https?://[^\s/{}?#]+[^\s{}?#]*")
_SAFE_IN_SUFFIX = "/?&=%"
"""Characters that are not percent-encoded at the end of a button's URL."""
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
"""A percent sign that is no percent-encoding."""


def create_request(
    definition: Definition, language: str, *, portal_url: str | None = None, header_handle: str | None = None
) -> dict[str, Any]:
    """The body of `POST /{waba}/message_templates` for one language.

    Args:
        definition: The template.
        language: One of its languages.
        portal_url: The portal's base URL; needed for URL buttons.
        header_handle: The handle of the uploaded example picture; needed for an IMAGE header.

    Raises:
        TemplateError: One of the two is missing, or the URL is invalid or too long.
    """
    translation = definition.translations[language]
    components = [
        *_create_header(definition, translation, header_handle),
        _create_text("BODY", translation.body, definition.variables, translation.examples),
        *([{"type": "FOOTER", "text": numbered(translation.footer, ())}] if translation.footer else []),
        *_create_buttons(definition, translation, portal_url),
    ]
    request: dict[str, Any] = {
        "name": definition.name,
        "category": definition.category,
        "language": language,
        "components": components,
    }
    if definition.ttl_seconds is not None:
        request["message_send_ttl_seconds"] = definition.ttl_seconds
    return request


def numbered(source: str, variables: Iterable[str]) -> str:
    """A text with Meta's numbers in place of the names, numbered in the given order."""
    names = dict.fromkeys(variables)
    return fill(source, {name: f"{{{{{number}}}}}" for number, name in enumerate(names, start=1)})


def _create_text(kind: str, source: str, variables: Sequence[str], examples: Mapping[str, str]) -> dict[str, Any]:
    component: dict[str, Any] = {"type": kind, "text": numbered(source, variables)}
    if variables:
        values = [examples[name] for name in variables]
        component["example"] = {"body_text": [values]} if kind == "BODY" else {"header_text": values}
    return component


def _create_header(definition: Definition, translation: Translation, header_handle: str | None) -> list[dict[str, Any]]:
    match definition.header:
        case TextHeader(variable=variable):
            variables = (variable,) if variable else ()
            text = _create_text("HEADER", translation.header or "", variables, translation.examples)
            return [{**text, "format": "TEXT"}]
        case ImageHeader():
            if not header_handle:
                raise TemplateError(f"{definition.file}: the handle of the uploaded example picture is missing.")
            return [{"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [header_handle]}}]
    return []


def _create_buttons(definition: Definition, translation: Translation, portal_url: str | None) -> list[dict[str, Any]]:
    buttons: list[dict[str, Any]] = []
    for button, label in zip(definition.buttons, translation.buttons, strict=True):
        if isinstance(button, UrlButton):
            if not portal_url:
                raise TemplateError(
                    f"{definition.file}: its URL button needs the host of the connection partner_portal (or --url)."
                )
            if not _PORTAL_URL.fullmatch(portal_url):
                raise TemplateError(
                    f"{definition.file}: its URL button needs a web address as the host of the connection"
                    ' partner_portal, such as "https://partners.example".'
                )
            base = f"{portal_url.rstrip('/')}{button.path}"
            url, example = f"{base}{{{{1}}}}", base + url_suffix(translation.examples[button.variable])
            if max(len(url), len(example)) > _URL_LIMIT:
                raise TemplateError(
                    f"{definition.file}: a button's URL is over {_URL_LIMIT} characters; shorten its path."
                )
            buttons.append({"type": "URL", "text": label, "url": url, "example": [example]})
        else:
            buttons.append({"type": "QUICK_REPLY", "text": label})
    return [{"type": "BUTTONS", "buttons": buttons}] if buttons else []


def send_components(
    definition: Definition,
    values: Mapping[str, str],
    *,
    image_link: str | None = None,
    payloads: Mapping[str, str] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """The `components` of a message that uses the template.

    Args:
        definition: The template.
        values: A value for each variable, cleaned; for a URL button the part after its path.
        image_link: The https URL of the picture of an IMAGE header.
        payloads: The payload of each quick reply, by its `says`; without one, Meta sends the label.

    Raises:
        TemplateError: The picture is missing.
    """
    components: list[dict[str, Any]] = []
    match definition.header:
        case ImageHeader():
            if not image_link:
                raise TemplateError(f"Template {definition.name} needs a picture for its header.")
            components.append({"type": "header", "parameters": [{"type": "image", "image": {"link": image_link}}]})
        case TextHeader(variable=str(variable)):
            components.append({"type": "header", "parameters": [_text(values[variable])]})
    if definition.variables:
        components.append({"type": "body", "parameters": [_text(values[name]) for name in definition.variables]})
    for index, button in enumerate(definition.buttons):
        if isinstance(button, UrlButton):
            suffix = url_suffix(values[button.variable])
            components.append({"type": "button", "sub_type": "url", "index": str(index), "parameters": [_text(suffix)]})
        elif button.says and (payload := payloads.get(button.says)):
            said = [{"type": "payload", "payload": payload}]
            components.append({"type": "button", "sub_type": "quick_reply", "index": str(index), "parameters": said})
    return components


def _text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def url_suffix(value: str) -> str:
    """The end of a button's URL, percent-encoded."""
    return _LONE_PERCENT.sub("%25", quote(value, safe=_SAFE_IN_SUFFIX))
