"""What reminders are to do, told once more in the plainest way: days are counted one by one, nothing is remembered.

It shares no line with the package, so that the two can be held against each other (`test_weeks_of_ticks`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

INDIA, ITALY = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Rome")
KINDS = {"sent": "assignment_pending", "accepted": "not_started", "started": "idle"}
"""In which kind a run is stuck, by its state; in every other state it waits for nobody."""
HOURS = {"assignment_pending": 24, "not_started": 24, "idle": 72}
DAY = dt.timedelta(days=1)
TAKEN = ("sent", "delivered", "read", "unknown")
"""The statuses of a message that counts as a reminder."""


@dataclass(frozen=True)
class Rules:
    """The settings, as far as they are changed here; by their names."""

    cadence: str | tuple[int, ...] | dict[str, Any] = "daily"
    digest: bool = False
    max_reminders: int | None = None
    escalate_after: int | None = 7
    holidays_added: frozenset[dt.date] = frozenset()
    patient: frozenset[str] = frozenset()
    paused: dict[str, dt.date] = field(default_factory=dict)

    def is_paused(self, partner_id: str, day: dt.date) -> bool:
        """Whether nothing is written to a partner on a day."""
        return partner_id in self.paused and day < self.paused[partner_id]

    def is_sending_day(self, day: dt.date) -> bool:
        """Whether a day is neither of a weekend nor a holiday."""
        return day.isoweekday() <= 5 and day not in self.holidays_added

    def sending_days(self, first: dt.date, last: dt.date) -> int:
        """How many sending days there are from one day to another, both included."""
        return sum(self.is_sending_day(first + number * DAY) for number in range((last - first).days + 1))

    def threshold(self, run: Run) -> dt.timedelta:
        """How long a run may stay as it is."""
        return dt.timedelta(hours=HOURS[run.kind or ""]) * (2 if run.partner_id in self.patient else 1)

    def is_overdue(self, run: Run, now: dt.datetime) -> bool:
        """Whether somebody is to be reminded of a run at all."""
        return run.kind is not None and run.clock(now) + self.threshold(run) < now

    def day_one(self, run: Run, now: dt.datetime) -> dt.date:
        """The first day on which a run was past its threshold by the hour of `now`."""
        day = now
        while run.clock(now) + self.threshold(run) < day - DAY:
            day -= DAY
        return day_of(day)

    def is_due(self, run: Run, reminded: Sequence[dt.date], now: dt.datetime) -> bool:
        """Whether the cadence asks for a reminder of an overdue run today."""
        if self.cadence == "daily":
            return True
        assert not isinstance(self.cadence, str)
        if isinstance(self.cadence, dict) and len(reminded) >= len(self.cadence["days"]):
            return day_of(now) >= self.a_week_later(reminded[-1], reminded[len(self.cadence["days"]) - 1].weekday())
        days = self.cadence["days"] if isinstance(self.cadence, dict) else self.cadence
        steps = [*days, *(days[-1] * number for number in range(2, len(reminded) + 2))]
        number, today = len(reminded), day_of(now)
        if self.sending_days(self.day_one(run, now), today) < steps[number]:
            return False
        return not reminded or self.sending_days(reminded[-1] + DAY, today) >= steps[number] - steps[number - 1]

    def a_week_later(self, last: dt.date, weekday: int) -> dt.date:
        """The first sending day from a week after the day of the weekday that is nearest to the last reminder's."""
        (nearest,) = [day for number in range(-3, 4) if (day := last + number * DAY).weekday() == weekday]
        due = nearest + 7 * DAY
        while not self.is_sending_day(due):
            due += DAY
        return due

    def longest_row(self, days: Iterable[dt.date]) -> int:
        """The most sending days one after the other that are all among these."""
        of_these = sorted(day for day in days if self.is_sending_day(day))
        longest = row = 0
        for number, day in enumerate(of_these):
            follows = number > 0 and self.sending_days(of_these[number - 1] + DAY, day) == 1
            row = row + 1 if follows else 1
            longest = max(longest, row)
        return longest


@dataclass(frozen=True)
class Run:
    """A production run.

    Attributes:
        id: The shop's.
        state: sent, accepted, started, parked or over.
        partner_id: Whose it is; None where it is parked.
        since: When it came into this state, or into these hands.
        produced: What was reported of it.
        seen: What the ticks last saw of that; None where they have not looked at it yet or nothing was reported.
        looked_at: Whether a tick has looked at it.
        worked: When somebody last worked on it, by whom; nobody's name stands for a change of the quantity.
        touched_at: When anything of it last changed.
    """

    id: str
    state: str
    partner_id: str | None
    since: dt.datetime
    produced: float | None = None
    seen: float | None = None
    looked_at: bool = False
    worked: tuple[tuple[dt.datetime, str | None], ...] = ()
    touched_at: dt.datetime | None = None

    @property
    def kind(self) -> str | None:
        """Where it is stuck, if it waits for its partner."""
        return KINDS.get(self.state)

    def clock(self, now: dt.datetime) -> dt.datetime:
        """Since when nothing has happened to it."""
        work = [at for at, by in self.worked if by in (None, self.partner_id)] if self.state == "started" else []
        return max([self.since, *(min(at, now) for at in work)])

    def looked_at_on(self, moment: dt.datetime) -> Run:
        """As it is after a tick has looked at it."""
        if self.state != "started" or (self.looked_at and self.produced in (None, self.seen)):
            return self
        worked = (*self.worked, (moment, None)) if self.looked_at else self.worked
        return dataclasses.replace(self, looked_at=True, seen=self.produced, worked=worked)


@dataclass(frozen=True)
class Reminder:
    """That a message spoke of a run, when it left.

    Attributes:
        message_id: The message.
        run: The run, as it was then.
        at: When it left.
    """

    message_id: str
    run: Run
    at: dt.datetime

    def counts_for(self, run: Run, now: dt.datetime) -> bool:
        """Whether it was one of a run's present stall, to the partner who has it now."""
        of_this = (self.run.id, self.run.kind, self.run.partner_id) == (run.id, run.kind, run.partner_id)
        return of_this and self.at > run.clock(now)


def day_of(moment: dt.datetime) -> dt.date:
    """The day in India."""
    return moment.astimezone(INDIA).date()


def is_day(zone: ZoneInfo, moment: dt.datetime) -> bool:
    """Whether it is between 8:00 and 20:00 there."""
    return 8 <= moment.astimezone(zone).hour < 20


def may_leave(moment: dt.datetime) -> bool:
    """Whether messages may leave: from 9:00 to 19:00 in India."""
    return 9 <= moment.astimezone(INDIA).hour < 19


def waits_until(zone: ZoneInfo, moment: dt.datetime) -> dt.datetime | None:
    """The next quarter of an hour of the day, in India, at which both of these hold."""
    quarter = dt.datetime.combine(day_of(moment), dt.time(), INDIA).astimezone(dt.UTC)
    for _ in range(24 * 4):
        if quarter > moment and may_leave(quarter) and is_day(zone, quarter):
            return quarter
        quarter += dt.timedelta(minutes=15)
    return None
