"""Check a message with reply buttons (D/messages/interactive-reply-buttons-messages, OpenAPI ActionObject).

It is free-form, so it is delivered only within the 24-hour window.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.graph_api.errors import GraphError, invalid_parameter
from sandbox.graph_api.outbox import Content
from sandbox.graph_api.template_message import as_object, image_link

BODY_LENGTH = 1_024
HEADER_LENGTH = FOOTER_LENGTH = 60
TITLE_LENGTH = 20
ID_LENGTH = 256
MAX_BUTTONS = 3
KEYS = {"type", "header", "body", "footer", "action"}
HEADER_KEYS = {"text": {"type", "text"}, "image": {"type", "image"}}
OTHER_TYPES = {"list", "product", "product_list", "flow", "cta_url", "catalog_message", "location_request_message"}


def compose(interactive: object) -> Content:
    """Check the `interactive` object of a message, and return its content.

    Raises:
        GraphError: 100 for a wrong form; 131009 for a wrong length of a text, title or id, a wrong number of buttons,
        or equal titles or ids; 131051 for a type that this server does not support.
    """
    given = as_object(interactive, "interactive", KEYS)
    kind = given.get("type")
    if kind in OTHER_TYPES:
        raise GraphError(131051, f"Interactive messages of type {kind} are not supported by this local server.")
    if kind != "button":
        raise invalid_parameter(f"Param interactive['type'] must be one of {{BUTTON}} - got \"{kind}\".")
    body = as_object(given.get("body"), "interactive['body']", {"text"})
    text = _text(body.get("text"), "Body text", BODY_LENGTH)
    footer = None
    if given.get("footer") is not None:
        footer = _text(
            as_object(given["footer"], "interactive['footer']", {"text"}).get("text"), "Footer", FOOTER_LENGTH
        )
    return Content(text=text, header=_header(given.get("header")), footer=footer, buttons=_buttons(given.get("action")))


def _header(header: object) -> dict[str, str] | None:
    if header is None:
        return None
    kind = header.get("type") if isinstance(header, dict) else None
    if kind not in HEADER_KEYS:
        raise invalid_parameter(f"Param interactive['header']['type'] must be one of {{IMAGE, TEXT}} - got \"{kind}\".")
    given = as_object(header, "interactive['header']", HEADER_KEYS[str(kind)])
    if kind == "text":
        return {"type": "text", "text": _text(given.get("text"), "Header text", HEADER_LENGTH)}
    return {"type": "image", "link": image_link(given.get("image"), "interactive['header']['image']")}


def _buttons(action: object) -> tuple[dict[str, str], ...]:
    buttons = as_object(action, "interactive['action']", {"buttons"}).get("buttons")
    if not isinstance(buttons, list):
        raise invalid_parameter("The parameter interactive['action']['buttons'] is required.")
    if not 1 <= len(buttons) <= MAX_BUTTONS:
        raise GraphError(131009, f"Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: {MAX_BUTTONS}")
    shown = tuple(_button(button, place) for place, button in enumerate(buttons))
    for key, called in (("text", "title"), ("payload", "id")):
        if len({button[key] for button in shown}) < len(shown):
            raise GraphError(131009, f"Buttons must be unique: two of them have the same {called}")
    return shown


def _button(button: object, number: int) -> dict[str, str]:
    place = f"interactive['action']['buttons'][{number}]"
    given = as_object(button, place, {"type", "reply"})
    if given.get("type") != "reply":
        raise invalid_parameter(f"Param {place}['type'] must be one of {{REPLY}} - got \"{given.get('type')}\".")
    reply: Mapping[str, Any] = as_object(given.get("reply"), f"{place}['reply']", {"id", "title"})
    title = _text(reply.get("title"), "Button title", TITLE_LENGTH)
    name = _text(reply.get("id"), "Button id", ID_LENGTH)
    if name != name.strip():
        raise GraphError(131009, "Button id can't have leading or trailing spaces")
    return {"type": "REPLY", "text": title, "payload": name}


def _text(text: object, called: str, longest: int) -> str:
    if not isinstance(text, str):
        raise GraphError(131008, f"{called} is required")
    if not text.strip() or len(text) > longest:
        raise GraphError(131009, f"{called} length invalid. Min length: 1, Max length: {longest}")
    return text
