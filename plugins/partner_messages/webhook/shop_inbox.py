"""What partners answer, where no webhook says it: the shop's own inbox is read, and taken as Meta would have said it.

Each message that is new becomes a row of `webhook_event`, in Meta's own form, so whatever is done with a webhook's
messages is done with it: once, in their order, with the same result. What the shop does not keep is made up for.

| it keeps | so |
|---|---|
| when it wrote a message down, not Meta's time | that is when it was said |
| the number of the conversation, as it was typed | it is the one of its readings that we have written to |
| the label of a button, not what it says | a day that we have offered is known by its label; the others are words |
| which message is answered, if that one is in its inbox | else it is the last one within 24 hours, as ever |
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from partner_messages.config.settings import Settings, SettingsError
from partner_messages.message_log.answers import answers_known, offered_payload
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.preferences import phones_of_partner
from partner_messages.recipients.people import InboxMessage
from partner_messages.recipients.phone import readings_of_address
from partner_messages.recipients.spelling import is_same_phone
from partner_messages.shop.shop import ShopError, open_shop
from partner_messages.webhook.parsing import OBJECT
from partner_messages.webhook.store import store

LOOK_BACK = dt.timedelta(days=7)
"""How far back the inbox is read: as long as Meta repeats a webhook that nobody took."""
_KINDS = ("image", "video", "audio")
"""The first part of a MIME type that is Meta's type as well; any other file is a document."""


def store_answers_of_the_shop(connection: LogConnection, settings: Settings, now: dt.datetime) -> list[str]:
    """Store what partners have written to the shop and is not known yet, one body for each message.

    Args:
        connection: The message log, outside a transaction.
        settings: `status_source` says whether the shop is asked at all.
        now: The wall clock.

    Returns:
        What operations are to be told, in sentences.
    """
    if settings.status_source != "shop":
        return []
    try:
        with open_shop(settings.tables) as shop:
            written = shop.written_to_us(since=now - LOOK_BACK)
    except (ShopError, SettingsError) as error:
        return [f"Answers were not looked up (status_source shop): {error}"]
    known = answers_known(connection, [_id_of(one) for one in written])
    phones: dict[str, Sequence[str]] = {}
    for one in written:
        if _id_of(one) in known:
            continue
        if one.partner_id not in phones:
            phones[one.partner_id] = phones_of_partner(connection, one.partner_id)
        phone = phone_of(one, phones[one.partner_id])
        payload = (
            offered_payload(connection, phone, one.content) if phone and one.message_type == "interactive" else None
        )
        store(connection, body_of(one, phone, payload), now)
    return []


def phone_of(message: InboxMessage, known: Sequence[str]) -> str | None:
    """Whose message it is: the number that we have written to or heard from, else the only one that it may be."""
    found = readings_of_address(message.phone_number, message.country_code)
    met = next((phone for phone in known if any(is_same_phone(phone, one) for one in found)), None)
    return met or (found[0] if len(found) == 1 else None)


def body_of(message: InboxMessage, phone: str | None, payload: str | None) -> bytes:
    """The message as Meta would have sent it; of the same message always the same."""
    item: dict[str, Any] = {
        "id": _id_of(message),
        "timestamp": str(int(message.at.timestamp())),
        **_said(message, payload),
    }
    if phone:
        item["from"] = phone.removeprefix("+")
    if message.context_wamid:
        item["context"] = {"id": message.context_wamid}
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": ""}, "messages": [item]}
    changes = [{"field": "messages", "value": value}]
    return json.dumps({"object": OBJECT, "from_inbox_of": "shop", "entry": [{"id": "", "changes": changes}]}).encode()


def _id_of(message: InboxMessage) -> str:
    return message.wamid or f"shop:{message.id}"


def _said(message: InboxMessage, payload: str | None) -> Mapping[str, Any]:
    match message.message_type:
        case "interactive":
            reply = {"title": message.content, **({"id": payload} if payload else {})}
            return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}
        case "media":
            first = (message.mime_type or "").partition("/")[0]
            kind = first if first in _KINDS else "document"
            return {"type": kind, kind: {"caption": message.content}}
    return {"type": "text", "text": {"body": message.content}}
