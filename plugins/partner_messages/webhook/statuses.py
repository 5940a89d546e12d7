"""How Meta's statuses change the row of a message (pure), whatever their order, repetition or batches.

A row keeps the earliest time that Meta gives for each state (`…_at_meta`). Its status is derived from those times and
from what the row had before, so the order of arrival does not matter (docs/lifecycle.md).

| case | effect |
|---|---|
| `sent` < `delivered` < `read`; `played` is `read` | the furthest counts; a late `sent` changes nothing |
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
    """Why a status was not applied; recorded with its webhook (`webhook_event.errors`)."""

    ANOTHER_WAMID = "another_wamid"
    """Its opaque data names a row that has another Meta message id."""
    ANOTHER_NUMBER = "another_number"
    """It comes from another number than the one that sent the message."""
    ANOTHER_MESSAGE = "another_message"
    """Its opaque data names one row, its Meta message id another row."""
    NEVER_SENT = "never_sent"
    """The row is `skipped` or `rehearsed`."""
    SLOT_RETAKEN = "slot_retaken"
    """A failed message was delivered after all, but another message has its slot: the partner got two."""


class MessageRow(NamedTuple):
    """The columns of `message_log` that a status reads or changes; docs/design.md explains the less obvious ones.

    Attributes:
        sender: The label of the sender.
        meta_message_id: None until Meta has answered or sent a status.
        recipient_user_id: Meta's id of the recipient; of several the smallest.
        blanked: Whether personal data was removed and must not come back.
        sent_at: The time of our own commit, or Meta's (`sent_at_is_metas`).
        sent_at_is_metas: Whether `sent_at` is Meta's time, until our own commit.
        delivered_at: When it was delivered, or read.
        expired_at_meta: When it was given up as not delivered.
        sent_at_meta: Meta's earliest time of `sent`; likewise the next three (`read`: also `played`).
        pricing_at: Meta's time of the status from which the pricing columns are.
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
_PROGRESS: Mapping[str, int] = {
    **dict.fromkeys((MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN), 0),
    **{MessageStatus.SENT: 1, MessageStatus.DELIVERED: 2, MessageStatus.READ: 3, MessageStatus.FAILED: 4},
}
_TIME_COLUMNS: Mapping[str, str] = {
    "sent": "sent_at_meta",
    "delivered": "delivered_at_meta",
    "read": "read_at_meta",
    "played": "read_at_meta",
    "failed": "failed_at_meta",
}
_MAX_USER_ID_LENGTH = 256
"""Characters; Meta's are shorter, and an index takes no endless ones."""
_CODE_IF_MISSING = 2**31
"""Greater than every code: of two failures at the same time, one with a code wins."""


def problem_of(row: MessageRow, update: StatusUpdate, numbers: Mapping[str, str]) -> Problem | None:
    """Why a status must not be applied to the row found for it; None if it may.

    Args:
        row: The row.
        update: The status.
        numbers: The phone number ids by the sender's label; a sender that is no longer configured is not checked.
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


@functools.lru_cache(maxsize=4_096)  # Called several times for each status.
def row_id_of(opaque: str | None) -> uuid.UUID | None:
    """The row id in opaque data, if it has exactly the form in which we write ids; else None."""
    try:
        found = uuid.UUID(opaque) if opaque else None
    except ValueError:
        return None
    return found if str(found) == opaque else None


def updated_row(row: MessageRow, updates: Iterable[StatusUpdate]) -> MessageRow:
    """The row after these statuses; their order makes no difference."""
    columns: dict[str, Any] = row._asdict()
    told = False
    for update in updates:
        _add_status(columns, update)
        told = True
    if not told:
        return row
    _derive_columns(columns)
    return MessageRow._make(columns.values())


def _add_status(columns: dict[str, Any], update: StatusUpdate) -> None:
    """Add one status to the columns of a row."""
    name = _TIME_COLUMNS[update.status]
    before: dt.datetime | None = columns[name]
    if update.status == "failed":
        _add_failure(columns, update)
    columns[name] = update.at if before is None else min(before, update.at)
    if columns["meta_message_id"] is None and not columns["blanked"]:
        columns["meta_message_id"] = update.wamid
    if update.user_id and len(update.user_id) <= _MAX_USER_ID_LENGTH and not columns["blanked"]:
        columns["recipient_user_id"] = min(columns["recipient_user_id"] or update.user_id, update.user_id)
    if update.pricing is not None:
        _add_pricing(columns, update.at, update.pricing)


def _add_failure(columns: dict[str, Any], update: StatusUpdate) -> None:
    """Keep the reason of the earliest failure; Meta's reason replaces our own."""
    error = min(update.errors, key=_order_of_errors, default=None)
    code, said = (error.code, error.details or error.title) if error else (None, None)
    if columns["failed_at_meta"] is not None:
        old_code, old_said = columns["error_code"], columns["error_detail"]
        old = (columns["failed_at_meta"], _CODE_IF_MISSING if old_code is None else old_code, old_said or "")
        if old <= (update.at, _CODE_IF_MISSING if code is None else code, said or ""):
            return
    columns["error_code"], columns["error_detail"] = code, None if columns["blanked"] else said


def _order_of_errors(error: MetaError) -> tuple[int, str]:
    return error.code, error.details or error.title or ""


def _add_pricing(columns: dict[str, Any], at: dt.datetime, said: Pricing) -> None:
    """Keep the latest pricing by Meta's time; at equal times always the same one."""
    new = dict(zip(_PRICING_COLUMNS, (said.category, said.billable, said.type, said.model), strict=True))
    before: dt.datetime | None = columns["pricing_at"]
    if before is not None and (before, *(str(columns[name]) for name in _PRICING_COLUMNS)) >= (
        at,
        *map(str, new.values()),
    ):
        return
    columns.update(new, pricing_at=at)


_PRICING_COLUMNS = ("pricing_category", "pricing_billable", "pricing_type", "pricing_model")


def _derive_columns(columns: dict[str, Any]) -> None:
    """Set the columns that are derived from Meta's times."""
    read, delivered = columns["read_at_meta"], columns["delivered_at_meta"]
    failed = columns["failed_at_meta"] is not None or columns["status"] == "failed"
    for is_so, status in (
        (failed, MessageStatus.FAILED),
        (read, MessageStatus.READ),
        (delivered, MessageStatus.DELIVERED),
        (columns["sent_at_meta"], MessageStatus.SENT),
    ):
        if is_so:
            columns["status"] = max(columns["status"], status, key=lambda one: _PROGRESS[one])
            break
    columns["delivered_at"] = delivered or read or columns["delivered_at"]
    columns["read_at"] = read or columns["read_at"]
    columns["failed_at"] = columns["failed_at_meta"] or columns["failed_at"]
    if delivered or read or failed:
        columns["expired_at_meta"] = None
    if columns["sent_at"] is None or columns["sent_at_is_metas"]:
        at = columns["sent_at_meta"] or min((one for one in (delivered, read) if one), default=None)
        columns["sent_at"], columns["sent_at_is_metas"] = at, at is not None


def row_of_status(
    update: StatusUpdate, ids: Collection[uuid.UUID], by_wamid: Mapping[str, uuid.UUID]
) -> uuid.UUID | Problem | None:
    """The row of a status: by our id in its opaque data, else by Meta's message id.

    Args:
        update: The status.
        ids: The ids of the candidate rows.
        by_wamid: Their ids by Meta's message id, where known.

    Returns:
        The row's id; None if there is no row (yet).
    """
    ours, theirs = row_id_of(update.opaque), by_wamid.get(update.wamid)
    if ours not in ids:
        return theirs
    return Problem.ANOTHER_MESSAGE if theirs is not None and theirs != ours else ours
