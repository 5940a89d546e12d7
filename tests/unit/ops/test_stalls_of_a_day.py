"""What a tick knows of a stall: reminded in a row, refused, past its cap; tables over days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from partner_messages.config.sending_days import Calendar
from partner_messages.messages.kinds import ReminderKind, UnownedRun
from partner_messages.ops.judgement import (
    DayKnowledge,
    days_in_a_row,
    stalls_today,
)
from partner_messages.ops.reasons import StallToday
from partner_messages.planning.reminders.policy import Policy
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID, log_knowledge, partner, shop_knowledge, stuck_run, tick
from support.planned import plan_reminders, policy

HOUR = dt.timedelta(hours=1)
SINCE = TICK - dt.timedelta(days=30)
IDLE = ReminderKind.IDLE


def november(*days: int) -> list[dt.date]:
    return [dt.date(2026, 11, day) for day in days]


@pytest.mark.parametrize(
    ("days", "calendar", "in_a_row"),
    [
        pytest.param([], Calendar(), 0, id="none"),
        pytest.param([2], Calendar(), 1, id="one"),
        pytest.param([2, 3, 4, 5, 6], Calendar(), 5, id="Monday to Friday"),
        pytest.param([5, 6, 9, 10], Calendar(), 4, id="a weekend does not interrupt"),
        pytest.param([5, 6, 7, 8, 9], Calendar(), 3, id="a reminder on a weekend does not count"),
        pytest.param([5, 6, 10], Calendar(), 2, id="a Monday left out interrupts"),
        pytest.param([6, 10], Calendar(added=frozenset(november(9))), 2, id="a holiday does not interrupt"),
        pytest.param([2, 3, 4, 6, 9], Calendar(), 3, id="the longest row"),
        pytest.param([2, 4, 5, 6, 9], Calendar(), 4, id="the longest row, at the end"),
        pytest.param([2, 4, 10], Calendar(), 1, id="a cadence"),
    ],
)
def test_days_in_a_row_are_sending_days(days: list[int], calendar: Calendar, in_a_row: int) -> None:
    assert days_in_a_row(november(*days), calendar) == in_a_row


def case_of(run: Any, by: Policy, **facts: Any) -> StallToday:
    plain = {"ends": {}, "not_on_whatsapp": (), "reminded": {}}
    (case,) = stalls_today([run], [], DayKnowledge(**{**plain, **facts}), by)
    return case


@pytest.mark.parametrize(
    ("settings", "reminded", "ignored"),
    [
        ({}, [13, 16, 17, 18, 19, 20, 23], True),
        ({}, [16, 17, 18, 19, 20, 23], False),
        ({}, [12, 13, 16, 17, 18, 20, 23], False),
        ({"holidays_added": ["2026-11-19"]}, [12, 13, 16, 17, 18, 20, 23], True),
        ({"escalate_after": 2}, [20, 23], True),
        ({"escalate_after": None}, [13, 16, 17, 18, 19, 20, 23], False),
    ],
)
def test_a_run_that_was_reminded_on_seven_sending_days_in_a_row_needs_a_person(
    settings: dict[str, Any], reminded: list[int], ignored: bool
) -> None:
    run = stuck_run(kind=IDLE, since=SINCE)

    assert case_of(run, policy(**settings), reminded={"R1": november(*reminded)}).ignored is ignored


def test_a_partner_s_own_holiday_does_not_interrupt_the_row() -> None:
    run = stuck_run(kind=IDLE, since=dt.datetime(2026, 9, 1, tzinfo=dt.UTC))
    by = policy(escalate_after=3, partners={PARTNER_ID: {"holidays": ["IN-OD"]}})
    days = [dt.date(2026, 9, day) for day in (10, 11, 15)]  # Monday the 14th is Ganesh Chaturthi

    assert case_of(run, by, reminded={"R1": days}).ignored
    assert not case_of(run, policy(escalate_after=3), reminded={"R1": days}).ignored


def test_reminders_of_an_earlier_stall_do_not_count() -> None:
    run = stuck_run(kind=IDLE, since=TICK - dt.timedelta(days=5))  # it worked on the 18th

    case = case_of(run, policy(escalate_after=3), reminded={"R1": november(13, 16, 17, 18, 23)})

    assert not case.ignored


@pytest.mark.parametrize(("not_on_whatsapp", "refused"), [((), False), ([PARTNER_ID], True), (["P2"], False)])
def test_a_run_is_refused_where_its_partner_s_number_is(not_on_whatsapp: Sequence[str], refused: bool) -> None:
    assert case_of(stuck_run(), policy(), not_on_whatsapp=not_on_whatsapp).refused is refused


def test_a_run_that_lost_its_partner_since_it_was_found_is_nobody_s() -> None:
    (case,) = stalls_today([stuck_run()], [UnownedRun("R1", None, SINCE)], DayKnowledge({}, {}, {}), policy())

    assert (case.kind, case.partner_id, case.since) == (None, None, SINCE)


@pytest.mark.parametrize(
    ("exceptions", "left_alone"),
    [
        ({}, False),
        ({"partners": {PARTNER_ID: {"never": True}}}, True),
        ({"partners": {PARTNER_ID: {"paused_until": "2026-12-24"}}}, False),
        ({"partners": {"P2": {"never": True}}}, False),
        ({"runs": {"R1": {"never": True}}}, True),
        ({"runs": {"R2": {"never": True}}}, False),
    ],
)
def test_a_run_is_left_alone_where_the_settings_say_never(exceptions: dict[str, Any], left_alone: bool) -> None:
    assert case_of(stuck_run(), policy(**exceptions)).left_alone is left_alone


@pytest.mark.parametrize(("most", "used_up"), [(None, False), (2, True), (3, False)])
def test_a_run_is_used_up_as_long_as_its_cap_is_what_it_was(most: int | None, used_up: bool) -> None:
    run = stuck_run(kind=IDLE, since=SINCE)

    assert case_of(run, policy(max_reminders=most), reminded={"R1": november(19, 20)}).used_up is used_up


def plan_one(by: Policy, *days_ago: int, **given: Any) -> str | None:
    (draft,) = plan_reminders(
        tick(),
        [stuck_run(since=SINCE)],
        shop=given.get("shop", shop_knowledge()),
        log=log_knowledge(days_reminded={"R1": [DAY - dt.timedelta(days=one) for one in days_ago]}),
        policy=by,
    )
    return draft.skip_reason


@pytest.mark.parametrize(
    ("settings", "days_ago", "end"),
    [
        ({}, (4, 3, 2, 1), None),
        ({"max_reminders": 3}, (4, 3), None),
        ({"max_reminders": 3}, (5, 4, 3), "escalated"),
        ({"max_reminders": 3}, (50, 4, 3), None),  # one of them of an earlier stall
        ({"max_reminders": 2, "cadence": [1, 3, 7]}, (5, 3), "not_due"),
        ({"max_reminders": 2, "cadence": [1, 3, 7]}, (9, 7), "escalated"),
    ],
)
def test_a_run_past_its_cap_is_escalated_when_it_would_be_reminded(
    settings: dict[str, Any], days_ago: tuple[int, ...], end: str | None
) -> None:
    assert plan_one(policy(**settings), *days_ago) == end


def test_what_needs_a_person_is_told_before_the_cap_and_on_days_that_are_not_due() -> None:
    unreachable = shop_knowledge(partners={PARTNER_ID: partner(whatsapp_number=None)})

    assert plan_one(policy(max_reminders=1, cadence=[9]), 1, shop=unreachable) == "no_phone"
