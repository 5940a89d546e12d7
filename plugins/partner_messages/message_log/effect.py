"""What came of the messages: each day is counted once all is known of it, so that no page counts a million rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from partner_messages.config import dag_ids
from partner_messages.config.schedule import SCHEDULE_TIMEZONE, day_of
from partner_messages.message_log.database import LogConnection, of_history, recordset, rows
from partner_messages.message_log.ticks import MADE_BEFORE
from partner_messages.messages.tick import Tick

LONGEST = 90
"""Days before today that a page shows, at most."""
AT_ONCE = 10
"""Days that are counted at once; `message_log_upkeep` runs 96 times a day."""
TICKS = 10
"""Scheduled ticks after a reminder within which a move of its run is counted."""
LAST_NUMBER = 10
"""Which reminder of a stall stands for all later ones, too."""
CASE_TICKS = 5
"""Scheduled ticks within which a case of the comparison has moved or has not."""
_AFTER = dt.timedelta(days=45)
"""How long after a day the last of the ticks comes that shows whether its runs have moved."""


TakenAway: TypeAlias = Callable[[Collection[str]], Collection[str]]
"""Says which of some runs the shop has deleted or cancelled: those have not moved."""


def count_what_came_of_it(connection: LogConnection, now: dt.datetime, taken_away: TakenAway) -> int:
    """Count the days of which more has come to be known; return how many there were.

    Args:
        connection: The message log.
        now: The wall clock.
        taken_away: Asked once a day that is counted.
    """
    today = day_of(now)
    first = today - dt.timedelta(days=LONGEST)
    found = rows(connection, "days_to_count", first_day=first, day=today, now=now, at_most=AT_ONCE)
    for row in found:
        _count_day(connection, row["day"], now, taken_away)
    ticks = _ticks(today - _AFTER, today + MADE_BEFORE)
    gone = sorted(taken_away(runs_to_judge(connection, today)))
    rows(connection, "judge_cases", **ticks, within=CASE_TICKS, taken_away=gone)
    return len(found)


def runs_to_judge(connection: LogConnection, day: dt.date) -> list[str]:
    """The runs that a day's live ticks have found stuck, and those of the open cases of the comparison."""
    found = rows(connection, "runs_to_judge", dag_id=dag_ids.REMINDERS, day=day, since=day - MADE_BEFORE)
    return [row["production_run_id"] for row in found]


def _count_day(connection: LogConnection, day: dt.date, now: dt.datetime, taken_away: TakenAway) -> None:
    gone = sorted(taken_away(runs_to_judge(connection, day)))
    with connection.transaction():
        rows(connection, "note_counted_day", day=day, now=now)
        rows(connection, "forget_counts", day=day)
        rows(connection, "count_messages", day=day)
        rows(
            connection,
            "count_moves",
            **_ticks(day, day + _AFTER),
            day=day,
            within=TICKS,
            taken_away=gone,
            last_number=LAST_NUMBER,
            timezone=SCHEDULE_TIMEZONE.key,
        )


def _ticks(first: dt.date, last: dt.date) -> dict[str, Any]:
    return {"dag_id": dag_ids.REMINDERS, "since": first - MADE_BEFORE, "until": last}


def write_cases(connection: LogConnection, tick: Tick, cases: Iterable[Mapping[str, Any]]) -> None:
    """Write down what a live tick adds to the comparison (columns of `trial_case`)."""
    if records := list(cases):
        rows(connection, "write_cases", day=tick.day, cases=recordset(records))


def stood_before(connection: LogConnection, tick: Tick) -> frozenset[str]:
    """Which runs that this DAG run found stuck are not in their first stall, or have a promise."""
    found = rows(connection, "stood_before", dag_run_id=tick.dag_run_id, delivery=tick.delivery, day=tick.day)
    return frozenset(row["production_run_id"] for row in found)


def days_held_back(
    connection: LogConnection, tick: Tick, *, with_today: bool = False
) -> dict[str, tuple[dt.date, ...]]:
    """On which days the reminders of what this DAG run found stuck were held back in its present stall, in order.

    Args:
        connection: The message log.
        tick: The tick.
        with_today: Whether the tick's own day counts too, or only those before it.
    """
    until = tick.day + dt.timedelta(days=with_today)
    found = rows(
        connection,
        "days_held_back",
        dag_run_id=tick.dag_run_id,
        **of_history(tick),
        day=until,
        timezone=SCHEDULE_TIMEZONE.key,
    )
    return {row["production_run_id"]: tuple(row["days"]) for row in found}


def held_back_since(connection: LogConnection, production_run_id: str) -> dt.date | None:
    """Since when the reminders of a run are held back in its last live stall; None where none were."""
    (found,) = rows(connection, "held_back_since", run=production_run_id, timezone=SCHEDULE_TIMEZONE.key)
    day: dt.date | None = found["day"]
    return day


def as_if_reminded(
    reminded: Mapping[str, Sequence[dt.date]], held_back: Mapping[str, Sequence[dt.date]]
) -> Mapping[str, Sequence[dt.date]]:
    """The days of each run's reminders as if none had been held back: what follows them is the same for all."""
    if not held_back:
        return reminded
    return {id_: tuple(sorted({*reminded.get(id_, ()), *held_back.get(id_, ())})) for id_ in {**reminded, **held_back}}
