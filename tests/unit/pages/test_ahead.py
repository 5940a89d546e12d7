"""The next four weeks of a run, by the planner's rules."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.message_log.left_alone import ByHand
from partner_messages.messages.kinds import ReminderKind
from partner_messages.pages.ahead import days_ahead
from partner_messages.planning.reminders.policy import Policy
from support.deployment import TICK
from support.examples import DAY, stuck_run

RUN = stuck_run("R1", kind=ReminderKind.IDLE, partner_id="P1", since=TICK - dt.timedelta(hours=73))


@pytest.mark.parametrize(
    ("settings", "promised", "days"),
    [
        ({}, None, [24, 25, 26, 27, 30]),
        ({"cadence": [1, 3]}, None, [25, 30]),
        ({"cadence": [1, 3]}, dt.date(2026, 11, 26), [27]),
        ({"holidays_added": ["2026-11-25"]}, None, [24, 26, 27, 30]),
        ({"runs": {"R1": {"paused_until": "2026-11-27"}}}, None, [27, 30]),
        ({"partners": {"P1": {"never": True}}}, None, []),
        ({"partners": {"P1": {"thresholds": {"idle": 170}}}}, None, [30]),
        ({"max_reminders": 3}, None, [24, 25]),
    ],
)
def test_the_days_are_those_on_which_ticks_would_remind(
    settings: dict[str, Any], promised: dt.date | None, days: list[int]
) -> None:
    ahead = days_ahead(RUN, [DAY], Policy.of(parse_settings(settings)), DAY, promised_until=promised)
    assert [day.day for day in ahead.days if day <= dt.date(2026, 11, 30)] == days
    assert bool(ahead.ends) == ("max_reminders" in settings)


@pytest.mark.parametrize("whose", ["partner_id", "production_run_id"])
def test_what_somebody_has_left_alone_is_not_reminded_before_its_day(whose: str) -> None:
    ids = {"partner_id": None, "production_run_id": None, whose: getattr(RUN, whose)}
    by_hand = [ByHand(**ids, until=dt.date(2026, 11, 26), since=TICK, who="Asha", why="at the fair")]
    ahead = days_ahead(RUN, [DAY], Policy.of(parse_settings({})), DAY, by_hand=by_hand)
    assert [day.day for day in ahead.days if day <= dt.date(2026, 11, 30)] == [26, 27, 30]
