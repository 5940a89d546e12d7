"""When a message may be sent, by the local time of the recipient's region, so that nobody gets one at night."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from partner_messages.config.schedule import SCHEDULE_TIMEZONE, day_of
from partner_messages.config.setting_groups import TimeWindow

_MINUTE, _DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
_MINUTES_TO_LOOK_AHEAD = 2 * 24 * 60
"""Longer than any night, even with a daylight-saving change."""


@functools.lru_cache(maxsize=10_000)
def zones_of(phone: str) -> tuple[str, ...]:
    """The time zones of a number's region: IANA names, sorted.

    An Indian number has one zone, an Australian mobile all of Australia's. A number without a known zone gets the
    schedule's.

    Args:
        phone: E.164.
    """
    try:
        found = time_zones_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        found = ()
    return tuple(zone for zone in found if zone != UNKNOWN_TIMEZONE) or (SCHEDULE_TIMEZONE.key,)


def deciding_zones(phone: str, window: TimeWindow, now: dt.datetime) -> tuple[ZoneInfo, ...]:
    """The zones of a number that must all be within the window before a message may be sent.

    If that is never so (within two days), only the first zone decides: an American freephone number may be anywhere
    from Guam to Bermuda.

    Args:
        phone: E.164.
        window: The hours in which messages may be sent, in local time.
        now: The start of the search; aware.
    """
    zones = tuple(ZoneInfo(name) for name in zones_of(phone))
    return zones if len(zones) == 1 or _first_moment(zones, window, now) else zones[:1]


def is_within_in_all(zones: Iterable[ZoneInfo], window: TimeWindow, moment: dt.datetime) -> bool:
    """Whether a moment is within the window in each of these zones."""
    return all(window.holds(moment.astimezone(zone)) for zone in zones)


def not_before(
    phone: str, window: TimeWindow, now: dt.datetime, *, is_day_off: Callable[[dt.date], object] = lambda _: False
) -> dt.datetime | None:
    """The earliest time at which a message may be sent: within the window in every deciding zone.

    Args:
        phone: E.164.
        window: The hours in which messages may be sent, in local time.
        now: The time of sending that is wanted; aware.
        is_day_off: Whether nothing may be sent on a day (of the schedule's zone).

    Returns:
        None if the message may be sent at `now`; else the first whole minute at which it may, in UTC.
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
    # Minute by minute, because a daylight-saving change may fall on the edge of a window.
    next_minute = now.astimezone(dt.UTC).replace(second=0, microsecond=0) + _MINUTE
    later = (next_minute + number * _MINUTE for number in range(_MINUTES_TO_LOOK_AHEAD))
    return next((moment for moment in itertools.chain((now,), later) if is_within_in_all(zones, window, moment)), None)
