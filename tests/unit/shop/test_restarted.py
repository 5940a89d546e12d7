"""The clock of a run: the latest of what sets it anew, and who is overdue by it."""

from __future__ import annotations

import datetime as dt

import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.messages.kinds import ReminderKind, StuckRun, restarted
from partner_messages.planning.reminders.policy import Policy
from support.deployment import TICK
from support.examples import stuck_run

HOUR = dt.timedelta(hours=1)


def started(run_id: str = "R1", *, hours: float, partner_id: str = "P1") -> StuckRun:
    return stuck_run(run_id, kind=ReminderKind.IDLE, partner_id=partner_id, since=TICK - hours * HOUR)


@pytest.mark.parametrize(
    ("entered", "changed", "clock"),
    [
        pytest.param(None, None, 200, id="nothing but the start"),
        pytest.param(20, None, 20, id="an entry"),
        pytest.param(None, 30, 30, id="a change"),
        pytest.param(20, 30, 20, id="both, the entry later"),
        pytest.param(30, 20, 20, id="both, the change later"),
        pytest.param(250, 300, 200, id="work before the start"),
        pytest.param(250, 30, 30, id="one before, one after the start"),
    ],
)
def test_the_clock_is_the_latest_of_the_start_and_every_sign_of_work(
    entered: float | None, changed: float | None, clock: float
) -> None:
    signs = [{} if hours is None else {"R1": TICK - hours * HOUR} for hours in (entered, changed)]

    assert restarted([started(hours=200)], *signs) == [started(hours=clock)]


def test_work_on_one_run_is_no_work_on_another_and_the_longest_quiet_comes_first() -> None:
    runs = [started("R1", hours=300), started("R2", hours=200), started("R3", hours=100)]

    found = restarted(runs, {"R1": TICK - 20 * HOUR, "R9": TICK})

    assert found == [started("R2", hours=200), started("R3", hours=100), started("R1", hours=20)]


@pytest.mark.parametrize(
    ("partner_id", "hours", "overdue"),
    [("P1", 72, False), ("P1", 73, True), ("SLOW", 120, False), ("SLOW", 121, True), ("QUICK", 25, True)],
)
def test_a_partner_s_own_threshold_is_counted_from_the_last_work(partner_id: str, hours: float, overdue: bool) -> None:
    own = {"SLOW": {"thresholds": {"idle": 120}}, "QUICK": {"thresholds": {"idle": 24}}}
    policy = Policy.of(parse_settings({"partners": own}))
    runs = restarted([started(hours=900, partner_id=partner_id)], {"R1": TICK - hours * HOUR})

    assert bool(policy.overdue(runs, now=TICK)) is overdue
