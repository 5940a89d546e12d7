"""When a message may leave so that it reaches nobody at night: the hours of the recipient's own region."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from partner_messages.settings import SCHEDULE_TIMEZONE, TimeWindow

_MINUTE = dt.timedelta(minutes=1)
_MINUTES_TO_LOOK_AHEAD = 2 * 24 * 60
"""Longer than any night, a change of the clocks included."""


@functools.lru_cache(maxsize=10_000)
def zones_of(phone: str) -> tuple[str, ...]:
    """The time zones of a number's region, by their IANA names, in the alphabet's order.

    A number says only so much: an Indian one has one zone, an Australian mobile all of Australia's. One that says
    nothing at all counts as the schedule's own zone.

    Args:
        phone: E.164.
    """
    try:
        found = time_zones_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        found = ()
    return tuple(zone for zone in found if zone != UNKNOWN_TIMEZONE) or (SCHEDULE_TIMEZONE.key,)


def not_before(phone: str, window: TimeWindow, now: dt.datetime) -> dt.datetime | None:
    """Say from when a message may leave: it must be within the window in every zone of the number.

    Where the window is so narrow and the zones so far apart that this comes never (within two days), the first of
    them decides alone: an American freephone number may be anywhere from Guam to Bermuda.

    Args:
        phone: E.164.
        window: The hours in which messages may leave, by the clock on the recipient's wall.
        now: The moment asked about; aware.

    Returns:
        None where the message may leave at `now`; else the first whole minute at which it may, in UTC.
    """
    zones = [ZoneInfo(name) for name in zones_of(phone)]
    moment = _first_moment(zones, window, now) or _first_moment(zones[:1], window, now)
    return None if moment == now else moment


def _first_moment(zones: Sequence[ZoneInfo], window: TimeWindow, now: dt.datetime) -> dt.datetime | None:
    # Minute by minute: the clocks may be changed at the very edge of a window, and no rule but the clock itself knows
    # what they show then.
    next_minute = now.astimezone(dt.UTC).replace(second=0, microsecond=0) + _MINUTE
    later = (next_minute + number * _MINUTE for number in range(_MINUTES_TO_LOOK_AHEAD))
    moments = itertools.chain((now,), later)
    return next((one for one in moments if all(window.holds(one.astimezone(zone)) for zone in zones)), None)
