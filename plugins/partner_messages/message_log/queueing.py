"""Writes decisions into the message log: a message is a row before it is a request (docs/design.md, decision 3)."""

from __future__ import annotations

import datetime as dt
import itertools
import sys
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from psycopg.types.json import Jsonb

from partner_messages.config.pieces import pieces
from partner_messages.message_log.database import (
    LogConnection,
    MessageLogError,
    each_row,
    of_history,
    of_tick,
    recordset,
    rows,
)
from partner_messages.message_log.history import event_holders, slot_holders
from partner_messages.message_log.outbox import end_expired_claims
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Draft, QueuedMessage

WORDED_AT_ONCE = 500
"""Drafts that have their words at once, at most: with its texts, as a value and as JSON, each is ten times as large."""
_COLUMNS = tuple(column.name for column in fields(Draft))


def _as_it_is(draft: Draft) -> Draft:
    return draft


def write_drafts(
    connection: LogConnection, tick: Tick, drafts: Sequence[Draft], worded: Callable[[Draft], Draft] = _as_it_is
) -> bool:
    """Write what planning decided, all or nothing: adopt what is queued, queue what is new, record every skip.

    What another message holds by then (a race between two DAG runs) becomes a skipped duplicate that names it.

    Args:
        connection: The message log.
        tick: The tick.
        drafts: What was decided.
        worded: Gives a draft its words, where it has none yet.

    Returns:
        Whether everything found its place. A digest that lost one run has lost them all, and a digest that was to be
        taken over may have been claimed: planning again finds a place for the other runs.
    """
    with connection.transaction():
        adopted = _adopt(connection, tick, drafts, worded)
        missed = any(draft.adopts and draft.id not in adopted for draft in drafts)
        rest = [draft for draft in drafts if not (draft.adopts or draft.id in adopted)]
        skips = [draft for draft in rest if draft.skip_reason]
        # In one order over all pieces, so that two DAG runs that plan at once do not deadlock.
        messages = sorted((draft for draft in rest if not draft.skip_reason), key=lambda one: one.production_run_ids)
        lost: list[Draft] = []
        for piece in pieces(messages, WORDED_AT_ONCE):
            queued = _queue(connection, tick, [*map(worded, piece)])
            lost += [draft for draft in piece if draft.id not in queued]
        skips += _as_duplicates(connection, tick, lost)
        for piece in pieces(skips, WORDED_AT_ONCE):
            rows(connection, "record_skips", **_tick_parameters(tick), drafts=_records(map(worded, piece)))
    return not missed and all(draft.message_kind != "digest" for draft in lost)


def reword(
    connection: LogConnection, tick: Tick, id_: uuid.UUID, words: Mapping[str, Any], gone: Sequence[Draft]
) -> bool:
    """Word a message anew while it is queued and this tick's, and let runs leave it.

    Args:
        connection: The message log.
        tick: The tick.
        id_: The message.
        words: Its variables and its text.
        gone: A skip for each run that it speaks of no more, which is recorded; the run's slot is free again.

    Returns:
        Whether it was still queued; else nothing was changed.
    """
    with connection.transaction():
        variables, body_text = Jsonb(words["variables"]), words["body_text"]
        if not rows(connection, "reword", id=id_, tick_id=tick.id, variables=variables, body_text=body_text):
            return False
        run_ids = [draft.production_run_id for draft in gone]
        rows(connection, "leave_digest", id=id_, production_run_ids=run_ids)
        rows(connection, "record_skips", **_tick_parameters(tick), drafts=_records(gone))
    return True


def _adopt(
    connection: LogConnection, tick: Tick, drafts: Sequence[Draft], worded: Callable[[Draft], Draft]
) -> set[uuid.UUID]:
    """Take over what is queued in the drafts' contexts; return the ids of those drafts."""
    # Most days nothing is queued yet; then the drafts with their texts need not be sent to the database.
    free: dict[str, set[str]] = defaultdict(set)
    for draft in drafts:
        free[draft.context_type].add(draft.context_id)
    for row in each_row(connection, "queued_contexts", **of_history(tick), day=tick.day):
        free[row["context_type"]].discard(row["context_id"])
    known = [draft for draft in drafts if draft.context_id not in free[draft.context_type]]
    adopted: set[uuid.UUID] = set()
    for piece in pieces(sorted(known, key=lambda draft: draft.context_id), WORDED_AT_ONCE):
        drafts_of_piece = _records(map(worded, piece))
        adopted |= _ids(rows(connection, "adopt", **_tick_parameters(tick), drafts=drafts_of_piece), "draft_id")
    return adopted


def _queue(connection: LogConnection, tick: Tick, drafts: Sequence[Draft]) -> set[uuid.UUID]:
    """Queue the drafts whose runs all have a free slot and whose context is free; return their ids."""
    parameters = _tick_parameters(tick)
    taken: dict[uuid.UUID, set[str]] = {}
    slots = _records(drafts, "id", "day", "message_kind", "production_run_ids")
    for row in rows(connection, "take_slots", **parameters, drafts=slots):
        taken.setdefault(row["message_id"], set()).add(row["production_run_id"])
    won = [draft for draft in drafts if taken.get(draft.id, set()) == set(draft.production_run_ids)]
    queued = _ids(rows(connection, "queue", **parameters, drafts=_records(won)), "id")
    if given_back := taken.keys() - queued:
        rows(connection, "give_back_slots", ids=list(given_back))
    return queued


def _as_duplicates(connection: LogConnection, tick: Tick, lost: Sequence[Draft]) -> list[Draft]:
    duplicates = []
    for day, of_day in itertools.groupby(sorted(lost, key=_day_in(tick)), key=_day_in(tick)):
        drafts = list(of_day)
        run_ids = [id_ for draft in drafts for id_ in draft.production_run_ids]
        slots = slot_holders(connection, replace(tick, day=day), run_ids, tick.now)
        by_event_id, by_context = event_holders(connection, tick, drafts)
        for draft in drafts:
            in_slot = next((slots[id_].id for id_ in draft.production_run_ids if id_ in slots), None)
            of_event = by_event_id.get(draft.event_id or "") or by_context.get(draft.context_id)
            holder = of_event.id if of_event else None if draft.message_kind == "event" else in_slot
            if holder is None:  # Whoever held the slot has just given it up.
                raise MessageLogError(
                    f"The slot of {draft.context_id} changed hands while planning; planning again will do."
                )
            duplicates.append(replace(draft, skip_reason=SkipReason.DUPLICATE, duplicate_of=holder))
    return duplicates


def _day_in(tick: Tick) -> Callable[[Draft], dt.date]:
    return lambda draft: draft.day or tick.day


def withdraw_reminders(connection: LogConnection, tick: Tick, production_run_ids: Sequence[str]) -> int:
    """Withdraw the day's queued reminders of runs that have ended; return how many there were."""
    if not production_run_ids:
        return 0
    found = rows(
        connection,
        "withdraw_reminders",
        **of_history(tick),
        day=tick.day,
        production_run_ids=list(production_run_ids),
    )
    return len(found)


def queued_of_tick(
    connection: LogConnection, tick: Tick, *, now: dt.datetime, followups: bool = False
) -> list[QueuedMessage]:
    """What the tick has queued and can send now, grouped by sender.

    Args:
        connection: The message log.
        tick: The tick.
        now: The moment at which a message is due, or held until later.
        followups: Whether what follows its messages is asked for, instead of the messages.
    """
    found = each_row(
        connection,
        "queued_of_tick",
        **of_tick(tick),
        followups=followups,
        now=now,
    )
    return [
        QueuedMessage(
            id=str(row["id"]),
            # As in `stuck_of_run`: the driver makes a new string for each row.
            sender=sys.intern(row["sender"]),
            about="follow-up" if followups else sys.intern(row["about"]),
            partner_name=sys.intern(row["partner_name"] or ""),
            design_name=sys.intern(row["design_name"]),
        )
        for row in found
    ]


def release(connection: LogConnection, tick: Tick, *, now: dt.datetime, in_send_window: bool) -> int:
    """Hand the live messages of the tick's day that have come due to the tick; return how many there were."""
    return len(rows(connection, "release", **of_tick(tick), day=tick.day, now=now, in_send_window=in_send_window))


def sweep(connection: LogConnection, today: dt.date, lease: dt.timedelta) -> dict[str, int]:
    """Expire queued messages of past days and end expired claims; return how many messages of each.

    A message whose claim has expired becomes unknown if its request may have left, and is queued again if not.
    """
    unknown, queued = end_expired_claims(connection, lease)
    expired = rows(connection, "sweep", today=today)
    return {"expired": len(expired), "unknown": unknown, "queued again": queued}


def _tick_parameters(tick: Tick) -> dict[str, Any]:
    return {**of_tick(tick), **of_history(tick), "day": tick.day}


def _records(drafts: Iterable[Draft], *columns: str) -> Any:
    """Drafts as one parameter: all of their columns, or those that the statement reads; a missing one is null."""
    return recordset({name: getattr(draft, name) for name in columns or _COLUMNS} for draft in drafts)


def _ids(found: Iterable[dict[str, Any]], column: str) -> set[uuid.UUID]:
    return {row[column] for row in found}
