"""Parse Meta's JSON into the items of `events.py` (pure). No body raises an error, and no item is lost.

An item that cannot be parsed becomes `Unrecognised` with the reason; the items beside it are parsed all the same
(docs/reference/whatsapp-cloud-api.md, section 5).
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
from whatsapp_provider.masking import MAX_TEXT_LENGTH, plain

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

_DIGITS = re.compile(r"[1-9][0-9]{6,14}")
_FIRST_TIME, _END_TIME = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_FIRST_MILLISECONDS = 100_000_000_000
"""A timestamp from here on is in milliseconds (as seconds it would be the year 5138)."""
_PREFERENCES = {"stop": "stop", "resume": "resume", "signup": "resume"}
"""Meta's values of a preference: who signs up wants what who resumes wants."""
MAX_DIGITS = 40
"""Digits of a number that is an id or a time."""
MAX_ID_BYTES = 512
"""Bytes of an id or a name, so that several fit into one entry of a PostgreSQL index."""
MAX_UNRECOGNISED = LARGEST_BATCH
"""Unrecognised items that are kept one by one for a webhook; further ones are counted."""
_SIGN_RUN = re.compile(r"\W{20,}")
"""A long run of non-word characters, after which a shortened text would have no words. (Vowel signs count as such.)"""
_MAX_DEPTH = 8
"""Levels of nested objects and lists that are kept of an account update."""

Json = Mapping[str, Any]


class _InvalidItemError(ValueError):
    """A required field of an item is missing or invalid."""


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
    waba_id, at = _id(entry.get("id")) or "", _time(entry.get("time")) or received_at
    for change in entry["changes"]:
        if not isinstance(change, dict) or not isinstance(change.get("value"), dict):
            field = _text(change.get("field")) if isinstance(change, dict) else None
            yield Unrecognised(field, "a change has no value", None)
            continue
        yield from _items_of_change(_text(change.get("field")), change["value"], waba_id, at)


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
        except _InvalidItemError as odd:
            yield Unrecognised(field, str(odd), _time(item.get("timestamp")))


def _status(item: Json, value: Json) -> StatusUpdate:
    status = _required(item, "status").lower()
    if status not in STATUSES:
        raise _InvalidItemError(f"a status that is not known: {status[:40]}")
    recipient = _phone(item.get("recipient_id"))
    return StatusUpdate(
        phone_number_id=_phone_number_id(value),
        wamid=_required_id(item),
        status=status,
        at=_required_time(item),
        recipient=recipient,
        user_id=_id(item.get("recipient_user_id")) or _contact(value, item.get("recipient_id")).user_id,
        opaque=_id(item.get("biz_opaque_callback_data")),
        errors=tuple(_errors(item.get("errors"))),
        pricing=_pricing(item.get("pricing")),
    )


def _errors(errors: Any) -> Iterator[MetaError]:
    for error in errors if isinstance(errors, list) else ():
        if not isinstance(error, dict):
            continue
        code = _integer(error.get("code"))
        if code is None:
            continue
        data = error.get("error_data")
        # Sometimes it is a string, not an object.
        details = _text(data.get("details")) if isinstance(data, dict) else _text(data)
        yield MetaError(code, _text(error.get("title")), details or _text(error.get("message")))


def _pricing(pricing: Any) -> Pricing | None:
    if not isinstance(pricing, dict):
        return None
    billable = pricing.get("billable")
    return _price(
        _text(pricing.get("category")),
        billable if isinstance(billable, bool) else None,
        _text(pricing.get("type")),
        _text(pricing.get("pricing_model")),
    )


@functools.lru_cache(maxsize=256, typed=True)  # Most statuses of a webhook have one of a few prices.
def _price(*said: Any) -> Pricing | None:
    return Pricing(*said) if any(one is not None for one in said) else None


def _inbound(item: Json, value: Json) -> InboundMessage:
    edit = _object(item, "edit")
    told = _object(edit, "message") if edit else item
    kind = (_id(told.get("type")) or _id(item.get("type")) or "unsupported").lower()
    contact = _contact(value, item.get("from"))
    sender = _phone(item.get("from")) or contact.phone
    user_id = _id(item.get("from_user_id")) or _id(item.get("user_id")) or contact.user_id
    if sender is None and user_id is None:
        raise _InvalidItemError("a message that is from nobody")
    text, payload, of = _content(told, kind)
    return InboundMessage(
        phone_number_id=_phone_number_id(value),
        wamid=_required_id(item),
        sender=sender,
        user_id=user_id,
        kind=kind,
        text=text,
        payload=payload,
        context_wamid=of
        or _id(edit.get("original_message_id"))
        or _id(_object(item, "context").get("id"))
        or _id(_object(told, "context").get("id")),
        at=_required_time(item),
        profile_name=contact.profile_name,
        edited=bool(edit),
    )


def _content(item: Json, kind: str) -> tuple[str | None, str | None, str | None]:
    """The text, the payload, and Meta's id of the message that a reaction is about."""
    of_kind = _object(item, kind)
    match kind:
        case "text":
            return _text(of_kind.get("body")), None, None
        case "button":
            return _text(of_kind.get("text")), _id(of_kind.get("payload")), None
        case "interactive":
            reply = _object(of_kind, "button_reply") or _object(of_kind, "list_reply")
            return _text(reply.get("title")), _id(reply.get("id")), None
        case "reaction" | "revoke":
            of = _id(of_kind.get("message_id")) or _id(of_kind.get("original_message_id"))
            return _text(of_kind.get("emoji")), None, of
        case "system":
            return _text(of_kind.get("body")), None, None
    return _text(of_kind.get("caption")), None, None


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
    wanted = _text(phone)
    for one in listed:
        if wanted is not None and _text(one.get("wa_id")) == wanted:
            return _contact_of(one)
    # A person with a username may have no number; with several contacts it is unclear which one it is.
    is_theirs = len(listed) == 1 and (wanted is None or "wa_id" not in listed[0])
    return _contact_of(listed[0]) if is_theirs else _NO_CONTACT


def _contact_of(contact: Json) -> _Contact:
    name = _text(_object(contact, "profile").get("name"))
    return _Contact(_id(contact.get("user_id")), name, _phone(contact.get("wa_id")))


def _preference(item: Json, value: Json) -> PreferenceUpdate:
    said = _required(item, "value").lower()
    if said not in _PREFERENCES:
        raise _InvalidItemError(f"a preference that is not known: {said[:40]}")
    sender, user_id = _phone(item.get("wa_id")), _id(item.get("user_id"))
    if sender is None and user_id is None:
        raise _InvalidItemError("a preference of nobody")
    return PreferenceUpdate(
        phone_number_id=_phone_number_id(value),
        sender=sender,
        user_id=user_id,
        category=_required(item, "category").lower(),
        value=_PREFERENCES[said],
        at=_required_time(item),
    )


def _template(field: str, item: Json, waba_id: str, at: dt.datetime) -> TemplateUpdate:
    name, language = _id(item.get("message_template_name")), _id(item.get("message_template_language"))
    other, rejection = _object(item, "other_info"), _object(item, "rejection_info")
    reasons = (_text(item.get("reason")), _text(rejection.get("reason")), _text(other.get("description")))
    return TemplateUpdate(
        waba_id=waba_id,
        field=field,
        template_id=_id(item.get("message_template_id")),
        name=name,
        language=language and language.replace("-", "_"),
        event=_upper(item.get("event")),
        reason=next((reason for reason in reasons if reason and reason != "NONE"), None),
        category=_upper(item.get("new_category")) or _upper(item.get("message_template_category")),
        correct_category=_upper(item.get("correct_category")),
        quality=_upper(item.get("new_quality_score")),
        at=at,
    )


def _account(field: str, item: Json, waba_id: str, at: dt.datetime) -> AccountUpdate:
    events = (
        item.get("event"),
        item.get("alert_type"),
        _object(item, "alert_info").get("alert_type"),
        item.get("decision"),
    )
    number = _text(item.get("display_phone_number")) or _text(item.get("phone_number"))
    return AccountUpdate(
        waba_id=waba_id,
        field=field,
        event=next((_upper(event) for event in events if event), None),
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
    return value if isinstance(value, bool) or value is None else _text(value)


def _phone_number_id(value: Json) -> str:
    return _id(_object(value, "metadata").get("phone_number_id")) or ""


def _object(of: Json, key: str) -> Json:
    found = of.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    """A string, or an integer as a string: Meta sends ids in both forms."""
    if isinstance(value, str):
        if value.isascii() and value.isprintable() and len(value) <= MAX_TEXT_LENGTH:
            return value or None  # Most are, and nothing of them is changed.
        return plain(_SIGN_RUN.sub(" ", value) if len(value) > MAX_TEXT_LENGTH else value) or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _id(value: Any) -> str | None:
    """An id or a name; None if it is too long to be one."""
    text = _text(value)
    return text if text and (len(text) if text.isascii() else len(text.encode())) <= MAX_ID_BYTES else None


def _upper(value: Any) -> str | None:
    text = _text(value)
    return text.upper() if text else None


def _integer(value: Any) -> int | None:
    text = _text(value)
    # PostgreSQL's `integer`.
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else None


def _required(item: Json, key: str) -> str:
    found = _text(item.get(key))
    if found is None:
        raise _InvalidItemError(f'"{key}" is missing')
    return found


def _required_id(item: Json) -> str:
    found = _id(_required(item, "id"))
    if found is None:
        raise _InvalidItemError('"id" is too long and no id')
    return found


def _required_time(item: Json) -> dt.datetime:
    found = _time(item.get("timestamp"))
    if found is None:
        raise _InvalidItemError('"timestamp" is no time')
    return found


def _time(value: Any) -> dt.datetime | None:
    text = _text(value)
    return None if text is None else _moment(text)


@functools.lru_cache(maxsize=1_024)  # Most statuses of a webhook have one of a few timestamps.
def _moment(text: str) -> dt.datetime | None:
    if not re.fullmatch(r"[0-9]{1,16}", text, re.ASCII):
        return None
    seconds = int(text)
    if seconds >= _FIRST_MILLISECONDS:
        seconds //= 1000
    try:
        found = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if _FIRST_TIME <= found < _END_TIME else None


def _phone(value: Any) -> str | None:
    digits = (_text(value) or "").removeprefix("+")
    return f"+{digits}" if _DIGITS.fullmatch(digits) else None
