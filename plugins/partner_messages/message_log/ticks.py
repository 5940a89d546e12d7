"""What a tick writes down: that it began, the stuck runs, the produced quantities, and its counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from psycopg.types.json import Json

from partner_messages.config.pieces import pieces
from partner_messages.message_log.database import LogConnection, of_tick, recordset, rows
from partner_messages.messages.kinds import Census, ReminderKind, StuckRun
from partner_messages.messages.tick import Tick

MADE_BEFORE = dt.timedelta(days=2)
"""How much earlier than its day a tick was made, at most: rows are looked up by when they were made."""
_OF_STUCK = ("production_run_id", "partner_id", "design_id", "since", "quantity", "produced_quantity")
"""What is written down of a stuck run; the rest is asked of the shop again."""


def start_tick(connection: LogConnection, tick: Tick) -> None:
    """Note that a DAG run passed its preflight."""
    of_people = {"by_hand": tick.by_hand, "awaits_approval": tick.awaits_approval}
    rows(connection, "start_tick", **of_tick(tick), delivery=tick.delivery, day=tick.day, now=tick.now, **of_people)


def record_stuck(
    connection: LogConnection, tick: Tick, kind: ReminderKind, stuck: Sequence[StuckRun], *, observed_at: dt.datetime
) -> None:
    """Write what a DAG run found stuck in one kind, in place of what an earlier try of it found.

    Its tasks write one after the other: a try that was taken for dead may still be at work, and a run may change its
    kind between two of them.

    Args:
        connection: The message log.
        tick: The run's tick.
        kind: The kind.
        stuck: What was found.
        observed_at: The wall clock: quantities count only where they were observed on the day itself.
    """
    with connection.transaction():
        rows(connection, "lock_run", dag_run_id=tick.dag_run_id)
        rows(
            connection,
            "forget_stuck",
            dag_run_id=tick.dag_run_id,
            kind=kind,
            found_ids=Json([run.production_run_id for run in stuck]),
        )
        for piece in pieces(stuck):
            rows(
                connection,
                "record_stuck",
                dag_run_id=tick.dag_run_id,
                kind=kind,
                delivery=tick.delivery,
                day=tick.day,
                observed_at=observed_at,
                stuck=recordset({name: getattr(run, name) for name in _OF_STUCK} for run in piece),
            )


def note_quantities(
    connection: LogConnection, started: Sequence[StuckRun], *, now: dt.datetime, observed_at: dt.datetime
) -> None:
    """Note the produced quantities of started runs where they were not known yet or have changed.

    Less than before is a change too: whoever corrects a figure is at work. A quantity that is gone is none, so that a
    fault which takes it away and brings it back is not work twice.

    Args:
        connection: The message log.
        started: The runs as they were just read.
        now: The moment at which they are judged; a change does not count in what is judged at an earlier one.
        observed_at: The wall clock before the shop was read: an older reading than the last one changes nothing.
    """
    for piece in pieces(started):
        readings = [
            {"production_run_id": run.production_run_id, "produced_quantity": run.produced_quantity} for run in piece
        ]
        rows(connection, "note_quantities", now=now, observed_at=observed_at, readings=recordset(readings))


def note_counts(connection: LogConnection, tick: Tick, census: Census, planned: int) -> None:
    """Note what the tick inspected and planned, for its summary and for later ticks' blast radius."""
    rows(
        connection,
        "note_counts",
        tick_id=tick.id,
        inspected=census.inspected,
        no_partner=len(census.without_partner),
        planned=planned,
    )


def told_figures(connection: LogConnection, tick: Tick) -> str | None:
    """A mark of the last figures about the tick's DAG run that operations were told; None where they were told none."""
    found = rows(connection, "told_figures", dag_id=tick.dag_id, dag_run_id=tick.dag_run_id)
    return found[0]["told_figures"] if found else None


def note_summary_told(connection: LogConnection, tick: Tick, figures: str) -> None:
    """Note which figures operations were told."""
    rows(connection, "note_summary_told", tick_id=tick.id, figures=figures)
