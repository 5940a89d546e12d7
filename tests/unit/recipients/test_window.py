"""The customer service window, on both sides of its ends."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from partner_messages.recipients.window import is_open

NOW = dt.datetime(2026, 11, 23, 4, 31, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
MARGIN = dt.timedelta(minutes=5)
DAY = dt.timedelta(hours=24)


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        pytest.param(0 * SECOND, True, id="at this moment"),
        pytest.param(dt.timedelta(hours=2), True, id="two hours ago"),
        pytest.param(DAY - MARGIN - SECOND, True, id="a second before the margin"),
        pytest.param(DAY - MARGIN, False, id="at the margin"),
        pytest.param(DAY - SECOND, False, id="within the margin"),
        pytest.param(DAY, False, id="a day ago"),
        pytest.param(30 * DAY, False, id="a month ago"),
        pytest.param(-SECOND, True, id="by a clock that is a second ahead"),
        pytest.param(-MARGIN, True, id="by a clock that is five minutes ahead"),
        pytest.param(-MARGIN - SECOND, False, id="in a future that no clock explains"),
        pytest.param(-DAY, False, id="tomorrow"),
    ],
)
def test_the_window_is_open_for_a_day_less_the_margin(ago, expected):
    assert is_open(NOW - ago, NOW) is expected


def test_the_window_of_somebody_who_never_wrote_is_closed():
    assert is_open(None, NOW) is False


def test_the_window_is_as_long_in_every_zone():
    # Rome's clocks went forward in this night: 24 hours later it is an hour later on the wall.
    rome = ZoneInfo("Europe/Rome")
    wrote = dt.datetime(2026, 3, 28, 10, 0, tzinfo=rome)

    assert is_open(wrote, dt.datetime(2026, 3, 29, 10, 54, tzinfo=rome))
    assert not is_open(wrote, dt.datetime(2026, 3, 29, 10, 55, tzinfo=rome))
