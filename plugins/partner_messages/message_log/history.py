"""What the message log already knows, as planning needs it."""

from __future__ import annotations

import datetime as dt
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from psycopg.rows import DictRow

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.message_log.database import LogConnection, each_row, of_history, of_tick, rows
from partner_messages.message_log.ticks import MADE_BEFORE
from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Draft, EventHolder, Followed, SlotHolder, StandingDigest

_NAMED_AGAIN = ("production_run_id", "partner_id", "design_id")
FOLLOWED_AT_ONCE = 10_000
"""Messages that are looked at together to see what follows them; the shop's inbox is read once for each such piece."""


def stuck_of_run(connection: LogConnection, dag_run_id: str) -> list[StuckRun]:
    """What this DAG run's `find_stuck_runs` tasks wrote down, oldest first."""
    return [
        StuckRun(
            **{
                **row,
                "kind": ReminderKind(row["kind"]),
                # The driver makes a new string for each row; 100,000 rows name only a few partners, and what is read
                # about their runs names these again.
                **{name: row[name] and sys.intern(row[name]) for name in _NAMED_AGAIN},
            }
        )
        for row in each_row(connection, "stuck_of_run", dag_run_id=dag_run_id)
    ]


def quantity_changes(
    connection: LogConnection, production_run_ids: Iterable[str], *, now: dt.datetime
) -> dict[str, dt.datetime]:
    """When each run's produced quantity was last seen to change, as far as was known at `now`.

    The quantity that was seen first is no change. A run without a change is absent.
    """
    found = rows(connection, "quantity_changes", production_run_ids=list(production_run_ids), now=now)
    return {row["production_run_id"]: row["changed_at"] for row in found}


def slot_holders(
    connection: LogConnection, tick: Tick, production_run_ids: Sequence[str], now: dt.datetime
) -> dict[str, SlotHolder]:
    """Which messages hold the slots of the tick's day, by production run id.

    Args:
        connection: The message log.
        tick: The tick.
        production_run_ids: The runs.
        now: The moment by which messages wait or not.
    """
    ids = {id_: id_ for id_ in production_run_ids}  # The driver makes a new string for each row.
    found = each_row(
        connection, "slot_holders", **of_history(tick), day=tick.day, production_run_ids=list(ids), now=now
    )
    return {
        ids[row["production_run_id"]]: SlotHolder(
            row["id"], sys.intern(row["status"]), sys.intern(str(row["tick_id"])), row["asked_by_event"], row["waits"]
        )
        for row in found
    }


def standing_digests(connection: LogConnection, tick: Tick) -> list[StandingDigest]:
    """The digests that hold their contexts on the tick's day."""
    return [
        StandingDigest(**{**row, "production_run_ids": frozenset(row["production_run_ids"])})
        for row in rows(connection, "standing_digests", **of_history(tick), day=tick.day)
    ]


def spoken_of(connection: LogConnection, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[str, ...]]:
    """Of which runs each of these messages speaks."""
    found = rows(connection, "spoken_of", ids=list(ids))
    return {row["message_id"]: tuple(row["production_run_ids"]) for row in found}


def event_holders(
    connection: LogConnection, tick: Tick, drafts: Iterable[Draft], *, due: dt.datetime | None = None
) -> tuple[dict[str, EventHolder], dict[str, EventHolder]]:
    """The messages that stand in the way of these drafts of events.

    Args:
        connection: The message log.
        tick: The tick.
        drafts: The drafts.
        due: When the tick's DAG run was due: cleared hours later, it has nothing to tell that was told since then.

    Returns:
        By the event's id, whenever it was; and by context, where it was decided less than an hour from the draft, or
        since the DAG run was due.
    """
    by_event_id: dict[str, EventHolder] = {}
    by_context: dict[str, EventHolder] = {}
    asked = [draft for draft in drafts if draft.event_name and draft.decided_at]
    if not asked:
        return by_event_id, by_context
    found = rows(
        connection,
        "event_holders",
        dag_run_id=tick.dag_run_id,
        **of_history(tick),
        due=due,
        event_ids=[draft.event_id for draft in asked if draft.event_id],
        context_ids=[draft.context_id for draft in asked if draft.message_kind == "event"],
        at=max(draft.decided_at for draft in asked if draft.decided_at),
    )
    for row in found:
        holder = EventHolder(row["id"], row["status"], row["dag_run_id"])
        if row["event_id"]:
            by_event_id[row["event_id"]] = holder
        if row["holds_context"]:
            by_context[row["context_id"]] = holder
    return by_event_id, by_context


def refused_phones(connection: LogConnection, tick: Tick, codes: Iterable[int]) -> frozenset[str]:
    """The numbers that Meta refused on the tick's day with one of these codes."""
    found = rows(connection, "refused_phones", delivery=tick.delivery, day=tick.day, codes=sorted(codes))
    return frozenset(row["to_phone"] for row in found)


def asked_by_events(connection: LogConnection, tick: Tick) -> frozenset[str]:
    """The runs of which an event asked for a reminder on the tick's day, whatever became of it."""
    found = rows(connection, "asked_by_events", **of_history(tick), day=tick.day)
    return frozenset(row["production_run_id"] for row in found)


def last_reminded(connection: LogConnection, tick: Tick, production_run_ids: Sequence[str]) -> dict[str, dt.date]:
    """The last day before the tick's on which each run was reminded; a run never reminded is absent."""
    found = rows(
        connection, "last_reminded", **of_history(tick), day=tick.day, production_run_ids=list(production_run_ids)
    )
    return {row["production_run_id"]: row["day"] for row in found}


def days_reminded(connection: LogConnection, tick: Tick, *, with_today: bool = False) -> dict[str, tuple[dt.date, ...]]:
    """The days on which the partners of what this DAG run found stuck were reminded in its present kind, in order.

    What counts is what Meta took (unknown counts) and did not later report as failed, in the tick's own delivery: a dry
    run counts its own rehearsals and nothing else does. Every run of a digest was reminded by it. A run that was found
    in another kind or with another partner since then starts again; one never reminded is absent. Of the day on
    which a run's clock began, what was reminded of before that moment does not count; earlier days are the caller's.

    Args:
        connection: The message log.
        tick: The tick.
        with_today: Whether the tick's own day counts too (after sending), or only those before it.
    """
    until = tick.day + dt.timedelta(days=with_today)
    found = each_row(
        connection,
        "days_reminded",
        **{"dag_run_id": tick.dag_run_id, **of_history(tick), "day": until},
        timezone=SCHEDULE_TIMEZONE.key,
    )
    days: dict[dt.date, dt.date] = {}
    return {
        sys.intern(row["production_run_id"]): tuple(days.setdefault(day, day) for day in row["days"]) for row in found
    }


def recent_sizes(connection: LogConnection, tick: Tick) -> list[int]:
    """How many messages the largest tick of each of the last ten days of this delivery planned, last day first."""
    found = rows(connection, "recent_sizes", dag_id=tick.dag_id, delivery=tick.delivery, dag_run_id=tick.dag_run_id)
    return [row["planned"] for row in found]


def to_follow_up(connection: LogConnection, tick: Tick, *, of_all: bool = False) -> Iterator[list[Followed]]:
    """The reminders and assignments that Meta took (or that were rehearsed) on a day, and that nothing follows yet.

    They come in pieces, so that those of 100,000 reminders need not be in memory at once.

    Args:
        connection: The message log.
        tick: Those of its DAG run are asked for, whichever pass of it has sent them.
        of_all: Whether those that other runs have left behind are, too.
    """
    asked = {**of_tick(tick), "delivery": tick.delivery, "day": tick.day, "of_all": of_all, "at_most": FOLLOWED_AT_ONCE}
    last = {"context_id": "", "id": uuid.UUID(int=0)}
    while found := rows(
        connection, "to_follow_up", **asked, after_context=last["context_id"], after_message=last["id"]
    ):
        yield [Followed(**row) for row in found]
        last = found[-1]


def note_not_followed(connection: LogConnection, ids: Sequence[uuid.UUID], reason: SkipReason) -> None:
    """Note that no follow-up is sent for these messages, and why."""
    rows(connection, "note_not_followed", ids=list(ids), reason=reason)


def ends_of_day(connection: LogConnection, dag_id: str, delivery: str, day: dt.date) -> list[DictRow]:
    """What became of the runs that a day's ticks found stuck: `kind`, `status`, `skip_reason` and how many `runs`."""
    return rows(connection, "ends_of_day", **_ticks_of(dag_id, delivery, day))


def messages_of_ends(
    connection: LogConnection,
    dag_id: str,
    delivery: str,
    day: dt.date,
    kind: str,
    status: str | None,
    reason: str | None,
) -> list[DictRow]:
    """Each run of a kind that a day's ticks found stuck, by `production_run_id`, with the `id` of its message.

    A status and a reason, where they are given, leave only the runs that ended so. `ends_of_day` counts the same runs.
    """
    asked = _ticks_of(dag_id, delivery, day)
    return rows(connection, "messages_of_ends", **asked, kind=kind, status=status, reason=reason)


def _ticks_of(dag_id: str, delivery: str, day: dt.date) -> dict[str, Any]:
    return {"dag_id": dag_id, "delivery": delivery, "day": day, "since": day - MADE_BEFORE}
