"""The request that carries one message (Cloud API, `POST /{phone_number_id}/messages`; pure)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from partner_messages.messages.values import Claimed, Message
from partner_messages.recipients import taps
from partner_messages.recipients.deeplink import Portal, bare_suffix
from whatsapp_provider.masking import mask
from whatsapp_provider.templates.catalog import Template

_MOST_BUTTONS = 3
"""Of a reply (Meta)."""


def template_message(message: Claimed | Message, template: Template, *, link_suffix: str) -> dict[str, Any]:
    """Build the request for a template message.

    Args:
        message: Its row.
        template: The one that the row names.
        link_suffix: What follows the path of its URL buttons; it is never part of the row.
    """
    values = {**message.variables, **dict.fromkeys(template.link_variables, link_suffix)}
    return _envelope(message) | {
        "type": "template",
        "template": {
            "name": template.name,
            "language": {"policy": "deterministic", "code": message.language},
            "components": template.send_components(values, image_link=message.image_url, payloads=_payloads(message)),
        },
    }


def free_form_message(message: Claimed | Message, portal: Portal, *, link_suffix: str) -> dict[str, Any]:
    """Build the request for a follow-up: a picture with a caption, or a text; the link stands below either."""
    said = f"{message.variables['caption']}\n{portal.link(link_suffix)}"
    if message.image_url:
        return _envelope(message) | {"type": "image", "image": {"link": message.image_url, "caption": said}}
    return _envelope(message) | {"type": "text", "text": {"body": said, "preview_url": False}}


def link_suffix(message: Claimed | Message, portal: Portal, *, now: dt.datetime) -> str:
    """The end of the link into the portal, which signs the partner in; a redirected message's link has no token.

    It opens the message's run; of several, the one that the message names.
    """
    run_id = message.production_run_id or message.variables.get("run_id", "")
    if message.delivery == "live":
        return portal.suffix(run_id, message.partner_id, now=now)
    return bare_suffix(run_id)


def reply_message(message: Claimed | Message) -> dict[str, Any]:
    """Build the request for a reply: a text, or a text with up to three buttons."""
    body = {"body": message.variables["body"]}
    buttons = [
        {
            "type": "reply",
            "reply": {
                "id": message.variables[f"button_{number}_id"],
                "title": message.variables[f"button_{number}_title"],
            },
        }
        for number in range(1, _MOST_BUTTONS + 1)
        if f"button_{number}_id" in message.variables
    ]
    if not buttons:
        return _envelope(message) | {"type": "text", "text": {**body, "preview_url": False}}
    interactive = {"type": "button", "body": {"text": message.variables["body"]}, "action": {"buttons": buttons}}
    return _envelope(message) | {"type": "interactive", "interactive": interactive}


def _payloads(message: Claimed | Message) -> dict[str, str]:
    return {"help": taps.help_payload(message.id), "later": taps.later_payload(message.id)}


def _envelope(message: Claimed | Message) -> dict[str, Any]:
    # The row's id comes back in every status, so a message whose answer was lost can still be settled later. It is no
    # idempotency key; Meta has none.
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.to_phone,
        "biz_opaque_callback_data": str(message.id),
    }


def no_request(error: Exception) -> str:
    """What the message log says of a row that cannot become a request."""
    return mask(f"No request could be built: {error}")
