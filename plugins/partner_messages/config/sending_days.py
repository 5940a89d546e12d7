"""Which days are sending days: the schedule's weekdays without the holidays.

A day is a day of the schedule's zone everywhere (`schedule.day_of`), so that a calendar needs to know no zone.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from partner_messages.config import public_holidays

_WORKING_DAYS = 5
"""Monday to Friday, as the schedule of `production_run_reminders` has it."""

FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
"""Between which days there are sending days: what a clock, a payload or a shop says beyond them is counted as these."""


@dataclass(frozen=True)
class Calendar:
    """The days on which ticks send.

    Attributes:
        codes: Whose public holidays are kept (setting `holidays`).
        added: Further days off (`holidays_added`).
        removed: Public holidays on which ticks send all the same (`holidays_removed`).
    """

    codes: tuple[str, ...] = ()
    added: frozenset[dt.date] = frozenset()
    removed: frozenset[dt.date] = frozenset()

    def holiday(self, day: dt.date) -> str | None:
        """The name of the holiday that falls on a day, if one does; on a weekend, too."""
        if day in self.removed:
            return None
        names = (public_holidays.of_year(code, day.year).get(day) for code in self.codes)
        return next(filter(None, names), "a day of setting holidays_added" if day in self.added else None)

    def is_sending_day(self, day: dt.date) -> bool:
        """Whether a tick of this day sends."""
        return _is_sending_day(self, day)

    def sending_days(self, after: dt.date, until: dt.date) -> int:
        """How many sending days come after one day, up to and including another; 0 where that one is not later."""
        return _sending_days(self, after, until)

    def sending_day(self, number: int, *, after: dt.date) -> dt.date:
        """The first, second … sending day after a day (`number` counts from 1); `LAST_DAY` where there is none."""
        day = _counted(after)
        while number > 0 and day < LAST_DAY:
            # So many days hold at most so many sending days, so the search never passes the day that it looks for.
            ahead = _counted(day + dt.timedelta(days=number))
            number -= self.sending_days(day, ahead)
            day = ahead
        return day


# Kept, as the runs of many partners ask for the same few days.


@functools.lru_cache(maxsize=10_000)
def _is_sending_day(calendar: Calendar, day: dt.date) -> bool:
    return day.weekday() < _WORKING_DAYS and calendar.holiday(day) is None


@functools.lru_cache(maxsize=100_000)
def _sending_days(calendar: Calendar, after: dt.date, until: dt.date) -> int:
    after, until = _counted(after), _counted(until)
    if until <= after:
        return 0
    off = 0
    for year in range(after.year, until.year + 1):
        days = _weekdays_off(calendar, year)
        off += bisect.bisect_right(days, until) - bisect.bisect_right(days, after)
    return _weekdays_up_to(until) - _weekdays_up_to(after) - off


def _counted(day: dt.date) -> dt.date:
    return min(max(day, FIRST_DAY), LAST_DAY)


@functools.lru_cache(maxsize=1_000)
def _weekdays_off(calendar: Calendar, year: int) -> Sequence[dt.date]:
    """The holidays of a year that would be sending days, in order."""
    days = {day for code in calendar.codes for day in public_holidays.of_year(code, year)}
    days |= {day for day in calendar.added if day.year == year}
    return sorted(day for day in days - calendar.removed if day.weekday() < _WORKING_DAYS)


def _weekdays_up_to(day: dt.date) -> int:
    weeks, rest = divmod(day.toordinal(), 7)  # Day 1 of all is a Monday.
    return weeks * _WORKING_DAYS + min(rest, _WORKING_DAYS)
