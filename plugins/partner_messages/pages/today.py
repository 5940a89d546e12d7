"""A day at a glance: what the ticks found, what became of it, and what stands in the way of sending."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from partner_messages.config import dag_ids
from partner_messages.config.calendars import calendar_of
from partner_messages.config.schedule import SCHEDULE_TIMEZONE, TICK_TIME, day_of
from partner_messages.config.sending_days import Calendar
from partner_messages.config.settings import Settings
from partner_messages.message_log.before import scheduled_tick, standing_holds, waiting_messages
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.message_log.history import ends_of_day
from partner_messages.message_log.ticks import MADE_BEFORE
from partner_messages.messages.statuses import TAKEN_BY_META, MessageStatus
from partner_messages.messages.tick import Halt
from partner_messages.pages.outcomes import cost_of
from partner_messages.pages.words import STUCK, counted

WIDTH = 1000
"""Of a bar, in its own units."""

SEGMENTS = ("read", "delivered", "sent", "rehearsed", "queued", "sending", "unknown", "failed", "skipped", "undecided")
"""The states in the order of a bar: from what has reached somebody to what nobody knows of."""
REACHED_META = TAKEN_BY_META | {MessageStatus.REHEARSED}


@dataclass(frozen=True)
class Segment:
    """A part of a bar.

    Attributes:
        status: The state that it stands for.
        runs: How many runs are in it.
        x: Where it begins.
        width: How wide it is, of `WIDTH`.
    """

    status: str
    runs: int
    x: float
    width: float


@dataclass(frozen=True)
class Kind:
    """What became of the runs of one kind.

    Attributes:
        name: The kind.
        statuses: Runs by state; they add up to what was found.
        reasons: Runs that got no message, by reason, the most frequent first.
    """

    name: str
    statuses: Mapping[str, int]
    reasons: Mapping[str, int]

    @property
    def found(self) -> int:
        """How many were found."""
        return sum(self.statuses.values())

    @property
    def told(self) -> int:
        """For how many Meta has taken a message."""
        return sum(number for status, number in self.statuses.items() if status in REACHED_META)

    def bar(self, longest: int) -> list[Segment]:
        """The parts of its bar, where the longest bar stands for so many runs."""
        x, parts = 0.0, []
        for status in SEGMENTS:
            if runs := self.statuses.get(status, 0):
                width = WIDTH * runs / longest
                parts.append(Segment(status, runs, x, width))
                x += width
        return parts


def kinds_of(ends: Iterable[Mapping[str, Any]]) -> list[Kind]:
    """What became of a day's runs, by kind (rows of `ends_of_day`)."""
    statuses: dict[str, dict[str, int]] = {kind: {} for kind in STUCK}
    reasons: dict[str, dict[str, int]] = {kind: {} for kind in STUCK}
    for row in ends:
        for counts, name in ((statuses, row["status"]), (reasons, row["skip_reason"])):
            if name:
                of_kind = counts.setdefault(row["kind"], {})
                of_kind[name] = of_kind.get(name, 0) + row["runs"]
    return [
        Kind(name, counts, dict(sorted(reasons.get(name, {}).items(), key=lambda one: -one[1])))
        for name, counts in statuses.items()
    ]


def sentence(kinds: Sequence[Kind]) -> str:
    """A day in one sentence, whose numbers add up."""
    total: dict[str, int] = {}
    for kind in kinds:
        for status, number in kind.statuses.items():
            total[status] = total.get(status, 0) + number
    found = sum(total.values())
    if not found:
        return "No run was found stuck."
    taken = sum(total.get(status, 0) for status in TAKEN_BY_META)
    parts = []
    if taken:
        reached = total.get("read", 0) + total.get("delivered", 0)
        parts.append(
            f"{taken:,} reminded ({reached:,} delivered, of which {total.get('read', 0):,} read;"
            f" {total.get('sent', 0):,} accepted by Meta and no word yet)"
        )
    waiting = total.get("queued", 0) + total.get("sending", 0)
    for number, text in (
        (total.get("rehearsed", 0), "rehearsed and not sent"),
        (waiting, "waiting to be sent"),
        (total.get("failed", 0), "failed"),
        (total.get("unknown", 0), "not known to have arrived or not"),
        (total.get("skipped", 0), "not written to, each for a reason"),
        (total.get("undecided", 0), "about which nothing was decided"),
    ):
        if number:
            parts.append(f"{number:,} {text}")
    return f"{counted(found, 'run was', 'runs were')} found stuck: {', '.join(parts)}."


def missing_tick(
    day: dt.date, now: dt.datetime, calendar: Calendar, settings: Settings, *, planned: bool, hold: Halt | None = None
) -> str | None:
    """Why a day has no tick, or that one is missing; None where it has one, or its hour has not come.

    Args:
        day: The day.
        now: The wall clock.
        calendar: The sending days.
        settings: The settings.
        planned: Whether one has planned on that day.
        hold: Who holds its tick, if anybody does.
    """
    if hold:
        return f"THE TICK IS HELD {hold}"
    if planned:
        return None
    if holiday := calendar.holiday(day):
        return f"No tick: {day} is a holiday ({holiday})."
    if not calendar.is_sending_day(day):
        return "No tick: there are none on weekends."
    due = dt.datetime.combine(day, TICK_TIME, SCHEDULE_TIMEZONE)
    if now < due:
        return f"The tick is at {TICK_TIME:%H:%M}."
    if now < due + dt.timedelta(minutes=settings.tick_grace):
        return "The tick is due and has not planned yet."
    return (
        "THE TICK DID NOT HAPPEN: nobody was reminded on this day. Look at the DAG's runs, or trigger it by hand today."
    )


def next_tick(now: dt.datetime, calendar: Calendar) -> dt.datetime:
    """When the next tick is."""
    today = day_of(now)
    due = dt.datetime.combine(today, TICK_TIME, SCHEDULE_TIMEZONE)
    if calendar.is_sending_day(today) and now < due:
        return due
    return dt.datetime.combine(calendar.sending_day(1, after=today), TICK_TIME, SCHEDULE_TIMEZONE)


def billed_to(connection: LogConnection, day: dt.date) -> Iterator[tuple[str, str | None, int]]:
    """What Meta bills of a day's messages: category, phone (none where it is not kept any more), messages."""
    for row in rows(connection, "billed_to", day=day):
        yield row["category"] or "", row["phone"], row["messages"]


def today(
    connection: LogConnection, day: dt.date, delivery: str | None, now: dt.datetime, settings: Settings
) -> dict[str, Any]:
    """What the page shows of a day; unless a delivery is asked for, of its live ticks, if it had any."""
    calendar = calendar_of(settings)
    asked = {"dag_id": dag_ids.REMINDERS, "day": day, "since": day - MADE_BEFORE}
    ticks = rows(connection, "ticks_of_day", **asked)
    delivery = delivery or ("live" if any(one["delivery"] == "live" for one in ticks) else settings.delivery)
    kinds = kinds_of(ends_of_day(connection, dag_ids.REMINDERS, delivery, day))
    hold = standing_holds(connection, day, day).get(day)
    tick = scheduled_tick(connection, day)
    planned = any(one["planned"] is not None and one["delivery"] == delivery for one in ticks)
    return {
        "day": day,
        "delivery": delivery,
        "kinds": kinds,
        "longest": max((kind.found for kind in kinds), default=0) or 1,
        "width": WIDTH,
        "sentence": sentence(kinds),
        "missing": missing_tick(day, now, calendar, settings, planned=planned, hold=hold),
        "waits": len(waiting_messages(connection, tick["dag_run_id"], tick["id"]))
        if tick and tick["awaits_approval"] and day == day_of(now)
        else None,
        "until": settings.approve_until,
        "ticks": ticks,
        "others": rows(connection, "messages_of_day", delivery=delivery, day=day),
        "billed": rows(connection, "billed_on_day", day=day),
        "cost": cost_of(billed_to(connection, day), settings.prices),
        "senders": rows(connection, "senders_of_day", day=day),
        "before": day - dt.timedelta(days=1),
        "after": day + dt.timedelta(days=1) if day < day_of(now) else None,
        "next_tick": next_tick(now, calendar),
    }
