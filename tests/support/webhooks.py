"""What Meta would POST: envelopes and their items, as its documentation has them, and signed as it signs."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from partner_messages.webhook.events import StatusUpdate
from partner_messages.webhook.signature import sign
from support.deployment import TICK

NUMBER = "111000000000001"
WABA = "211000000000001"
SECRET = "an app secret"


def seconds(at: dt.datetime) -> str:
    """A time as Meta writes it."""
    return str(int(at.timestamp()))


def status_item(wamid: str = "wamid.A", status: str = "sent", at: dt.datetime = TICK, **more: Any) -> dict[str, Any]:
    """One of `statuses`; what Meta may leave out is left out unless it is given."""
    return {"id": wamid, "status": status, "timestamp": seconds(at), **more}


def text_item(wamid: str = "wamid.IN", body: str = "STOP", at: dt.datetime = TICK, **more: Any) -> dict[str, Any]:
    """One of `messages`: a text."""
    plain = {"from": "919829012345", "id": wamid, "timestamp": seconds(at), "type": "text", "text": {"body": body}}
    return {**plain, **more}


def messages_change(number: str = NUMBER, **value: Any) -> dict[str, Any]:
    """A change of the field `messages`, with these `statuses`, `messages` and `contacts`."""
    metadata = {"display_phone_number": "911234567890", "phone_number_id": number}
    return {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}


def envelope(*changes: dict[str, Any], waba_id: str = WABA, **entry: Any) -> bytes:
    """A body with these changes, in Meta's own spelling."""
    return encoded(
        {"object": "whatsapp_business_account", "entry": [{"id": waba_id, "changes": list(changes), **entry}]}
    )


def encoded(value: Any) -> bytes:
    """JSON as Meta writes it: what is not ASCII as `\\uXXXX`, and slashes with a backslash before them."""
    return json.dumps(value).replace("/", "\\/").encode()


def of_statuses(*items: dict[str, Any], number: str = NUMBER) -> bytes:
    """A body with these statuses."""
    return envelope(messages_change(number, statuses=list(items)))


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers with which Meta sends a body."""
    return {"Content-Type": "application/json", "X-Hub-Signature-256": sign(body, secret)}


def update(status: str = "sent", at: dt.datetime = TICK, **changes: Any) -> StatusUpdate:
    """A status of the message `wamid.A`."""
    plain: dict[str, Any] = {"phone_number_id": NUMBER, "wamid": "wamid.A", "status": status, "at": at}
    return StatusUpdate(**{**plain, **changes})
