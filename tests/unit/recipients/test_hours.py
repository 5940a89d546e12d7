"""The recipient's own hours: in which zones a number may be, and from when a message may leave for all of them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.timezone import UNKNOWN_TIMEZONE
from phonenumbers.tzdata import TIMEZONE_DATA

from partner_messages.config.setting_groups import TimeWindow
from partner_messages.recipients.hours import not_before, zones_of
from support.time_windows import windows

INDIA = "+919829012345"
NEPAL = "+97714123456"
ITALY = "+393331234567"
NEW_YORK = "+12025550123"
AUSTRALIA = "+61412345678"
NEWFOUNDLAND_OR_HALIFAX = "+17097221234"
AZORES_OR_LISBON = "+351912345678"
FREEPHONE = "+18005551234"
SATELLITE = "+881612345678"
NOBODY = "+9999999999"
PHONES = [INDIA, NEPAL, ITALY, NEW_YORK, AUSTRALIA, NEWFOUNDLAND_OR_HALIFAX, AZORES_OR_LISBON, FREEPHONE, SATELLITE]

DAYTIME = TimeWindow(start=dt.time(7), end=dt.time(22))
MINUTE = dt.timedelta(minutes=1)
JANUARY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("phone", "zones"),
    [
        (INDIA, ("Asia/Calcutta",)),
        (NEPAL, ("Asia/Katmandu",)),
        (NEW_YORK, ("America/New_York",)),
        (AZORES_OR_LISBON, ("Atlantic/Azores", "Europe/Lisbon")),
        (NEWFOUNDLAND_OR_HALIFAX, ("America/Halifax", "America/St_Johns")),
        (SATELLITE, ("Asia/Kolkata",)),
        (NOBODY, ("Asia/Kolkata",)),
        ("not a number", ("Asia/Kolkata",)),
    ],
)
def test_a_number_tells_its_zones_or_counts_as_the_schedules_own(phone, zones):
    assert zones_of(phone) == zones


def test_every_zone_that_a_number_can_have_is_known():
    named = {zone for zones in TIMEZONE_DATA.values() for zone in zones} - {UNKNOWN_TIMEZONE}

    assert {ZoneInfo(zone).key for zone in named} == named


@pytest.mark.parametrize(
    ("phone", "now", "expected"),
    [
        pytest.param(INDIA, "2026-11-23 04:30", None, id="by day it leaves now"),
        pytest.param(INDIA, "2026-11-23 01:30", None, id="the window's start belongs to it"),
        pytest.param(INDIA, "2026-11-23 01:29:59.5", "2026-11-23 01:30", id="half a second before, it waits for it"),
        pytest.param(INDIA, "2026-11-23 16:29:59.5", None, id="half a second before the end"),
        pytest.param(INDIA, "2026-11-23 16:30", "2026-11-24 01:30", id="the window's end does not"),
        pytest.param(NEPAL, "2026-11-23 00:00", "2026-11-23 01:15", id="a zone of quarter hours"),
        pytest.param(NEW_YORK, "2026-11-23 04:30", "2026-11-23 12:00", id="night in New York, day in India"),
        pytest.param(SATELLITE, "2026-11-23 00:00", "2026-11-23 01:30", id="an unknown zone is India's"),
        # Europe's clocks go back on 2026-10-25 and forward on 2026-03-29, in the night.
        pytest.param(ITALY, "2026-10-24 21:00", "2026-10-25 06:00", id="the clocks go back in the night"),
        pytest.param(ITALY, "2026-03-28 22:00", "2026-03-29 05:00", id="the clocks go forward in the night"),
        # Halifax is half an hour behind Newfoundland: the evening ends with the one, the morning begins with the other.
        pytest.param(NEWFOUNDLAND_OR_HALIFAX, "2026-11-24 01:29", None, id="still evening in both"),
        pytest.param(NEWFOUNDLAND_OR_HALIFAX, "2026-11-24 01:30", "2026-11-24 11:00", id="night in one of two"),
        # From Perth's 07:00 (UTC+8; Cocos is UTC+6:30) to Lord Howe's 22:00 (UTC+11).
        pytest.param(AUSTRALIA, "2026-11-23 22:00", "2026-11-24 00:30", id="all of eight zones must agree"),
        # American: from Guam's 07:00 (UTC+10) to Bermuda's evening.
        pytest.param(FREEPHONE, "2026-11-23 18:00", "2026-11-23 21:00", id="the whole of America must agree"),
    ],
)
def test_a_message_waits_for_the_day_of_whoever_gets_it(phone, now, expected):
    assert not_before(phone, DAYTIME, utc(now)) == (utc(expected) if expected else None)


@pytest.mark.parametrize(
    ("window", "now", "expected"),
    [
        # On 2026-03-29 Rome has no 02:00-03:00, on 2026-10-25 it has it twice.
        pytest.param(("02:30", "04:00"), "2026-03-29 00:50", "2026-03-29 01:00", id="a start that is skipped"),
        pytest.param(("02:10", "02:40"), "2026-03-29 00:50", "2026-03-30 00:10", id="a window that is skipped"),
        pytest.param(("02:10", "02:40"), "2026-10-25 00:45", "2026-10-25 01:10", id="a window that comes twice"),
    ],
)
def test_a_window_at_the_change_of_the_clocks(window, now, expected):
    assert not_before(ITALY, TimeWindow.model_validate(window), utc(now)) == utc(expected)


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-11-23 18:59", "2026-11-23 19:00"), ("2026-11-23 19:00", None), ("2026-11-24 04:59", None)],
)
def test_where_zones_never_agree_the_first_one_decides(now, expected):
    assert zones_of(FREEPHONE)[0] == "America/Adak"  # UTC-10 in winter

    found = not_before(FREEPHONE, TimeWindow(start=dt.time(9), end=dt.time(19)), utc(now))

    assert found == (utc(expected) if expected else None)


def test_the_moment_is_told_in_utc_whatever_the_zone_of_now():
    now = dt.datetime(2026, 11, 23, 23, 0, tzinfo=ZoneInfo("Asia/Kolkata"))

    found = not_before(INDIA, DAYTIME, now)

    assert found is not None
    assert (found, found.tzinfo) == (utc("2026-11-24 01:30"), dt.UTC)


@given(
    phone=st.sampled_from(PHONES),
    window=st.just(DAYTIME) | windows,
    now=st.integers(0, 2 * 365 * 24 * 60 * 60).map(lambda seconds: JANUARY + dt.timedelta(seconds=seconds)),
)
def test_the_moment_is_the_first_minute_that_lies_within_the_window_in_every_zone(phone, window, now):
    zones = [ZoneInfo(name) for name in zones_of(phone)]

    def agreed(moment, among):
        return all(window.holds(moment.astimezone(zone)) for zone in among)

    found = not_before(phone, window, now)

    if found is None:
        assert agreed(now, zones) or (agreed(now, zones[:1]) and len(zones) > 1)
        return
    deciding = zones if agreed(found, zones) else zones[:1]
    assert agreed(found, deciding)
    assert found > now
    assert found == found.replace(second=0, microsecond=0)
    waited = int((found - now) / MINUTE)
    assert not any(agreed(moment, deciding) for moment in [now, *(found - n * MINUTE for n in range(1, waited + 1))])
