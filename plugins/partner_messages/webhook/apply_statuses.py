"""Apply statuses to the rows of their messages, in batches; a status without a row waits in `waiting_status`.

`statuses.py` decides how a status changes a row; this module reads, locks and writes the rows.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Json

from partner_messages.database.session import is_retryable
from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.webhook.apply_record import Applied, ItemErrors, WebhookStatus, note_error
from partner_messages.webhook.events import MetaError, Pricing, StatusUpdate
from partner_messages.webhook.sender_ids import SenderIds
from partner_messages.webhook.statuses import MessageRow, Problem, problem_of, row_id_of, row_of_status, updated_row
from whatsapp_provider.masking import mask

MAX_STATUSES = 1_000
"""Statuses in one statement."""


def apply_waiting(connection: LogConnection, sender_ids: SenderIds, done: Applied | None = None) -> Applied:
    """Apply the statuses that came before their message, and those whose row was locked; add to the counts `done`."""
    done = Applied() if done is None else done
    while True:
        with connection.transaction():
            found = rows(connection, "take_waiting", at_most=MAX_STATUSES)
            said = [
                WebhookStatus(
                    row["event_id"], row["said"]["place"], _from_json(row["said"]), row["received_at"], row["id"]
                )
                for row in found
            ]
            errors: ItemErrors = defaultdict(list)
            left = apply_statuses(connection, sender_ids, said, errors, done)
            over = [one.waiting_id for one in said if one not in left]
            rows(connection, "end_waiting", waiting_ids=over)
            added = recordset({"id": id_, "errors": of} for id_, of in errors.items())
            rows(connection, "add_errors", added=added)
        for of in errors.values():
            done.errors.update(error["why"] for error in of)
        if not over:
            return done


def apply_updates(connection: LogConnection, sender_ids: SenderIds, updates: Sequence[StatusUpdate]) -> Applied:
    """Apply statuses that were looked up, not received; one without a message is only counted."""
    done, now = Applied(), dt.datetime.now(dt.UTC)
    errors: ItemErrors = defaultdict(list)
    # None of them has to wait in `waiting_status`: the next lookup finds it again.
    said = [WebhookStatus(0, place, update, now, waiting_id=0) for place, update in enumerate(updates)]
    with connection.transaction():
        apply_statuses(connection, sender_ids, said, errors, done)
    for of in errors.values():
        done.errors.update(error["why"] for error in of)
    return done


def apply_statuses(
    connection: LogConnection, sender_ids: SenderIds, said: Sequence[WebhookStatus], errors: ItemErrors, done: Applied
) -> set[WebhookStatus]:
    """Apply statuses, in batches; return those that still wait for a row or a lock."""
    left: set[WebhookStatus] = set()
    for start in range(0, len(said), MAX_STATUSES):
        left |= _apply_batch(connection, sender_ids, said[start : start + MAX_STATUSES], errors, done)
    return left


def _apply_batch(
    connection: LogConnection, sender_ids: SenderIds, said: Sequence[WebhookStatus], errors: ItemErrors, done: Applied
) -> set[WebhookStatus]:
    known = _lock_rows(connection, [one.update for one in said])
    about, missing = _match_to_rows(known, said, errors)
    locked = {
        row["id"]: MessageRow._make(map(row.__getitem__, MessageRow._fields)) for row in known if row["is_locked"]
    }
    busy = [one for id_, of in about.items() if id_ not in locked for one in of]
    changes = [
        change
        for id_, row in locked.items()
        if id_ in about and (change := _change(row, about[id_], sender_ids.phone_number_ids, errors)).after != row
    ]
    changes = _without_retaken_slots(connection, changes, errors)
    done.changed += _write(connection, changes, errors)
    done.busy += len(busy)
    done.waiting += len(missing)
    _let_wait(connection, [one for one in (*missing, *busy) if one.waiting_id is None])
    return {*missing, *busy}


def _match_to_rows(
    known: Sequence[Mapping[str, Any]], said: Sequence[WebhookStatus], errors: ItemErrors
) -> tuple[dict[uuid.UUID, list[WebhookStatus]], list[WebhookStatus]]:
    """The statuses by the id of their row, and those without a row."""
    ids = {row["id"] for row in known}
    by_wamid = {row["known_as"]: row["id"] for row in known if row["known_as"] is not None}
    about: dict[uuid.UUID, list[WebhookStatus]] = defaultdict(list)
    missing: list[WebhookStatus] = []
    for one in said:
        match row_of_status(one.update, ids, by_wamid):
            case None:
                missing.append(one)
            case Problem() as problem:
                note_error(errors, one, problem.value)
            case uuid.UUID() as id_:
                about[id_].append(one)
    return about, missing


def _lock_rows(connection: LogConnection, updates: Sequence[StatusUpdate]) -> Sequence[Mapping[str, Any]]:
    ids = [str(id_) for update in updates if (id_ := row_id_of(update.opaque))]
    return rows(connection, "lock_rows", said_ids=Json(ids), said_wamids=Json([update.wamid for update in updates]))


@dataclass(frozen=True)
class _Change:
    before: MessageRow
    after: MessageRow
    said: Sequence[WebhookStatus]
    """The statuses that were accepted."""


def _change(
    row: MessageRow, said: Sequence[WebhookStatus], phone_number_ids: Mapping[str, str], errors: ItemErrors
) -> _Change:
    accepted, seen = [], row
    for one in said:
        problem = problem_of(seen, one.update, phone_number_ids)
        if problem is not None:
            note_error(errors, one, problem.value, message_id=str(row.id))
            continue
        accepted.append(one)
        if seen.meta_message_id is None:
            # The first accepted status sets Meta's message id of the row.
            seen = updated_row(seen, [one.update])
    return _Change(row, updated_row(row, [one.update for one in accepted]), accepted)


def _without_retaken_slots(connection: LogConnection, changes: Sequence[_Change], errors: ItemErrors) -> list[_Change]:
    """Drop the delivery of a failed message if another message has taken its slot meanwhile."""
    revived = {one.before.id for one in changes if _is_revived(one)}
    taken = {row["id"] for row in _slots_taken(connection, revived)} if revived else set()
    return [_without_deliveries(one, errors) if one.before.id in taken else one for one in changes]


def _slots_taken(connection: LogConnection, ids: Iterable[uuid.UUID]) -> Sequence[Mapping[str, Any]]:
    return rows(connection, "slots_taken", ids=list(ids))


def _is_revived(change: _Change) -> bool:
    before = change.before
    return before.status == "failed" and before.delivered_at is None and change.after.delivered_at is not None


def _without_deliveries(change: _Change, errors: ItemErrors) -> _Change:
    kept = []
    for one in change.said:
        if one.update.status in ("sent", "failed"):
            kept.append(one)
        else:
            note_error(errors, one, Problem.SLOT_RETAKEN.value, message_id=str(change.before.id))
    return _Change(change.before, updated_row(change.before, [one.update for one in kept]), kept)


def _write(connection: LogConnection, changes: Sequence[_Change], errors: ItemErrors) -> int:
    """Write all rows in one statement, or each alone if the database refuses that; return how many were written."""
    if not changes:
        return 0
    try:
        with connection.transaction():
            _write_rows(connection, changes)
            return len(changes)
    except psycopg.Error as error:
        if is_retryable(error):
            raise
        return sum(_write_alone(connection, change, errors) for change in changes)


def _write_alone(connection: LogConnection, change: _Change, errors: ItemErrors) -> bool:
    try:
        with connection.transaction():
            _write_rows(connection, [change])
            return True
    except psycopg.Error as error:
        if is_retryable(error):
            raise
        # Another message may have taken the slot between the check and the write.
        retaken = isinstance(error, psycopg.errors.UniqueViolation | psycopg.errors.ExclusionViolation)
        why = Problem.SLOT_RETAKEN.value if retaken else mask(f"{type(error).__name__}: {error.diag.message_primary}")
        for one in change.said:
            note_error(errors, one, why, message_id=str(change.before.id))
        return False


def _write_rows(connection: LogConnection, changes: Iterable[_Change]) -> None:
    rows(connection, "write_rows", rows=recordset(one.after._asdict() for one in changes))


def _let_wait(connection: LogConnection, said: Sequence[WebhookStatus]) -> None:
    if not said:
        return
    statuses = recordset(
        {
            "event_id": one.event_id,
            "wamid": one.update.wamid,
            "row_id": row_id_of(one.update.opaque),
            "said": _to_json(one.update, one.index),
            "received_at": one.received_at,
        }
        for one in said
    )
    rows(connection, "let_wait", statuses=statuses)


def _to_json(update: StatusUpdate, index: int) -> dict[str, Any]:
    """The status as JSON. Of personal data it has only Meta's user id, which identifies a partner who writes later."""
    return {
        "place": index,
        "phone_number_id": update.phone_number_id,
        "wamid": update.wamid,
        "status": update.status,
        "at": update.at.isoformat(),
        "opaque": update.opaque,
        "user_id": update.user_id,
        "errors": [dataclasses.asdict(error) for error in update.errors],
        "pricing": update.pricing and dataclasses.asdict(update.pricing),
    }


def _from_json(said: Mapping[str, Any]) -> StatusUpdate:
    return StatusUpdate(
        phone_number_id=said["phone_number_id"],
        wamid=said["wamid"],
        status=said["status"],
        at=dt.datetime.fromisoformat(said["at"]),
        opaque=said["opaque"],
        user_id=said.get("user_id"),
        errors=tuple(MetaError(**error) for error in said["errors"]),
        pricing=Pricing(**said["pricing"]) if said["pricing"] else None,
    )
