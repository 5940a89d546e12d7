"""What the message log already knows, as planning needs it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from partner_messages.messages.database import LogConnection, rows
from partner_messages.messages.values import SlotHolder
from partner_messages.reminders.followup import Followed
from partner_messages.runs.kinds import ReminderKind, StuckRun
from partner_messages.tick import Tick


def stuck_of_run(connection: LogConnection, dag_run_id: str) -> list[StuckRun]:
    """What this DAG run's `find_stuck_runs` tasks wrote down, oldest first."""
    return [
        StuckRun(**{**row, "kind": ReminderKind(row["kind"])})
        for row in rows(connection, "stuck_of_run", dag_run_id=dag_run_id)
    ]


def slot_holders(connection: LogConnection, tick: Tick, production_run_ids: Sequence[str]) -> dict[str, SlotHolder]:
    """Which messages hold the slots of the tick's day, by production run id."""
    found = rows(
        connection, "slot_holders", delivery=tick.delivery, day=tick.day, production_run_ids=list(production_run_ids)
    )
    return {row["production_run_id"]: SlotHolder(row["id"], row["status"], str(row["tick_id"])) for row in found}


def refused_phones(connection: LogConnection, tick: Tick, codes: Iterable[int]) -> frozenset[str]:
    """The numbers that Meta refused on the tick's day with one of these codes."""
    found = rows(connection, "refused_phones", delivery=tick.delivery, day=tick.day, codes=sorted(codes))
    return frozenset(row["to_phone"] for row in found)


def last_reminded(connection: LogConnection, tick: Tick, production_run_ids: Sequence[str]) -> dict[str, dt.date]:
    """The last day before the tick's on which each run was reminded; a run never reminded is absent."""
    found = rows(
        connection, "last_reminded", delivery=tick.delivery, day=tick.day, production_run_ids=list(production_run_ids)
    )
    return {row["production_run_id"]: row["day"] for row in found}


def recent_sizes(connection: LogConnection, tick: Tick) -> list[int]:
    """How many messages each of the last ten ticks of this delivery planned."""
    found = rows(connection, "recent_sizes", dag_id=tick.dag_id, delivery=tick.delivery, dag_run_id=tick.dag_run_id)
    return [row["planned"] for row in found]


def to_follow_up(connection: LogConnection, tick: Tick) -> list[Followed]:
    """The tick's reminders and assignments that Meta took (or that were rehearsed) and that nothing follows yet."""
    found = rows(connection, "to_follow_up", dag_id=tick.dag_id, dag_run_id=tick.dag_run_id, tick_id=tick.id)
    return [Followed(**row) for row in found]
