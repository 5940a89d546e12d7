"""Parse Meta's JSON into the items of `events.py` (pure). No body raises an error, and no item is lost.

An item that cannot be parsed becomes `Unrecognised` with the reason; the items beside it are parsed all the same
(docs/reference/whatsapp-cloud-api.md, section 5).
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from partner_messages.webhook.events import (
    LARGEST_BATCH,
    AccountUpdate,
    InboundMessage,
    Item,
    MetaError,
    PreferenceUpdate,
    Pricing,
    StatusUpdate,
    TemplateUpdate,
    Unrecognised,
)
from partner_messages.webhook.fields import (
    InvalidItemError,
    Json,
    id_of,
    integer_of,
    object_of,
    phone_of,
    required,
    required_id,
    required_time,
    text_of,
    time_of,
    upper_of,
)
from whatsapp_provider.masking import plain

OBJECT = "whatsapp_business_account"
STATUSES = frozenset({"sent", "delivered", "read", "played", "failed"})
TEMPLATE_FIELDS = frozenset(
    {
        "message_template_status_update",
        "template_category_update",
        "message_template_quality_update",
        "message_template_components_update",
    }
)
ACCOUNT_FIELDS = frozenset(
    {
        *("account_update", "account_alerts", "account_review_update", "business_capability_update"),
        *("phone_number_quality_update", "phone_number_name_update"),
    }
)

_PREFERENCES = {"stop": "stop", "resume": "resume", "signup": "resume"}
"""Meta's values of a preference: who signs up wants what who resumes wants."""
MAX_DIGITS = 40
"""Digits of a number that is an id or a time."""
MAX_UNRECOGNISED = LARGEST_BATCH
"""Unrecognised items that are kept one by one for a webhook; further ones are counted."""
_MAX_DEPTH = 8
"""Levels of nested objects and lists that are kept of an account update."""


def parse(body: bytes, received_at: dt.datetime) -> list[Item]:
    """Every item of a webhook, in order.

    Args:
        body: The body as received.
        received_at: When it was received; the time of items without one.
    """
    try:
        envelope = json.loads(body, parse_int=_parse_integer)
    except (ValueError, RecursionError):
        return [Unrecognised(None, "the body is not JSON", None)]
    if not isinstance(envelope, dict) or not isinstance(envelope.get("entry"), list):
        return [Unrecognised(None, "the body is no envelope: it has no list of entries", None)]
    if envelope.get("object") != OBJECT:
        return [Unrecognised(None, f"its object is not {OBJECT}", None)]
    found = _limit_unrecognised(item for entry in envelope["entry"] for item in _items_of_entry(entry, received_at))
    return found or [Unrecognised(None, "the envelope is empty", None)]


def _limit_unrecognised(items: Iterable[Item]) -> list[Item]:
    """The items with at most `MAX_UNRECOGNISED` unrecognised ones, and one more item that counts the rest."""
    found, unread = list[Item](), 0
    for item in items:
        unread += isinstance(item, Unrecognised)
        if unread <= MAX_UNRECOGNISED or not isinstance(item, Unrecognised):
            found.append(item)
    more = unread - MAX_UNRECOGNISED
    return [*found, Unrecognised(None, "more that cannot be read", None, more)] if more > 0 else found


def _parse_integer(digits: str) -> int | None:
    """A number; None if it has so many digits that `int` would raise and the whole body be lost."""
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _items_of_entry(entry: Any, received_at: dt.datetime) -> Iterator[Item]:
    if not isinstance(entry, dict) or not isinstance(entry.get("changes"), list):
        yield Unrecognised(None, "an entry has no list of changes", None)
        return
    waba_id, at = id_of(entry.get("id")) or "", time_of(entry.get("time")) or received_at
    for change in entry["changes"]:
        if not isinstance(change, dict) or not isinstance(change.get("value"), dict):
            field = text_of(change.get("field")) if isinstance(change, dict) else None
            yield Unrecognised(field, "a change has no value", None)
            continue
        yield from _items_of_change(text_of(change.get("field")), change["value"], waba_id, at)


def _items_of_change(field: str | None, value: Json, waba_id: str, at: dt.datetime) -> Iterator[Item]:
    if field == "messages":
        yield from _items_of_messages(value)
    elif field == "user_preferences":
        yield from _read_each(field, value.get("user_preferences"), lambda one: _preference(one, value))
    elif field in TEMPLATE_FIELDS:
        yield from _read_each(field, [value], lambda one: _template(field, one, waba_id, at))
    elif field in ACCOUNT_FIELDS:
        yield from _read_each(field, [value], lambda one: _account(field, one, waba_id, at))
    else:
        yield Unrecognised(field, "a field that is not read", at)


def _items_of_messages(value: Json) -> Iterator[Item]:
    if "statuses" in value:
        yield from _read_each("messages", value["statuses"], lambda one: _status(one, value))
    if "messages" in value:
        yield from _read_each("messages", value["messages"], lambda one: _inbound(one, value))
    for error in _errors(value.get("errors")):
        yield Unrecognised("messages", f"Meta says {error.code} {error.title or error.details or ''}".rstrip(), None)
    if not {"statuses", "messages", "errors"} & value.keys():
        yield Unrecognised("messages", "neither statuses nor messages", None)


def _read_each(field: str, items: Any, read: Callable[[Json], Item]) -> Iterator[Item]:
    if not isinstance(items, list):
        yield Unrecognised(field, "what should be a list is none", None)
        return
    for item in items:
        if not isinstance(item, dict):
            yield Unrecognised(field, "an item is no object", None)
            continue
        try:
            yield read(item)
        except InvalidItemError as odd:
            yield Unrecognised(field, str(odd), time_of(item.get("timestamp")))


def _status(item: Json, value: Json) -> StatusUpdate:
    status = required(item, "status").lower()
    if status not in STATUSES:
        raise InvalidItemError(f"a status that is not known: {status[:40]}")
    recipient = phone_of(item.get("recipient_id"))
    return StatusUpdate(
        phone_number_id=_phone_number_id(value),
        wamid=required_id(item),
        status=status,
        at=required_time(item),
        recipient=recipient,
        user_id=id_of(item.get("recipient_user_id")) or _contact(value, item.get("recipient_id")).user_id,
        opaque=id_of(item.get("biz_opaque_callback_data")),
        errors=tuple(_errors(item.get("errors"))),
        pricing=_pricing(item.get("pricing")),
    )


def _errors(errors: Any) -> Iterator[MetaError]:
    for error in errors if isinstance(errors, list) else ():
        if not isinstance(error, dict):
            continue
        code = integer_of(error.get("code"))
        if code is None:
            continue
        data = error.get("error_data")
        # Sometimes it is a string, not an object.
        details = text_of(data.get("details")) if isinstance(data, dict) else text_of(data)
        yield MetaError(code, text_of(error.get("title")), details or text_of(error.get("message")))


def _pricing(pricing: Any) -> Pricing | None:
    if not isinstance(pricing, dict):
        return None
    billable = pricing.get("billable")
    return _price(
        text_of(pricing.get("category")),
        billable if isinstance(billable, bool) else None,
        text_of(pricing.get("type")),
        text_of(pricing.get("pricing_model")),
    )


@functools.lru_cache(maxsize=256, typed=True)  # Most statuses of a webhook have one of a few prices.
def _price(*said: Any) -> Pricing | None:
    return Pricing(*said) if any(one is not None for one in said) else None


def _inbound(item: Json, value: Json) -> InboundMessage:
    edit = object_of(item, "edit")
    told = object_of(edit, "message") if edit else item
    kind = (id_of(told.get("type")) or id_of(item.get("type")) or "unsupported").lower()
    contact = _contact(value, item.get("from"))
    sender = phone_of(item.get("from")) or contact.phone
    user_id = id_of(item.get("from_user_id")) or id_of(item.get("user_id")) or contact.user_id
    if sender is None and user_id is None:
        raise InvalidItemError("a message that is from nobody")
    text, payload, of = _content(told, kind)
    return InboundMessage(
        phone_number_id=_phone_number_id(value),
        wamid=required_id(item),
        sender=sender,
        user_id=user_id,
        kind=kind,
        text=text,
        payload=payload,
        context_wamid=of
        or id_of(edit.get("original_message_id"))
        or id_of(object_of(item, "context").get("id"))
        or id_of(object_of(told, "context").get("id")),
        at=required_time(item),
        profile_name=contact.profile_name,
        edited=bool(edit),
    )


def _content(item: Json, kind: str) -> tuple[str | None, str | None, str | None]:
    """The text, the payload, and Meta's id of the message that a reaction is about."""
    of_kind = object_of(item, kind)
    match kind:
        case "text":
            return text_of(of_kind.get("body")), None, None
        case "button":
            return text_of(of_kind.get("text")), id_of(of_kind.get("payload")), None
        case "interactive":
            reply = object_of(of_kind, "button_reply") or object_of(of_kind, "list_reply")
            return text_of(reply.get("title")), id_of(reply.get("id")), None
        case "reaction" | "revoke":
            of = id_of(of_kind.get("message_id")) or id_of(of_kind.get("original_message_id"))
            return text_of(of_kind.get("emoji")), None, of
        case "system":
            return text_of(of_kind.get("body")), None, None
    return text_of(of_kind.get("caption")), None, None


class _Contact(NamedTuple):
    """The contact that a webhook has beside a message; each field may be missing."""

    user_id: str | None = None
    profile_name: str | None = None
    phone: str | None = None


_NO_CONTACT = _Contact()


def _contact(value: Json, phone: Any) -> _Contact:
    contacts = value.get("contacts")
    if not isinstance(contacts, list):
        return _NO_CONTACT
    listed = [one for one in contacts if isinstance(one, dict)]
    wanted = text_of(phone)
    for one in listed:
        if wanted is not None and text_of(one.get("wa_id")) == wanted:
            return _contact_of(one)
    # A person with a username may have no number; with several contacts it is unclear which one it is.
    is_theirs = len(listed) == 1 and (wanted is None or "wa_id" not in listed[0])
    return _contact_of(listed[0]) if is_theirs else _NO_CONTACT


def _contact_of(contact: Json) -> _Contact:
    name = text_of(object_of(contact, "profile").get("name"))
    return _Contact(id_of(contact.get("user_id")), name, phone_of(contact.get("wa_id")))


def _preference(item: Json, value: Json) -> PreferenceUpdate:
    said = required(item, "value").lower()
    if said not in _PREFERENCES:
        raise InvalidItemError(f"a preference that is not known: {said[:40]}")
    sender, user_id = phone_of(item.get("wa_id")), id_of(item.get("user_id"))
    if sender is None and user_id is None:
        raise InvalidItemError("a preference of nobody")
    return PreferenceUpdate(
        phone_number_id=_phone_number_id(value),
        sender=sender,
        user_id=user_id,
        category=required(item, "category").lower(),
        value=_PREFERENCES[said],
        at=required_time(item),
    )


def _template(field: str, item: Json, waba_id: str, at: dt.datetime) -> TemplateUpdate:
    name, language = id_of(item.get("message_template_name")), id_of(item.get("message_template_language"))
    other, rejection = object_of(item, "other_info"), object_of(item, "rejection_info")
    reasons = (text_of(item.get("reason")), text_of(rejection.get("reason")), text_of(other.get("description")))
    return TemplateUpdate(
        waba_id=waba_id,
        field=field,
        template_id=id_of(item.get("message_template_id")),
        name=name,
        language=language and language.replace("-", "_"),
        event=upper_of(item.get("event")),
        reason=next((reason for reason in reasons if reason and reason != "NONE"), None),
        category=upper_of(item.get("new_category")) or upper_of(item.get("message_template_category")),
        correct_category=upper_of(item.get("correct_category")),
        quality=upper_of(item.get("new_quality_score")),
        at=at,
    )


def _account(field: str, item: Json, waba_id: str, at: dt.datetime) -> AccountUpdate:
    events = (
        item.get("event"),
        item.get("alert_type"),
        object_of(item, "alert_info").get("alert_type"),
        item.get("decision"),
    )
    number = text_of(item.get("display_phone_number")) or text_of(item.get("phone_number"))
    return AccountUpdate(
        waba_id=waba_id,
        field=field,
        event=next((upper_of(event) for event in events if event), None),
        phone_number=number,
        detail=_storable(item, _MAX_DEPTH),
        at=at,
    )


def _storable(value: Any, deeper: int) -> Any:
    """The value without what PostgreSQL cannot store, cut off below a number of levels."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict) and deeper:
        return {plain(key): _storable(one, deeper - 1) for key, one in value.items()}
    if isinstance(value, list) and deeper:
        return [_storable(one, deeper - 1) for one in value]
    return value if isinstance(value, bool) or value is None else text_of(value)


def _phone_number_id(value: Json) -> str:
    return id_of(object_of(value, "metadata").get("phone_number_id")) or ""
