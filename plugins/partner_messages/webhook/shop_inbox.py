"""Read partners' answers from the shop's inbox where no webhook delivers them (setting `status_source`).

Each new message is stored in `webhook_event` as a body in Meta's form, and then applied like a webhook: once, in order,
with the same result. The shop does not keep all that Meta sends:

| the shop keeps | so |
|---|---|
| when it stored a message, not Meta's time | that time is used |
| the conversation's number, as somebody typed it | of its possible readings, the one that we have written to is used |
| the label of a button, not its payload | an offered day is recognised by its label; other labels are words |
| the answered message, only if it is in its inbox | else it is the last message within 24 hours, as for a webhook |
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

LOOKBACK = dt.timedelta(days=7)
"""How far back the inbox is read: as long as Meta retries a webhook."""
_MEDIA_TYPES = ("image", "video", "audio")
"""Main MIME types that are Meta's message types too; any other file is a document."""


def store_answers_of_the_shop(connection: LogConnection, settings: Settings, now: dt.datetime) -> list[str]:
    """Store the messages of the shop's inbox that are not in the message log yet, one body for each.

    Args:
        connection: The message log, outside a transaction.
        settings: Nothing is done unless `status_source` is `shop`.
        now: The wall clock.

    Returns:
        Sentences for operations.
    """
    if settings.status_source != "shop":
        return []
    try:
        with open_shop(settings.tables) as shop:
            written = shop.written_to_us(since=now - LOOKBACK)
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
            offered_payload(connection, phone, one.content, context_wamid=one.context_wamid)
            if phone and one.message_type == "interactive"
            else None
        )
        store(connection, body_of(one, phone, payload), now)
    return []


def phone_of(message: InboxMessage, known: Sequence[str]) -> str | None:
    """The writer's phone (E.164): the reading of the typed number that the log knows, else the only reading."""
    found = readings_of_address(message.phone_number, message.country_code)
    met = next((phone for phone in known if any(is_same_phone(phone, one) for one in found)), None)
    return met or (found[0] if len(found) == 1 else None)


def body_of(message: InboxMessage, phone: str | None, payload: str | None) -> bytes:
    """The message in Meta's form; the same message always gives the same body."""
    item: dict[str, Any] = {
        "id": _id_of(message),
        "timestamp": str(int(message.at.timestamp())),
        **_content(message, payload),
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


def _content(message: InboxMessage, payload: str | None) -> Mapping[str, Any]:
    match message.message_type:
        case "interactive":
            reply = {"title": message.content, **({"id": payload} if payload else {})}
            return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}
        case "media":
            first = (message.mime_type or "").partition("/")[0]
            kind = first if first in _MEDIA_TYPES else "document"
            return {"type": kind, kind: {"caption": message.content}}
    return {"type": "text", "text": {"body": message.content}}
