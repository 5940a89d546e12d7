"""How far ahead a day may lie that a person enters: one slip of the finger must not silence a run for years."""

from __future__ import annotations

import datetime as dt

from partner_messages.config.schedule import day_of
from partner_messages.deployment import run_context
from partner_messages.messages.tick import RunRefused

PROMISE = dt.timedelta(days=31)
"""As far ahead as a promise may lie that is entered for a partner."""
LONGEST = dt.timedelta(days=366)
"""As far ahead as anything else is put off, held or left alone: it always ends."""


def latest_day(within: dt.timedelta) -> dt.date:
    """The latest day that may be said today."""
    return day_of(run_context.wall_clock()) + within


def see_that_it_is_near(day: dt.date, within: dt.timedelta, instead: str = "") -> None:
    """See that a day is not too far ahead.

    Args:
        day: The day.
        within: How far ahead it may lie.
        instead: What is meant by who wants a later one, as the end of the sentence.

    Raises:
        RunRefused: It is; the message names the latest one.
    """
    latest = latest_day(within)
    if day > latest:
        raise RunRefused(f"{day} is too far ahead; the latest day is {latest:%a %-d %b %Y}{instead}.")
