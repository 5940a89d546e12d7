"""The request that carries one message (Cloud API, `POST /{phone_number_id}/messages`; pure)."""

from __future__ import annotations

from typing import Any

from partner_messages.messages.values import Claimed, Message
from partner_messages.recipients.masking import mask
from partner_messages.templates.catalog import Template


def template_message(message: Claimed | Message, template: Template) -> dict[str, Any]:
    """Build the request for a template message.

    The row's id travels as `biz_opaque_callback_data`: Meta echoes it in every status, so a message whose answer was
    lost can still be settled later. It is no idempotency key; Meta has none.
    """
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.to_phone,
        "type": "template",
        "biz_opaque_callback_data": str(message.id),
        "template": {
            "name": template.name,
            "language": {"policy": "deterministic", "code": message.language},
            "components": template.send_components(message.variables),
        },
    }


def no_request(error: Exception) -> str:
    """What the message log says of a row that cannot become a request."""
    return mask(f"No request could be built: {error}")
