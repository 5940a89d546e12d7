"""Whose first reminder is held back (setting `control_share`)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import SlotHolder
from partner_messages.planning.reminders.hours import Hours
from partner_messages.planning.reminders.plan import decide_reminders
from partner_messages.planning.reminders.policy import Policy
from partner_messages.planning.reminders.trial import FORTNIGHT, fortnight_of, is_drawn
from support.deployment import TICK
from support.examples import DAY, log_knowledge, partner, planning_inputs, shop_knowledge, stuck_run, tick

DRAWN = next(f"P{number}" for number in range(1000) if is_drawn(f"P{number}", DAY, 0.1))
NOT_DRAWN = next(f"P{number}" for number in range(1000) if not is_drawn(f"P{number}", DAY, 0.1))
SINCE = TICK - dt.timedelta(hours=30)


def decided(partner_id: str = DRAWN, run: StuckRun | None = None, settings: Any = None, **knows: Any) -> Any:
    """What becomes of a run, and what it adds to the comparison."""
    inputs = planning_inputs(
        shop=shop_knowledge(partners={partner_id: partner(partner_id)}),
        log=log_knowledge(**knows),
        policy=Policy.of(parse_settings({"control_share": 0.1, **(settings or {})})),
    )
    plan = decide_reminders(inputs, [run or stuck_run(partner_id=partner_id, since=SINCE)])
    (draft,) = plan.drafts
    return draft.skip_reason, [case.held_back for case in plan.cases]


def test_the_draw_holds_for_a_fortnight_and_is_made_anew_for_the_next() -> None:
    first = fortnight_of(DAY)
    partners = [f"P{number}" for number in range(10_000)]

    def drawn(day: dt.date) -> set[str]:
        return {id_ for id_ in partners if is_drawn(id_, day, 0.1)}

    of_fortnight = drawn(first)
    assert first.weekday() == 0
    assert 900 < len(of_fortnight) < 1100
    assert all(drawn(first + dt.timedelta(days=number)) == of_fortnight for number in (1, 6, 13))
    # Whoever was drawn before is drawn again as often as anybody: one in ten.
    assert 50 < len(of_fortnight & drawn(first + FORTNIGHT)) < 150
    assert {id_ for id_ in partners if is_drawn(id_, first, 0.02)} < of_fortnight


def test_nobody_is_drawn_for_nothing() -> None:
    assert not any(is_drawn(f"P{number}", DAY, 0) for number in range(1000))


def test_who_is_drawn_is_not_reminded_and_who_is_not_is() -> None:
    assert decided(DRAWN) == (SkipReason.CONTROL_GROUP, [True])
    assert decided(NOT_DRAWN) == (None, [False])
    assert decided(DRAWN, settings={"control_share": 0}) == (None, [])


@pytest.mark.parametrize(
    "knows",
    [
        {"not_first": frozenset({"R1"})},
        {"days_reminded": {"R1": (DAY - dt.timedelta(days=1),)}},
        {"slot_holders": {"R1": SlotHolder("id", "queued", "another tick", asked_by_event=True, waits=False)}},
    ],
    ids=["stood still before", "reminded before", "asked for by an event"],
)
def test_only_a_first_stall_of_which_nobody_was_reminded_is_held_back(knows: dict[str, Any]) -> None:
    assert decided(**knows) == (None, [])


def test_that_a_reminder_could_not_be_sent_is_said_of_who_is_drawn_as_of_anybody() -> None:
    settings = parse_settings({"control_share": 0.1, "partner_send_window": ["04:00", "05:00"]})
    inputs = planning_inputs(
        shop=shop_knowledge(partners={DRAWN: partner(DRAWN)}),
        policy=Policy.of(settings),
        hours=Hours.of(tick(), settings, TICK),
    )
    plan = decide_reminders(inputs, [stuck_run(partner_id=DRAWN, since=SINCE)])
    assert [draft.skip_reason for draft in plan.drafts] == [SkipReason.NO_COMMON_HOURS]
    assert plan.cases == []


def test_what_was_held_back_before_goes_on_to_be_until_a_fortnight_is_over() -> None:
    days = tuple(DAY - dt.timedelta(days=number) for number in (3, 2, 1))
    run = stuck_run(partner_id=DRAWN, since=TICK - dt.timedelta(hours=90))
    knows: dict[str, Any] = {"days_reminded": {"R1": days}, "days_held_back": {"R1": days}}
    assert decided(run=run, **knows) == (SkipReason.CONTROL_GROUP, [True])
    old = stuck_run(partner_id=DRAWN, since=TICK - dt.timedelta(days=16))
    assert decided(run=old, **knows) == (None, [])


def test_what_follows_a_reminder_follows_one_that_was_held_back() -> None:
    days = {"R1": (DAY - dt.timedelta(days=3),)}
    held_back: dict[str, Any] = {"days_reminded": days, "days_held_back": days}
    run = stuck_run(partner_id=DRAWN, since=TICK - dt.timedelta(hours=100))
    assert decided(run=run, settings={"cadence": [1, 7]}, **held_back)[0] is SkipReason.NOT_DUE
    assert decided(run=run, settings={"max_reminders": 1}, **held_back)[0] is SkipReason.ESCALATED


def test_of_several_runs_of_a_partner_the_one_that_stalled_first_is_the_case() -> None:
    runs = [
        stuck_run(f"R{number}", kind=ReminderKind.NOT_STARTED, partner_id=NOT_DRAWN, since=SINCE - hours)
        for number, hours in enumerate((dt.timedelta(), dt.timedelta(hours=2), dt.timedelta(hours=1)))
    ]
    inputs = planning_inputs(
        shop=shop_knowledge(partners={NOT_DRAWN: partner(NOT_DRAWN)}),
        policy=Policy.of(parse_settings({"control_share": 0.1})),
    )
    (case,) = decide_reminders(inputs, runs).cases
    assert (case.run.production_run_id, case.fortnight) == ("R1", fortnight_of(DAY))
