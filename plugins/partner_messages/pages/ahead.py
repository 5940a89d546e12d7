"""When a run would be reminded in the next four weeks if nothing changed, by the planner's own rules."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from partner_messages.config import dag_ids
from partner_messages.config.schedule import SCHEDULE_TIMEZONE, TICK_TIME, day_of
from partner_messages.config.settings import Settings
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.message_log.left_alone import ByHand, left_alone
from partner_messages.message_log.promises import open_promises
from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.tick import Tick
from partner_messages.planning.left_alone import LeftAlone
from partner_messages.planning.reminders.policy import Policy

DAYS = 28


@dataclass(frozen=True)
class Ahead:
    """The next four weeks of one run.

    Attributes:
        days: On which it would be reminded.
        ends: Why no more would follow; None where they would go on.
    """

    days: Sequence[dt.date] = ()
    ends: str | None = None


def days_ahead(
    run: StuckRun,
    reminded: Sequence[dt.date],
    policy: Policy,
    after: dt.date,
    *,
    promised_until: dt.date | None = None,
    by_hand: Sequence[ByHand] = (),
) -> Ahead:
    """The days on which ticks would remind of a run that does not move.

    Args:
        run: The run, as it was last found.
        reminded: The days of its reminders that count, in order.
        policy: The settings that decide who is due.
        after: The day after which it is asked.
        promised_until: By which day its partner has said that it moves.
        by_hand: Who, and which runs, people have left alone.
    """
    left_alone = LeftAlone(policy.settings, by_hand)
    days, so_far, calendar = list[dt.date](), list(reminded), policy.calendar_for(run.partner_id)
    for number in range(1, DAYS + 1):
        day = after + dt.timedelta(days=number)
        due = _tick_of(day)
        if not calendar.is_sending_day(day) or (promised_until and day <= promised_until):
            continue
        if run.partner_id in left_alone.partners_on(day) or run.production_run_id in left_alone.runs_on(day):
            continue
        if policy.is_used_up(run, so_far):
            return Ahead(days, "Then setting max_reminders allows no more, and a person is called.")
        if policy.overdue([run], now=due.now) and policy.next_due(run, so_far, due) is None:
            days.append(day)
            so_far.append(day)
    return Ahead(days)


def _tick_of(day: dt.date) -> Tick:
    now = dt.datetime.combine(day, TICK_TIME, SCHEDULE_TIMEZONE)
    return Tick(str(uuid.UUID(int=0)), dag_ids.REMINDERS, "", "live", "auto", day, now)


def last_found(connection: LogConnection, run: str, settings: Settings, now: dt.datetime) -> Ahead | None:
    """The next four weeks of a run that the last tick found stuck; None for another one."""
    found = rows(connection, "last_found", run=run, timezone=SCHEDULE_TIMEZONE.key)
    if not found or not found[0]["partner_id"]:
        return None
    row = dict(found[0])
    today, policy = day_of(now), Policy.of(settings)
    if policy.calendar.sending_days(row.pop("day"), today) > 1:
        return None
    reminded = row.pop("reminded") or []
    promise = open_promises(connection, [run]).get(run)
    stuck = StuckRun(**{**row, "kind": ReminderKind(row["kind"])})
    return days_ahead(
        *(stuck, reminded, policy, today),
        promised_until=promise.due_on if promise else None,
        by_hand=left_alone(connection, today),
    )
