"""Which runs need a person, why, and until when: tables over days."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason
from partner_messages.reminders.escalation import (
    RULES,
    Case,
    DayFacts,
    Escalation,
    Judgement,
    Reason,
    View,
    cases_of,
    days_in_a_row,
    judge,
)
from partner_messages.reminders.plan import plan_reminders
from partner_messages.reminders.policy import Policy
from partner_messages.reminders.sending_days import Calendar
from partner_messages.runs.kinds import ReminderKind, UnownedRun
from partner_messages.runs.scope import Scope
from partner_messages.settings import parse_settings
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID, log_facts, means, partner, shop_facts, stuck_run, tick

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


def policy(**settings: Any) -> Policy:
    return Policy.of(parse_settings(settings))


def case_of(run: Any, by: Policy, **facts: Any) -> Case:
    plain = {"ends": {}, "not_on_whatsapp": (), "reminded": {}}
    (case,) = cases_of([run], [], DayFacts(**{**plain, **facts}), by)
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
    (case,) = cases_of([stuck_run()], [UnownedRun("R1", None, SINCE)], DayFacts({}, {}, {}), policy())

    assert (case.kind, case.partner_id, case.since) == (None, None, SINCE)


def case(run_id: str = "R1", **changes: Any) -> Case:
    plain: dict[str, Any] = {"production_run_id": run_id, "partner_id": PARTNER_ID, "kind": IDLE, "since": SINCE}
    return Case(**{**plain, **changes})


def row(reason: Reason = Reason.NO_REACTION, run_id: str = "R1", **changes: Any) -> Escalation:
    plain: dict[str, Any] = {
        **{"production_run_id": run_id, "partner_id": PARTNER_ID, "kind": IDLE, "since": SINCE},
        **{"id": uuid.uuid4(), "reason": reason, "opened_at": TICK - dt.timedelta(days=3)},
    }
    return Escalation(**{**plain, **changes})


def judged(cases: list[Case], *rows: Escalation, **view: Any) -> Judgement:
    return judge(cases, rows, View(**{"now": TICK, **view}))


def opened(judgement: Judgement) -> list[tuple[str, str]]:
    return [(trouble.production_run_id, trouble.reason) for trouble in judgement.new]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({}, None),
        ({"kind": None, "partner_id": None}, "parked"),
        *(({"end": one}, one) for one in SkipReason if EXPLANATIONS[one].escalates and one != SkipReason.ESCALATED),
        *(({"end": one}, None) for one in SkipReason if not EXPLANATIONS[one].escalates),
        ({"end": "escalated"}, "reminders_used_up"),
        ({"end": "sent"}, None),
        ({"end": "failed"}, None),
        ({"end": "failed", "refused": True}, "not_on_whatsapp"),
        ({"end": "sent", "ignored": True}, "no_reaction"),
        ({"end": "no_phone", "ignored": True}, "no_phone"),
        ({"end": "escalated", "ignored": True}, "reminders_used_up"),
    ],
)
def test_each_case_opens_for_its_reason(state: dict[str, Any], reason: str | None) -> None:
    assert opened(judged([case(**state)])) == ([("R1", reason)] if reason else [])


def test_every_reason_has_its_rule_in_order() -> None:
    assert list(RULES) == list(Reason)


def test_what_is_opened_says_since_when_the_run_is_stuck() -> None:
    (trouble,) = judged([case(end="no_phone")]).new

    assert (trouble.partner_id, trouble.kind, trouble.since) == (PARTNER_ID, IDLE, SINCE)
    assert str(trouble).startswith("R1 of partner P1: no_phone since 2026-10-24.")


@pytest.mark.parametrize(
    ("reason", "state", "stays"),
    [
        pytest.param(Reason.NO_REACTION, {"end": "sent"}, True, id="reminded, no longer in a row"),
        pytest.param(Reason.NO_REACTION, {"end": "paused"}, True, id="paused meanwhile"),
        pytest.param(Reason.NO_REACTION, {"since": SINCE + HOUR}, False, id="work was reported"),
        pytest.param(Reason.NO_REACTION, {"kind": ReminderKind.NOT_STARTED}, False, id="stuck elsewhere"),
        pytest.param(Reason.NO_REACTION, {"partner_id": "P2"}, False, id="another partner's"),
        pytest.param(Reason.REMINDERS_USED_UP, {"end": "sent"}, True, id="the cap was raised"),
        pytest.param(Reason.NO_PHONE, {"end": "no_phone"}, True, id="still no phone"),
        pytest.param(Reason.NO_PHONE, {"end": "sent"}, False, id="has a phone"),
        pytest.param(Reason.NO_PHONE, {"end": "not_due"}, False, id="has a phone, is not due"),
        pytest.param(Reason.NO_PHONE, {"end": "paused"}, True, id="nobody looked"),
        pytest.param(Reason.NO_PHONE, {"end": None}, True, id="nothing was decided"),
        pytest.param(Reason.NO_PHONE, {"end": "already_in_shop"}, False, id="has a phone, the shop wrote"),
        *(
            pytest.param(reason, {"end": "already_in_shop"}, True, id=f"the shop wrote, {reason} was not looked at")
            for reason in (Reason.NO_APPROVED_TEMPLATE, Reason.NO_PICTURE, Reason.NO_COMMON_HOURS)
        ),
        pytest.param(Reason.NO_APPROVED_TEMPLATE, {"end": "duplicate"}, False, id="another run of the day wrote"),
        pytest.param(Reason.NO_APPROVED_TEMPLATE, {"end": "failed"}, True, id="refused when sent"),
        pytest.param(Reason.NOT_ON_WHATSAPP, {"refused": True, "end": "not_due"}, True, id="not tried since"),
        pytest.param(Reason.NOT_ON_WHATSAPP, {"refused": False}, False, id="a message arrived"),
    ],
)
def test_an_open_one_stays_while_the_run_does_not_move_and_its_reason_lasts(
    reason: Reason, state: dict[str, Any], stays: bool
) -> None:
    of_before = row(reason)

    judgement = judged([case(**state)], of_before)

    assert list(judgement.over) == ([] if stays else [of_before.id])


def test_a_run_that_is_not_stuck_any_more_closes_it() -> None:
    of_before = row()

    assert judged([], of_before).over == {of_before.id: "The run moved on."}


def test_a_parked_run_that_was_reassigned_closes_it() -> None:
    of_before = row(Reason.PARKED, kind=None, partner_id=None)

    assert list(judged([case()], of_before).over) == [of_before.id]


def test_a_run_has_one_open_escalation_whatever_else_comes_to_hold() -> None:
    assert judged([case(end="no_phone", ignored=True)], row(Reason.NO_REACTION)) == Judgement([], {})


def test_when_its_reason_is_gone_the_next_one_opens_another() -> None:
    of_before = row(Reason.NO_PHONE)

    judgement = judged([case(end="sent", ignored=True)], of_before)

    assert (opened(judgement), list(judgement.over)) == ([("R1", "no_reaction")], [of_before.id])


CLOSED = {"closed_at": TICK - dt.timedelta(days=1)}


def test_one_closed_by_hand_is_not_opened_again_for_the_same_reason_and_stall() -> None:
    assert judged([case(end="sent", ignored=True)], row(**CLOSED)) == Judgement([], {})


def test_one_closed_by_hand_is_opened_for_another_reason() -> None:
    assert opened(judged([case(end="no_phone", ignored=True)], row(**CLOSED))) == [("R1", "no_phone")]
    assert opened(judged([case(end="escalated", ignored=True)], row(**CLOSED))) == [("R1", "reminders_used_up")]


def test_one_closed_by_hand_is_opened_again_after_the_run_moved_and_stalled_again() -> None:
    of_before = row(**CLOSED)

    assert list(judged([], of_before).over) == [of_before.id]
    again = judged([case(ignored=True, since=SINCE + HOUR)], of_before)
    assert (opened(again), list(again.over)) == ([("R1", "no_reaction")], [of_before.id])


@pytest.mark.parametrize(
    "view",
    [
        {"scope": Scope(production_run_ids=("R2",))},
        {"scope": Scope(partner_ids=("P2",))},
        {"kinds": frozenset({ReminderKind.NOT_STARTED})},
    ],
)
def test_a_narrowed_tick_opens_and_ends_nothing_outside_its_scope(view: dict[str, Any]) -> None:
    assert judged([case(end="no_phone")], **view) == Judgement([], {})
    assert judged([], row(), **view) == Judgement([], {})


def test_a_tick_narrowed_to_kinds_leaves_parked_runs_alone() -> None:
    parked = {"kind": None, "partner_id": None}

    assert judged([case(**parked)], kinds=frozenset({IDLE})).new == []
    assert judged([], row(Reason.PARKED, **parked), kinds=frozenset({IDLE})).over == {}


def test_an_earlier_tick_that_is_cleared_later_undoes_nothing() -> None:
    later = TICK + HOUR

    assert judged([], row(opened_at=later)) == Judgement([], {})
    ended = row(Reason.NO_PHONE, closed_at=later, over_at=later)
    assert judged([case(end="no_phone")], ended) == Judgement([], {})


def plan_one(by: Policy, *days_ago: int, **given: Any) -> str | None:
    (draft,) = plan_reminders(
        tick(),
        [stuck_run(since=SINCE)],
        without_partner=(),
        shop=given.get("shop", shop_facts()),
        log=log_facts(days_reminded={"R1": [DAY - dt.timedelta(days=one) for one in days_ago]}),
        means=means(),
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
    unreachable = shop_facts(partners={PARTNER_ID: partner(whatsapp_number=None)})

    assert plan_one(policy(max_reminders=1, cadence=[9]), 1, shop=unreachable) == "no_phone"
