"""When the next reminder of a run is due.

The cadence `[1, 3, 7]` reminds on a stall's first, third and seventh sending day, then every 7; a weekly one goes on
each week on the weekday of the last of these.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from partner_messages.config.sending_days import Calendar

_DAY = dt.timedelta(days=1)
_WEEK = 7


def first_day_past(passed: dt.datetime, now: dt.datetime, today: dt.date) -> dt.date:
    """The first day that found a run past its threshold, at the hour of `now`.

    A run that passes it in the afternoon is past it on the next day's tick: that day is its first.

    Args:
        passed: When the run passed its threshold.
        now: The moment at which runs are judged.
        today: The day of the schedule's zone in which `now` lies.

    Returns:
        Today or an earlier day; a later one for a run that is not past its threshold at `now`.
    """
    whole_days = (now - passed - dt.timedelta.resolution) // _DAY
    return today - whole_days * _DAY


def next_due_day(
    steps: Sequence[int],
    *,
    first_day: dt.date,
    reminded: Sequence[dt.date],
    today: dt.date,
    calendar: Calendar,
    weekly: bool = False,
) -> dt.date | None:
    """When a run is to be reminded again.

    The n-th reminder is due when the run has been stuck for at least `steps[n]` sending days (the first one past the
    threshold is day 1) and at least `steps[n] - steps[n - 1]` have passed since the last one, so that a run found
    late is not reminded three days running. When the steps are used up, each further one is `steps[-1]` later, or, in a
    weekly cadence, on the last step's weekday a week later.

    Args:
        steps: Strictly increasing, from 1.
        first_day: The first day past the threshold, a sending day or not.
        reminded: The days of the reminders that count, in order.
        today: The day that is asked about.
        calendar: The sending days.
        weekly: Whether the reminders after the steps go by the weekday.

    Returns:
        None where a reminder is due today; else the next sending day on which one is.
    """
    number = len(reminded)
    if weekly and number >= len(steps):
        due = _a_week_later(reminded[-1], weekday_of=reminded[len(steps) - 1], calendar=calendar)
        return due if due > today else None
    missing = _step(steps, number) - calendar.sending_days(first_day - _DAY, today)
    if reminded:
        gap = _step(steps, number) - _step(steps, number - 1)
        missing = max(missing, gap - calendar.sending_days(reminded[-1], today))
    return calendar.sending_day(missing, after=today) if missing > 0 else None


def _a_week_later(last: dt.date, *, weekday_of: dt.date, calendar: Calendar) -> dt.date:
    """The sending day on or next after the weekday of the week that follows the last reminder's.

    One up to three days late (a holiday, a tick that was missed) stands for the weekday before it, a later one for the
    one after it: so the weekday is kept, and no reminder follows another within four days.
    """
    late = (last - weekday_of).days % _WEEK
    of_the_last = last - late * _DAY + (_WEEK * _DAY if late > _WEEK // 2 else dt.timedelta())
    return calendar.sending_day(1, after=of_the_last + (_WEEK - 1) * _DAY)


def _step(steps: Sequence[int], number: int) -> int:
    """On which sending day the reminder after `number` others is due."""
    beyond = number - len(steps) + 1
    return steps[number] if beyond <= 0 else steps[-1] * (beyond + 1)
