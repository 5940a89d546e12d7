"""Applies what was stored: STOP first, other words next, statuses last; what a crash leaves, the next one applies.

One transaction takes some webhooks, applies their items and marks them as applied: all of it lasts, or none. One bad
item is kept with its error (`webhook_event.errors`) and never loses the others.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.recipients.masking import mask, plain
from partner_messages.webhook import accounts, inbound
from partner_messages.webhook.accounts import Numbers
from partner_messages.webhook.events import (
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
from partner_messages.webhook.parsing import parse
from partner_messages.webhook.statuses import Problem, Row, follow, joined, problem_of, row_id_of

log = logging.getLogger(__name__)

AT_MOST = 200
"""Webhooks of one transaction."""
BYTES = 256 * 1024
"""Of their bodies, but for one that is larger: a transaction holds messages for a few hundred milliseconds at most."""
BATCH = 1_000
"""Statuses of one statement."""

Clock = Callable[[], dt.datetime]


@dataclass
class Applied:
    """What was done, counted."""

    webhooks: int = 0
    items: Counter[str] = field(default_factory=Counter)
    """By what they were (`StatusUpdate`, ...)."""
    changed: int = 0
    """Messages that a status has changed."""
    waiting: int = 0
    """Statuses that wait for their message."""
    busy: int = 0
    """Of these, statuses whose message another process was writing: they are applied with the next pass."""
    errors: Counter[str] = field(default_factory=Counter)
    """Items that could not be applied, by why."""
    answers: int = 0
    """Of the messages that partners wrote, those that answer one of ours or ask for something."""

    def __str__(self) -> str:
        of = ", ".join(f"{number} {what}" for what, number in sorted(self.items.items()))
        said = f"{self.webhooks} webhooks ({of or 'no items'}), {self.changed} messages changed"
        waiting = f", {self.waiting} statuses wait for their message" if self.waiting else ""
        errors = f", not applied: {dict(self.errors)}" if self.errors else ""
        return f"{said}{waiting}{errors}"


@dataclass(frozen=True)
class Said:
    """One item where it stands.

    Attributes:
        event_id: The webhook.
        place: Its place there; the first is 0.
        item: What it says.
        received_at: When the webhook came.
    """

    event_id: int
    place: int
    item: Item
    received_at: dt.datetime


@dataclass(frozen=True)
class SaidStatus:
    """A status where it stands.

    Attributes:
        event_id: The webhook.
        place: Its place there.
        update: The status.
        received_at: When the webhook came.
        waiting_id: Under which id it has waited, if it has.
    """

    event_id: int
    place: int
    update: StatusUpdate
    received_at: dt.datetime
    waiting_id: int | None = None


Errors = dict[int, list[dict[str, Any]]]
"""By webhook, as its column `errors` has them."""


def apply_pending(
    connection: LogConnection, numbers: Numbers, clock: Clock, *, look_for_waiting: bool = True
) -> Applied:
    """Apply all that waits, and what has waited for its message.

    Two at once share the work. An error of the database rolls back the webhooks under way, and is raised: the next pass
    applies them.

    Args:
        connection: The message log, outside a transaction.
        numbers: The senders.
        clock: The wall clock.
        look_for_waiting: Whether to look for the messages of statuses that came before them, too.
    """
    done = Applied()
    while _apply_some(connection, numbers, clock, done):
        pass
    return apply_waiting(connection, numbers, done) if look_for_waiting else done


def _apply_some(connection: LogConnection, numbers: Numbers, clock: Clock, done: Applied) -> bool:
    """Apply some webhooks; return whether there were any."""
    with connection.transaction():
        taken = take_pending(connection)
        if not taken:
            return False
        said = [
            Said(event["id"], place, item, event["received_at"])
            for event in taken
            for place, item in enumerate(parse(bytes(event["body"]), event["received_at"]))
        ]
        done.webhooks += len(taken)
        done.items.update(type(one.item).__name__ for one in said)
        errors: Errors = defaultdict(list)
        done.answers += _apply_words_and_updates(connection, numbers, clock, said, errors)
        _apply_statuses(connection, numbers, list(_statuses(said)), errors, done)
        _mark_applied(connection, [event["id"] for event in taken], errors, clock())
    for found in errors.values():
        done.errors.update(error["why"] for error in found)
    return True


def _statuses(said: Iterable[Said]) -> Iterator[SaidStatus]:
    for one in said:
        if isinstance(one.item, StatusUpdate):
            yield SaidStatus(one.event_id, one.place, one.item, one.received_at)


def take_pending(connection: LogConnection) -> Sequence[Mapping[str, Any]]:
    """Some webhooks that nobody else is applying."""
    return rows(connection, "take_pending", at_most=AT_MOST, bytes=BYTES)


def _mark_applied(connection: LogConnection, ids: Iterable[int], errors: Errors, now: dt.datetime) -> None:
    applied = recordset({"id": id_, "errors": errors.get(id_, [])} for id_ in ids)
    rows(connection, "mark_applied", applied=applied, now=now)


def _apply_words_and_updates(
    connection: LogConnection, numbers: Numbers, clock: Clock, said: Sequence[Said], errors: Errors
) -> int:
    """Apply all but statuses; return how many of them are answers."""
    answers = 0
    for one in sorted(said, key=_order):
        match one.item:
            case Unrecognised(field=of, why=why):
                _note(errors, one, why, field=of)
            case StatusUpdate():
                pass
            case item:
                work = _work(connection, numbers, item, one, clock)
                answers += bool(_in_a_savepoint(connection, one, errors, work))
    return answers


def _order(one: Said) -> tuple[int, dt.datetime]:
    """STOP first, other words next, in the order in which they were said."""
    at = one.item.at or one.received_at
    match one.item:
        case PreferenceUpdate():
            return 0, at
        case InboundMessage():
            return (0 if inbound.comes_first(one.item) else 1), at
    return 2, at


def _work(
    connection: LogConnection,
    numbers: Numbers,
    item: InboundMessage | PreferenceUpdate | TemplateUpdate | AccountUpdate,
    one: Said,
    clock: Clock,
) -> Callable[[], bool | None]:
    """What applies an item; it returns whether that is an answer."""
    match item:
        case InboundMessage():
            return lambda: inbound.apply_inbound(connection, item, clock())
        case PreferenceUpdate():
            return lambda: inbound.apply_preference(connection, item, clock())
        case TemplateUpdate():
            return lambda: accounts.apply_template_update(connection, item)
    return lambda: accounts.apply_account_update(connection, item, one.event_id, numbers)


def _in_a_savepoint(
    connection: LogConnection, one: Said, errors: Errors, work: Callable[[], bool | None]
) -> bool | None:
    try:
        with connection.transaction():
            return work()
    except psycopg.OperationalError:
        # A deadlock or a lost session says nothing of the item: the next pass applies it.
        raise
    except Exception as error:
        why = mask(plain(f"{type(error).__name__}: {error}"))
        log.exception("An item of webhook %d could not be applied: %s", one.event_id, type(one.item).__name__)
        _note(errors, one, why)
        return None


def _note(errors: Errors, one: Said | SaidStatus, why: str, **more: Any) -> None:
    known = {key: value for key, value in more.items() if value is not None}
    errors[one.event_id].append({"item": one.place, "why": why, **known})


# Statuses


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
            left = _apply_statuses(connection, numbers, said, errors, done)
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
        _apply_statuses(connection, numbers, said, errors, done)
    for of in errors.values():
        done.errors.update(error["why"] for error in of)
    return done


def _apply_statuses(
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
    about, missing = _joined(connection, said, errors)
    held = {row.id: row for row in _lock_rows(connection, about)}
    busy = [one for id_, of in about.items() if id_ not in held for one in of]
    changes = [
        change
        for id_, row in held.items()
        if (change := _change(row, about[id_], numbers.phone_number_ids, errors)).after != row
    ]
    changes = _with_their_slots(connection, changes, errors)
    done.changed += _write(connection, changes, errors)
    done.busy += len(busy)
    done.waiting += len(missing)
    _let_wait(connection, [one for one in (*missing, *busy) if one.waiting_id is None])
    return {*missing, *busy}


def _joined(
    connection: LogConnection, said: Sequence[SaidStatus], errors: Errors
) -> tuple[dict[uuid.UUID, list[SaidStatus]], list[SaidStatus]]:
    """The statuses by the rows that they are about, and those that have none."""
    known = _known_of(connection, [one.update for one in said])
    ids = {row["id"] for row in known}
    by_wamid = {row["meta_message_id"]: row["id"] for row in known if row["meta_message_id"] is not None}
    about: dict[uuid.UUID, list[SaidStatus]] = defaultdict(list)
    missing: list[SaidStatus] = []
    for one in said:
        match joined(one.update, ids, by_wamid):
            case None:
                missing.append(one)
            case Problem() as problem:
                _note(errors, one, problem.value)
            case uuid.UUID() as id_:
                about[id_].append(one)
    return about, missing


def _known_of(connection: LogConnection, updates: Sequence[StatusUpdate]) -> Sequence[Mapping[str, Any]]:
    ids = [id_ for update in updates if (id_ := row_id_of(update.opaque))]
    return rows(connection, "known_of", ids=ids, wamids=[update.wamid for update in updates])


def _lock_rows(connection: LogConnection, about: Mapping[uuid.UUID, Sequence[SaidStatus]]) -> Iterator[Row]:
    return (Row(**row) for row in rows(connection, "lock_rows", ids=list(about)))


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
            _note(errors, one, problem.value, message_id=str(row.id))
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
            _note(errors, one, Problem.SLOT_RETAKEN.value, message_id=str(change.before.id))
    return _Change(change.before, follow(change.before, [one.update for one in kept]), kept)


_COLUMNS = tuple(one.name for one in dataclasses.fields(Row) if one.name not in ("sender", "blanked"))


def _write(connection: LogConnection, changes: Sequence[_Change], errors: Errors) -> int:
    """Write all rows in one statement; where the database refuses one, each by itself."""
    if not changes:
        return 0
    try:
        with connection.transaction():
            _write_rows(connection, changes)
            return len(changes)
    except psycopg.OperationalError:
        raise
    except psycopg.Error:
        return sum(_write_alone(connection, change, errors) for change in changes)


def _write_alone(connection: LogConnection, change: _Change, errors: Errors) -> bool:
    try:
        with connection.transaction():
            _write_rows(connection, [change])
            return True
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        # Another message has taken the slot between the look and the writing.
        retaken = isinstance(error, psycopg.errors.UniqueViolation | psycopg.errors.ExclusionViolation)
        why = Problem.SLOT_RETAKEN.value if retaken else mask(f"{type(error).__name__}: {error.diag.message_primary}")
        for one in change.said:
            _note(errors, one, why, message_id=str(change.before.id))
        return False


def _write_rows(connection: LogConnection, changes: Iterable[_Change]) -> None:
    written = recordset({name: getattr(one.after, name) for name in _COLUMNS} for one in changes)
    rows(connection, "write_rows", rows=written)


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
    """A status without what tells of a person."""
    return {
        "place": place,
        "phone_number_id": update.phone_number_id,
        "wamid": update.wamid,
        "status": update.status,
        "at": update.at.isoformat(),
        "opaque": update.opaque,
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
        errors=tuple(MetaError(**error) for error in said["errors"]),
        pricing=Pricing(**said["pricing"]) if said["pricing"] else None,
    )


def tell_webhook_errors(connection: LogConnection, now: dt.datetime) -> list[str]:
    """What could not be applied and nobody was told of yet, in sentences; whoever asks tells operations."""
    return [
        _in_words(row["why"], row["items"], row["message_id"])
        for row in rows(connection, "tell_webhook_errors", now=now)
    ]


def _in_words(why: str, items: int, message_id: str | None) -> str:
    of = f", such as message {message_id}" if message_id else ""
    if why == Problem.SLOT_RETAKEN:
        return (
            f"told_twice: {items} messages that had failed were delivered after all, when another one had been sent in"
            f" their place (slot_retaken){of}."
        )
    return f"{items} items of webhooks could not be applied ({why}){of}; see webhook_event.errors."
