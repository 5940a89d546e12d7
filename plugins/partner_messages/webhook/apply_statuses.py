"""Applies statuses to the messages that they are about, a batch in a statement; what has no message yet waits for it.

What a status makes of a row is decided in `statuses.py`; here are the looking up, the locking and the writing.
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

from partner_messages.database.session import is_worth_another_try
from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.recipients.masking import mask
from partner_messages.webhook.accounts import Numbers
from partner_messages.webhook.apply_record import Applied, Errors, SaidStatus, note
from partner_messages.webhook.events import MetaError, Pricing, StatusUpdate
from partner_messages.webhook.statuses import Problem, Row, follow, joined, problem_of, row_id_of

BATCH = 1_000
"""Statuses of one statement."""


def apply_waiting(connection: LogConnection, numbers: Numbers, done: Applied | None = None) -> Applied:
    """Apply the statuses that came before their message, and those whose message somebody was writing."""
    done = Applied() if done is None else done
    while True:
        with connection.transaction():
            found = rows(connection, "take_waiting", at_most=BATCH)
            said = [
                SaidStatus(
                    row["event_id"], row["said"]["place"], _from_json(row["said"]), row["received_at"], row["id"]
                )
                for row in found
            ]
            errors: Errors = defaultdict(list)
            left = apply_statuses(connection, numbers, said, errors, done)
            over = [one.waiting_id for one in said if one not in left]
            rows(connection, "end_waiting", waiting_ids=over)
            added = recordset({"id": id_, "errors": of} for id_, of in errors.items())
            rows(connection, "add_errors", added=added)
        for of in errors.values():
            done.errors.update(error["why"] for error in of)
        if not over:
            return done


def apply_updates(connection: LogConnection, numbers: Numbers, updates: Sequence[StatusUpdate]) -> Applied:
    """Apply statuses that came from elsewhere than a webhook; what fits no message is only counted."""
    done, now = Applied(), dt.datetime.now(dt.UTC)
    errors: Errors = defaultdict(list)
    # Whoever looks them up asks again: none of them waits.
    said = [SaidStatus(0, place, update, now, waiting_id=0) for place, update in enumerate(updates)]
    with connection.transaction():
        apply_statuses(connection, numbers, said, errors, done)
    for of in errors.values():
        done.errors.update(error["why"] for error in of)
    return done


def apply_statuses(
    connection: LogConnection, numbers: Numbers, said: Sequence[SaidStatus], errors: Errors, done: Applied
) -> set[SaidStatus]:
    """Apply statuses, a batch in a statement; return those that wait on."""
    left: set[SaidStatus] = set()
    # What is said of one message is looked at together, wherever it stands in the webhooks.
    for start in range(0, len(said), BATCH):
        left |= _apply_batch(connection, numbers, said[start : start + BATCH], errors, done)
    return left


def _apply_batch(
    connection: LogConnection, numbers: Numbers, said: Sequence[SaidStatus], errors: Errors, done: Applied
) -> set[SaidStatus]:
    known = _hold_rows(connection, [one.update for one in said])
    about, missing = _joined(known, said, errors)
    held = {row["id"]: Row._make(map(row.__getitem__, Row._fields)) for row in known if row["is_held"]}
    busy = [one for id_, of in about.items() if id_ not in held for one in of]
    changes = [
        change
        for id_, row in held.items()
        if id_ in about and (change := _change(row, about[id_], numbers.phone_number_ids, errors)).after != row
    ]
    changes = _with_their_slots(connection, changes, errors)
    done.changed += _write(connection, changes, errors)
    done.busy += len(busy)
    done.waiting += len(missing)
    _let_wait(connection, [one for one in (*missing, *busy) if one.waiting_id is None])
    return {*missing, *busy}


def _joined(
    known: Sequence[Mapping[str, Any]], said: Sequence[SaidStatus], errors: Errors
) -> tuple[dict[uuid.UUID, list[SaidStatus]], list[SaidStatus]]:
    """The statuses by the rows that they are about, and those that have none."""
    ids = {row["id"] for row in known}
    by_wamid = {row["known_as"]: row["id"] for row in known if row["known_as"] is not None}
    about: dict[uuid.UUID, list[SaidStatus]] = defaultdict(list)
    missing: list[SaidStatus] = []
    for one in said:
        match joined(one.update, ids, by_wamid):
            case None:
                missing.append(one)
            case Problem() as problem:
                note(errors, one, problem.value)
            case uuid.UUID() as id_:
                about[id_].append(one)
    return about, missing


def _hold_rows(connection: LogConnection, updates: Sequence[StatusUpdate]) -> Sequence[Mapping[str, Any]]:
    ids = [str(id_) for update in updates if (id_ := row_id_of(update.opaque))]
    return rows(connection, "hold_rows", said_ids=Json(ids), said_wamids=Json([update.wamid for update in updates]))


@dataclass(frozen=True)
class _Change:
    before: Row
    after: Row
    said: Sequence[SaidStatus]
    """What was believed."""


def _change(row: Row, said: Sequence[SaidStatus], numbers: Mapping[str, str], errors: Errors) -> _Change:
    believed, seen = [], row
    for one in said:
        problem = problem_of(seen, one.update, numbers)
        if problem is not None:
            note(errors, one, problem.value, message_id=str(row.id))
            continue
        believed.append(one)
        if seen.meta_message_id is None:
            # Meta's id is the row's from the first status on.
            seen = follow(seen, [one.update])
    return _Change(row, follow(row, [one.update for one in believed]), believed)


def _with_their_slots(connection: LogConnection, changes: Sequence[_Change], errors: Errors) -> list[_Change]:
    """Without what Meta says late of a message that had failed, and whose slot another one has."""
    revived = {one.before.id for one in changes if _is_revived(one)}
    taken = {row["id"] for row in _slots_taken(connection, revived)} if revived else set()
    return [_without_its_slot(one, errors) if one.before.id in taken else one for one in changes]


def _slots_taken(connection: LogConnection, ids: Iterable[uuid.UUID]) -> Sequence[Mapping[str, Any]]:
    return rows(connection, "slots_taken", ids=list(ids))


def _is_revived(change: _Change) -> bool:
    before = change.before
    return before.status == "failed" and before.delivered_at is None and change.after.delivered_at is not None


def _without_its_slot(change: _Change, errors: Errors) -> _Change:
    kept = []
    for one in change.said:
        if one.update.status in ("sent", "failed"):
            kept.append(one)
        else:
            note(errors, one, Problem.SLOT_RETAKEN.value, message_id=str(change.before.id))
    return _Change(change.before, follow(change.before, [one.update for one in kept]), kept)


def _write(connection: LogConnection, changes: Sequence[_Change], errors: Errors) -> int:
    """Write all rows in one statement; where the database refuses one, each by itself."""
    if not changes:
        return 0
    try:
        with connection.transaction():
            _write_rows(connection, changes)
            return len(changes)
    except psycopg.Error as error:
        if is_worth_another_try(error):
            raise
        return sum(_write_alone(connection, change, errors) for change in changes)


def _write_alone(connection: LogConnection, change: _Change, errors: Errors) -> bool:
    try:
        with connection.transaction():
            _write_rows(connection, [change])
            return True
    except psycopg.Error as error:
        if is_worth_another_try(error):
            raise
        # Another message has taken the slot between the look and the writing.
        retaken = isinstance(error, psycopg.errors.UniqueViolation | psycopg.errors.ExclusionViolation)
        why = Problem.SLOT_RETAKEN.value if retaken else mask(f"{type(error).__name__}: {error.diag.message_primary}")
        for one in change.said:
            note(errors, one, why, message_id=str(change.before.id))
        return False


def _write_rows(connection: LogConnection, changes: Iterable[_Change]) -> None:
    rows(connection, "write_rows", rows=recordset(one.after._asdict() for one in changes))


def _let_wait(connection: LogConnection, said: Sequence[SaidStatus]) -> None:
    if not said:
        return
    statuses = recordset(
        {
            "event_id": one.event_id,
            "wamid": one.update.wamid,
            "row_id": row_id_of(one.update.opaque),
            "said": _to_json(one.update, one.place),
            "received_at": one.received_at,
        }
        for one in said
    )
    rows(connection, "let_wait", statuses=statuses)


def _to_json(update: StatusUpdate, place: int) -> dict[str, Any]:
    """A status without what tells of a person but for Meta's id, by which they are known when they write."""
    return {
        "place": place,
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
