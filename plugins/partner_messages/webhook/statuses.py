"""What Meta's statuses make of a message (pure): in whatever order, however often and in whatever batches they come.

A row keeps the earliest time at which Meta says each state was reached (`…_at_meta`). How it stands follows from those
times and from what we knew ourselves, so that the order of arrival decides nothing (docs/lifecycle.md).

| case | what follows |
|---|---|
| `sent` < `delivered` < `read`; `played` is `read` | the furthest counts; a late `sent` undoes nothing |
| `read` without `delivered` | `delivered_at` is `read_at`; a later `delivered` puts its own time there |
| `failed`, in whatever order | the status is `failed`; with `delivered` or `read` beside it the partner was reached |
| two `failed` | the earlier by Meta's time, of equals the smaller code |
| a row that is `queued`, `sending` or `unknown` | Meta has taken it: the status says how far it came |
| a row that is `skipped` or `rehearsed` | stays; the status is kept with its error |
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from partner_messages.messages.statuses import MessageStatus
from partner_messages.webhook.events import MetaError, Pricing, StatusUpdate


class Problem(enum.StrEnum):
    """Why a status changed nothing; it is kept with its webhook (`webhook_event.errors`)."""

    ANOTHER_WAMID = "another_wamid"
    """Its opaque data is ours, and Meta's id of the message another one than the row's."""
    ANOTHER_NUMBER = "another_number"
    """It comes from another number than the row was sent from."""
    ANOTHER_MESSAGE = "another_message"
    """Its opaque data names one row, and Meta's id is another one's."""
    NEVER_SENT = "never_sent"
    """The row is `skipped` or `rehearsed`."""
    SLOT_RETAKEN = "slot_retaken"
    """A message that had failed was delivered after all, and another one has its slot: the partner was told twice."""


class Row(NamedTuple):
    """What of a row of `message_log` a status can change, and what it is judged by.

    Attributes:
        id: The row.
        status: How it stands.
        sender: The label of the number it was sent from.
        meta_message_id: Meta's id of it; None where no answer has come.
        recipient_user_id: Meta's id of the person whom it reached; of several the smallest.
        blanked: Whether it has to stay without what tells of a person.
        sent_at: Our own commit's, or Meta's (`sent_at_is_metas`).
        sent_at_is_metas: Whether our own commit's is still to come.
        delivered_at: When it was delivered, or read.
        read_at: When it was read.
        failed_at: When it failed.
        expired_at_meta: When it was given up as not delivered.
        error_code: Meta's code.
        error_detail: Meta's words.
        sent_at_meta: The earliest time of `sent`.
        delivered_at_meta: The earliest time of `delivered`.
        read_at_meta: The earliest time of `read` or `played`.
        failed_at_meta: The earliest time of `failed`.
        pricing_at: When Meta said what it bills the message as.
        pricing_category: Such as `utility`.
        pricing_billable: Whether it is billed at all.
        pricing_type: Such as `regular`.
        pricing_model: Such as `PMP`.
    """

    id: uuid.UUID
    status: str
    sender: str | None = None
    meta_message_id: str | None = None
    recipient_user_id: str | None = None
    blanked: bool = False
    sent_at: dt.datetime | None = None
    sent_at_is_metas: bool = False
    delivered_at: dt.datetime | None = None
    read_at: dt.datetime | None = None
    failed_at: dt.datetime | None = None
    expired_at_meta: dt.datetime | None = None
    error_code: int | None = None
    error_detail: str | None = None
    sent_at_meta: dt.datetime | None = None
    delivered_at_meta: dt.datetime | None = None
    read_at_meta: dt.datetime | None = None
    failed_at_meta: dt.datetime | None = None
    pricing_at: dt.datetime | None = None
    pricing_category: str | None = None
    pricing_billable: bool | None = None
    pricing_type: str | None = None
    pricing_model: str | None = None


_NEVER_SENT = frozenset({MessageStatus.SKIPPED, MessageStatus.REHEARSED})
_FURTHER: Mapping[str, int] = {
    **dict.fromkeys((MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN), 0),
    **{MessageStatus.SENT: 1, MessageStatus.DELIVERED: 2, MessageStatus.READ: 3, MessageStatus.FAILED: 4},
}
_TIMES: Mapping[str, str] = {
    "sent": "sent_at_meta",
    "delivered": "delivered_at_meta",
    "read": "read_at_meta",
    "played": "read_at_meta",
    "failed": "failed_at_meta",
}
_LONGEST_USER_ID = 256
"""Characters; Meta's are shorter, and an index takes no endless ones."""
_NO_CODE = 2**31
"""Greater than every code: of two failures of one moment the one that has a code is told."""


def problem_of(row: Row, update: StatusUpdate, numbers: Mapping[str, str]) -> Problem | None:
    """Why a status must not touch a row that it was joined to.

    Args:
        row: As it stands.
        update: The status.
        numbers: Meta's id of each sender's number by its label; a sender that is not configured any more is believed.
    """
    ours = row_id_of(update.opaque)
    if ours is not None and ours != row.id:
        return Problem.ANOTHER_MESSAGE
    if row.meta_message_id is not None and row.meta_message_id != update.wamid:
        return Problem.ANOTHER_WAMID
    number = numbers.get(row.sender or "")
    if number is not None and update.phone_number_id != number:
        return Problem.ANOTHER_NUMBER
    return Problem.NEVER_SENT if row.status in _NEVER_SENT else None


@functools.lru_cache(maxsize=4_096)  # Each status asks several times.
def row_id_of(opaque: str | None) -> uuid.UUID | None:
    """The row that opaque data names, if it has the form of ours."""
    try:
        found = uuid.UUID(opaque) if opaque else None
    except ValueError:
        return None
    return found if str(found) == opaque else None


def follow(row: Row, updates: Iterable[StatusUpdate]) -> Row:
    """The row as these statuses leave it; the order of the updates makes no difference."""
    facts: dict[str, Any] = row._asdict()
    told = False
    for update in updates:
        _add(facts, update)
        told = True
    if not told:
        return row
    _conclude(facts)
    return Row._make(facts.values())  # none was added


def _add(facts: dict[str, Any], update: StatusUpdate) -> None:
    """Add what one status tells to the facts: the columns of a row."""
    name = _TIMES[update.status]
    before: dt.datetime | None = facts[name]
    if update.status == "failed":
        _add_failure(facts, update)
    facts[name] = update.at if before is None else min(before, update.at)
    if facts["meta_message_id"] is None and not facts["blanked"]:
        facts["meta_message_id"] = update.wamid
    if update.user_id and len(update.user_id) <= _LONGEST_USER_ID and not facts["blanked"]:
        facts["recipient_user_id"] = min(facts["recipient_user_id"] or update.user_id, update.user_id)
    if update.pricing is not None:
        _add_pricing(facts, update.at, update.pricing)


def _add_failure(facts: dict[str, Any], update: StatusUpdate) -> None:
    """Meta's reason of the earlier failure; what we were told ourselves gives way to it."""
    error = min(update.errors, key=_order_of_errors, default=None)
    code, said = (error.code, error.details or error.title) if error else (None, None)
    if facts["failed_at_meta"] is not None:
        old_code, old_said = facts["error_code"], facts["error_detail"]
        old = (facts["failed_at_meta"], _NO_CODE if old_code is None else old_code, old_said or "")
        if old <= (update.at, _NO_CODE if code is None else code, said or ""):
            return
    facts["error_code"], facts["error_detail"] = code, None if facts["blanked"] else said


def _order_of_errors(error: MetaError) -> tuple[int, str]:
    return error.code, error.details or error.title or ""


def _add_pricing(facts: dict[str, Any], at: dt.datetime, said: Pricing) -> None:
    """The last word by Meta's time on what it bills the message as; of equals any, but always the same."""
    new = dict(zip(_PRICES, (said.category, said.billable, said.type, said.model), strict=True))
    before: dt.datetime | None = facts["pricing_at"]
    if before is not None and (before, *(str(facts[name]) for name in _PRICES)) >= (at, *map(str, new.values())):
        return
    facts.update(new, pricing_at=at)


_PRICES = ("pricing_category", "pricing_billable", "pricing_type", "pricing_model")


def _conclude(facts: dict[str, Any]) -> None:
    """Fill the columns that follow from what is known."""
    read, delivered = facts["read_at_meta"], facts["delivered_at_meta"]
    failed = facts["failed_at_meta"] is not None or facts["status"] == "failed"
    for is_so, status in (
        (failed, MessageStatus.FAILED),
        (read, MessageStatus.READ),
        (delivered, MessageStatus.DELIVERED),
        (facts["sent_at_meta"], MessageStatus.SENT),
    ):
        if is_so:
            facts["status"] = max(facts["status"], status, key=lambda one: _FURTHER[one])
            break
    facts["delivered_at"] = delivered or read or facts["delivered_at"]
    facts["read_at"] = read or facts["read_at"]
    facts["failed_at"] = facts["failed_at_meta"] or facts["failed_at"]
    if delivered or read or failed:
        facts["expired_at_meta"] = None
    if facts["sent_at"] is None or facts["sent_at_is_metas"]:
        at = facts["sent_at_meta"] or min((one for one in (delivered, read) if one), default=None)
        facts["sent_at"], facts["sent_at_is_metas"] = at, at is not None


def joined(
    update: StatusUpdate, ids: Collection[uuid.UUID], by_wamid: Mapping[str, uuid.UUID]
) -> uuid.UUID | Problem | None:
    """The row that a status is about: by the id that we gave the message, else by Meta's.

    Args:
        update: The status.
        ids: The rows that may be meant.
        by_wamid: Those of them whose id at Meta is known.

    Returns:
        None where there is none (yet).
    """
    ours, theirs = row_id_of(update.opaque), by_wamid.get(update.wamid)
    if ours not in ids:
        return theirs
    return Problem.ANOTHER_MESSAGE if theirs is not None and theirs != ours else ours
