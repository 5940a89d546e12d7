"""The webhooks about messages: statuses, messages of partners, and their preferences (D/webhooks/reference).

By default they have every key that Meta may leave out (`webhook_changes.OPTIONAL_KEYS`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import phonenumbers

from sandbox.graph_api.accounts import Account
from sandbox.graph_api.inbound import Inbound
from sandbox.graph_api.outbox import Message, Status, StatusEvent
from sandbox.graph_api.webhook_changes import MESSAGES, Change, without

ERRORS_PAGE = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
# `pricing` is sent with `sent` and with the first of these two.
ARRIVED = (Status.DELIVERED, Status.READ)


@lru_cache(maxsize=65_536)
def user_id_of(number: str) -> str:
    """The business-scoped user id of a number.

    Args:
        number: E.164.
    """
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number)) or "ZZ"
    return f"{region}.{hashlib.sha256(number.encode()).hexdigest()[:20].upper()}"


def status_change(account: Account, message: Message, event: StatusEvent, leave_out: Collection[str]) -> Change:
    """The change for a status of a message."""
    number, user_id = message.to[1:], user_id_of(message.to)
    status: dict[str, Any] = {
        "id": message.id,
        "status": event.status.value,
        "timestamp": str(int(event.at)),
        "recipient_id": number,
        "recipient_user_id": user_id,
    }
    if message.biz_opaque_callback_data is not None:
        status["biz_opaque_callback_data"] = message.biz_opaque_callback_data
    value = _value(account)
    if event.error is not None:
        # A failed message to a phone number has neither contacts nor the user id (D/business-scoped-user-ids).
        del status["recipient_user_id"]
        status["errors"] = [{**event.error, "href": ERRORS_PAGE}]
    else:
        value["contacts"] = [{"wa_id": number, "user_id": user_id}]
        if _is_priced(message, event):
            category = (message.content.category or "service").lower()
            status["conversation"] = _conversation(message, event, category)
            status["pricing"] = {
                "billable": True,
                "pricing_model": "PMP",
                "type": "regular",
                "category": category,
            }
    value["statuses"] = [status]
    return Change(account.waba_id, MESSAGES, without(value, leave_out), event.at, account.phone_number_id, event)


def inbound_change(account: Account, note: Inbound, leave_out: Collection[str]) -> Change:
    """The change for a message of a partner."""
    number, user_id = note.sender[1:], note.user_id or user_id_of(note.sender)
    told: dict[str, Any] = {
        "from": number,
        "from_user_id": user_id,
        "id": note.id,
        "timestamp": str(int(note.received_at)),
    }
    if note.context is not None:
        told["context"] = {"from": account.display_phone_number[1:], "id": note.context}
    told |= {"type": note.kind, **note.content}
    value = _value(account)
    value["contacts"] = [{"profile": {"name": note.name}, "wa_id": number, "user_id": user_id}]
    value["messages"] = [told]
    hidden = ("from", "wa_id") if note.hides_number else ()
    value = without(value, {*leave_out, *hidden})
    if note.hides_number and note.context is not None and "context" not in leave_out:
        # The answered message was sent by the business, whose number is not hidden.
        value["messages"][0]["context"]["from"] = account.display_phone_number[1:]
    return Change(account.waba_id, MESSAGES, value, note.received_at, account.phone_number_id)


def preference_change(
    account: Account, number: str, wanted: str, at: float, leave_out: Collection[str], detail: str | None = None
) -> Change:
    """The change for a partner who stops (`stop`) or resumes (`resume`) marketing messages."""
    preference = {
        "wa_id": number[1:],
        "user_id": user_id_of(number),
        "detail": detail or f"User requested to {wanted} marketing messages",
        "category": "marketing_messages",
        "value": wanted,
        "timestamp": int(at),
    }
    value = _value(account)
    value["contacts"] = [{"profile": {"name": "A partner"}, "wa_id": number[1:], "user_id": user_id_of(number)}]
    value["user_preferences"] = [preference]
    return Change(account.waba_id, "user_preferences", without(value, leave_out), at, account.phone_number_id)


def _value(account: Account) -> dict[str, Any]:
    metadata = {
        "display_phone_number": account.display_phone_number[1:],
        "phone_number_id": account.phone_number_id,
    }
    return {"messaging_product": "whatsapp", "metadata": metadata}


def _is_priced(message: Message, event: StatusEvent) -> bool:
    earlier = [past.status for past in message.events if past is not event]
    return event.status is Status.SENT or (event.status in ARRIVED and not any(status in earlier for status in ARRIVED))


def _conversation(message: Message, event: StatusEvent, category: str) -> dict[str, Any]:
    """The key `conversation`, which only webhooks up to version 23 have; by default it is left out."""
    conversation: dict[str, Any] = {
        "id": hashlib.sha256(f"{message.phone_number_id}{message.to}".encode()).hexdigest()[:32],
        "origin": {"type": category},
    }
    if event.status is Status.SENT:
        conversation["expiration_timestamp"] = str(int(event.at) + 86_400)
    return conversation
