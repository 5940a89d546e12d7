"""When Meta takes the next template, and the next edit."""

from __future__ import annotations

import datetime as dt

import pytest

from whatsapp_provider.api.management_limits import CREATES, EDITS, next_allowed_at

NOW = dt.datetime(2026, 11, 23, 4, 30, tzinfo=dt.UTC)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("made", "free"),
    [
        ([], NOW),
        ([NOW - MINUTE] * 99, NOW),
        ([NOW - MINUTE] * 100, NOW + HOUR - MINUTE),
        ([NOW - HOUR] * 100, NOW),
        ([NOW - 50 * MINUTE, *[NOW - MINUTE] * 99], NOW + 10 * MINUTE),
        ([NOW - 50 * MINUTE, *[NOW - MINUTE] * 100], NOW + HOUR - MINUTE),
    ],
)
def test_an_account_takes_a_hundred_new_templates_in_any_hour(made, free):
    assert next_allowed_at(CREATES, made, NOW) == free


@pytest.mark.parametrize(
    ("made", "free"),
    [
        ([], NOW),
        ([NOW - HOUR], NOW + 23 * HOUR),
        ([NOW - DAY], NOW),
        ([NOW - days * DAY for days in range(2, 11)], NOW),
        ([NOW - days * DAY for days in range(2, 12)], NOW + 19 * DAY),
        ([NOW - days * DAY for days in range(21, 31)], NOW),
        ([NOW - HOUR, *(NOW - days * DAY for days in range(2, 11))], NOW + 20 * DAY),
    ],
)
def test_an_approved_template_is_edited_once_a_day_and_ten_times_in_30_days(made, free):
    assert next_allowed_at(EDITS, made, NOW) == free
