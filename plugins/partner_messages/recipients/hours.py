"""When a message may leave so that it reaches nobody at night: the hours of the recipient's own region."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from partner_messages.config.schedule import SCHEDULE_TIMEZONE, day_of
from partner_messages.config.settings import TimeWindow

_MINUTE, _DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
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


def deciding_zones(phone: str, window: TimeWindow, now: dt.datetime) -> tuple[ZoneInfo, ...]:
    """The zones of a number that must all be within the window before a message may leave.

    Where the window is so narrow and the zones so far apart that this comes never (within two days), the first of
    them decides alone: an American freephone number may be anywhere from Guam to Bermuda.

    Args:
        phone: E.164.
        window: The hours in which messages may leave, by the clock on the recipient's wall.
        now: The moment from which on it is looked for; aware.
    """
    zones = tuple(ZoneInfo(name) for name in zones_of(phone))
    return zones if len(zones) == 1 or _first_moment(zones, window, now) else zones[:1]


def agree(zones: Iterable[ZoneInfo], window: TimeWindow, moment: dt.datetime) -> bool:
    """Whether a moment lies within the window in each of these zones."""
    return all(window.holds(moment.astimezone(zone)) for zone in zones)


def not_before(
    phone: str, window: TimeWindow, now: dt.datetime, *, is_day_off: Callable[[dt.date], object] = lambda _: False
) -> dt.datetime | None:
    """Say from when a message may leave: it must be within the window in every zone that decides.

    Args:
        phone: E.164.
        window: The hours in which messages may leave, by the clock on the recipient's wall.
        now: The moment asked about; aware.
        is_day_off: Whether nothing may leave on a day of the schedule's zone.

    Returns:
        None where the message may leave at `now`; else the first whole minute at which it may, in UTC.
    """
    begin = now
    while is_day_off(day_of(begin)):
        begin = dt.datetime.combine(day_of(begin) + _DAY, dt.time(), SCHEDULE_TIMEZONE).astimezone(dt.UTC)
    moment = _first_moment(deciding_zones(phone, window, begin), window, begin)
    if moment and is_day_off(day_of(moment)):
        return not_before(phone, window, moment, is_day_off=is_day_off)
    return None if moment == now else moment


@functools.lru_cache(maxsize=1_000)
def _first_moment(zones: tuple[ZoneInfo, ...], window: TimeWindow, now: dt.datetime) -> dt.datetime | None:
    # Minute by minute: the clocks may be changed at the very edge of a window, and no rule but the clock itself knows
    # what they show then.
    next_minute = now.astimezone(dt.UTC).replace(second=0, microsecond=0) + _MINUTE
    later = (next_minute + number * _MINUTE for number in range(_MINUTES_TO_LOOK_AHEAD))
    return next((moment for moment in itertools.chain((now,), later) if agree(zones, window, moment)), None)
