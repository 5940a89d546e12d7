"""Which runs need a person, why, and until when: tables over days."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.scope import Scope
from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason
from partner_messages.ops.judgement import (
    Coverage,
    Escalation,
    Judgement,
    judge,
)
from partner_messages.ops.reasons import OF_ANSWERS, RULES, Act, Reason, StallToday, reasons_that_ask_for
from partner_messages.shop.names import Names
from support.deployment import TICK
from support.examples import PARTNER_ID
from support.planned import policy

HOUR = dt.timedelta(hours=1)
SINCE = TICK - dt.timedelta(days=30)
IDLE = ReminderKind.IDLE


def case(run_id: str = "R1", **changes: Any) -> StallToday:
    plain: dict[str, Any] = {"production_run_id": run_id, "partner_id": PARTNER_ID, "kind": IDLE, "since": SINCE}
    return StallToday(**{**plain, **changes})


FOUND_OUT = [one for one in Reason if one not in OF_ANSWERS]
"""The reasons that a tick finds out; the others stand beside them."""


def row(reason: Reason = Reason.NO_REACTION, run_id: str = "R1", **changes: Any) -> Escalation:
    plain: dict[str, Any] = {
        **{"production_run_id": run_id, "partner_id": PARTNER_ID, "kind": IDLE, "since": SINCE},
        **{"id": uuid.uuid4(), "reason": reason, "opened_at": TICK - dt.timedelta(days=3)},
    }
    return Escalation(**{**plain, **changes})


def judged(cases: list[StallToday], *rows: Escalation, **view: Any) -> Judgement:
    return judge(cases, rows, Coverage(**{"now": TICK, **view}))


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
        ({"end": "failed", "refused": True, "awaited": True}, None),
        ({"end": "paused", "refused": True, "ignored": True}, None),
        ({"end": "paused", "left_alone": True, "ignored": True}, "left_alone"),
        ({"end": "waits_for_material", "left_alone": True, "ignored": True}, None),
        ({"end": "no_phone", "ignored": True}, "no_phone"),
        ({"end": "escalated", "ignored": True}, "reminders_used_up"),
    ],
)
def test_each_case_opens_for_its_reason(state: dict[str, Any], reason: str | None) -> None:
    assert opened(judged([case(**state)])) == ([("R1", reason)] if reason else [])


def test_every_reason_has_its_rule_in_order() -> None:
    assert list(RULES) == list(Reason)


def test_reasons_that_ask_for_the_same_are_told_of_together() -> None:
    assert {"no_phone", "invalid_phone", "not_on_whatsapp"} <= set(reasons_that_ask_for(Act.FIND_NUMBER))
    assert set(reasons_that_ask_for(Act.CALL)) >= {"reminders_used_up", "no_reaction"}
    assert {one for act in Act for one in reasons_that_ask_for(act)} == set(Reason)
    assert all(reasons_that_ask_for(act) for act in Act)


def test_what_is_opened_says_since_when_the_run_is_stuck() -> None:
    (trouble,) = judged([case(end="no_phone")]).new

    assert (trouble.partner_id, trouble.kind, trouble.since) == (PARTNER_ID, IDLE, SINCE)
    said = trouble.said(Names({"P1": "Rajesh Textiles"}, {"R1": "Block Print Kurta"}))
    assert said.startswith(
        "Rajesh Textiles, Block Print Kurta: no_phone since 2026-10-24 (idle) — No verified WhatsApp"
    )
    assert said.endswith("Find a number on which the partner is reached. | run R1, partner P1")
    assert trouble.said(Names()).startswith("A run: no_phone since 2026-10-24 (idle) — ")


def test_where_its_reason_is_explained_already_it_is_said_in_short_and_the_ids_are_all_that_may_be_cut() -> None:
    (trouble,) = judged([case(end="no_phone")]).new

    said = trouble.said(Names({"P1": "Rajesh Textiles"}, {"R1": "Block Print Kurta"}), in_short=True)
    assert said == "Rajesh Textiles, Block Print Kurta: no_phone since 2026-10-24 (idle) | run R1, partner P1"


NAMES = Names({"P1": "Rajesh Textiles"}, {"R1": "Block Print Kurta", "R2": "Linen Scarf"})


def test_one_that_a_digest_was_answered_for_names_its_other_runs_and_their_ids() -> None:
    said = row(Reason.ASKED_FOR_HELP, others=("R2", "R3"), said_words="help").said(NAMES, in_short=True)

    assert said.endswith(
        ' They wrote: "help". They were written to about 2 more: Linen Scarf, R3.'
        " | run R1, partner P1; the others: R2, R3"
    )


@pytest.mark.parametrize(("number", "ends"), [(10, "D9. |"), (11, "D9 and 1 more. |"), (40, "D9 and 30 more. |")])
def test_of_a_long_digest_ten_other_runs_are_named(number: int, ends: str) -> None:
    designs = {f"R{one}": f"D{one}" for one in range(number)}
    said = row(Reason.ANSWERED, "R", others=tuple(designs)).said(Names({}, designs))

    assert f"about {number} more: D0, D1, " in said
    assert f", {ends}" in said
    assert said.endswith("R7, R8, R9")


@pytest.mark.parametrize(
    ("reason", "state", "stays"),
    [
        pytest.param(Reason.NO_REACTION, {"end": "sent", "ignored": True}, True, id="reminded again"),
        pytest.param(Reason.NO_REACTION, {"end": "sent"}, False, id="more days in a row are allowed"),
        pytest.param(Reason.NO_REACTION, {"end": "paused", "ignored": True}, False, id="paused meanwhile"),
        pytest.param(Reason.NO_REACTION, {"since": SINCE + HOUR}, False, id="work was reported"),
        pytest.param(Reason.NO_REACTION, {"kind": ReminderKind.NOT_STARTED}, False, id="stuck elsewhere"),
        pytest.param(Reason.NO_REACTION, {"partner_id": "P2"}, False, id="another partner's"),
        pytest.param(Reason.REMINDERS_USED_UP, {"end": "not_due", "used_up": True}, True, id="the cap stands"),
        pytest.param(Reason.REMINDERS_USED_UP, {"end": "not_due"}, False, id="the cap was raised, none is due"),
        pytest.param(Reason.REMINDERS_USED_UP, {"end": "sent"}, False, id="the cap was raised"),
        pytest.param(Reason.REMINDERS_USED_UP, {"end": "paused", "used_up": True}, False, id="paused at the cap"),
        pytest.param(Reason.NO_PHONE, {"end": "no_phone"}, True, id="still no phone"),
        pytest.param(Reason.NO_PHONE, {"end": "sent"}, False, id="has a phone"),
        pytest.param(Reason.NO_PHONE, {"end": "not_due"}, False, id="has a phone, is not due"),
        pytest.param(Reason.NO_PHONE, {"end": "partner_holiday"}, False, id="has a phone, and a holiday"),
        pytest.param(Reason.NO_PHONE, {"end": "failed"}, False, id="has a phone, it failed"),
        pytest.param(Reason.NO_PHONE, {"end": "refused_today"}, False, id="has a phone, it was refused"),
        pytest.param(Reason.NO_PHONE, {"end": "paused"}, False, id="paused, so that nobody needs it"),
        pytest.param(Reason.NO_PHONE, {"end": None}, True, id="nothing was decided"),
        pytest.param(Reason.NO_PHONE, {"end": "moved_on"}, True, id="nobody knows yet"),
        pytest.param(Reason.NO_PHONE, {"end": "already_in_shop"}, False, id="has a phone, the shop wrote"),
        *(
            pytest.param(reason, {"end": "already_in_shop"}, True, id=f"the shop wrote, {reason} was not looked at")
            for reason in (Reason.NO_APPROVED_TEMPLATE, Reason.NO_PICTURE, Reason.NO_COMMON_HOURS)
        ),
        pytest.param(Reason.NO_APPROVED_TEMPLATE, {"end": "duplicate"}, False, id="another run of the day wrote"),
        pytest.param(Reason.NO_APPROVED_TEMPLATE, {"end": "failed"}, True, id="refused when sent"),
        pytest.param(Reason.NOT_ON_WHATSAPP, {"refused": True, "end": "not_due"}, True, id="not tried since"),
        pytest.param(Reason.NOT_ON_WHATSAPP, {"refused": True, "awaited": True}, True, id="tried again just now"),
        pytest.param(Reason.NOT_ON_WHATSAPP, {"refused": True, "end": "paused"}, False, id="refused and paused"),
        pytest.param(Reason.NOT_ON_WHATSAPP, {"refused": False}, False, id="a message arrived"),
        pytest.param(Reason.LEFT_ALONE, {"end": "paused", "left_alone": True}, True, id="still left alone"),
        pytest.param(Reason.LEFT_ALONE, {"end": "sent"}, False, id="left alone no more"),
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


CLOSED = {"closed_at": TICK - dt.timedelta(days=1)}
STATES: dict[Reason, dict[str, Any]] = {
    Reason.PARKED: {"kind": None},
    **{Reason(one): {"end": one} for one in SkipReason if one in set(FOUND_OUT)},
    Reason.NOT_ON_WHATSAPP: {"end": "failed", "refused": True},
    Reason.REMINDERS_USED_UP: {"end": "escalated", "used_up": True},
    Reason.NO_REACTION: {"end": "sent", "ignored": True},
    Reason.LEFT_ALONE: {"end": "paused", "left_alone": True},
}
"""What a tick knows of a run that needs a person for each of the reasons, and for no other."""


@pytest.mark.parametrize("before", FOUND_OUT)
def test_an_open_one_is_always_for_what_holds_today(before: Reason) -> None:
    of_before = row(before, kind=None if before is Reason.PARKED else IDLE)

    for now in (one for one in FOUND_OUT if one is not before):
        judgement = judged([case(**STATES[now])], of_before)

        assert (opened(judgement), list(judgement.over)) == ([("R1", now)], [of_before.id])


@pytest.mark.parametrize("reason", FOUND_OUT)
def test_the_same_reason_opens_no_second_one(reason: Reason) -> None:
    of_before = row(reason, kind=None if reason is Reason.PARKED else IDLE)

    assert judged([case(**STATES[reason])], of_before) == Judgement([], {})


@pytest.mark.parametrize("reason", [one for one in FOUND_OUT if one not in (Reason.PARKED, Reason.LEFT_ALONE)])
@pytest.mark.parametrize("end", ["paused", "waits_for_material"])
def test_a_pause_or_a_wait_ends_whatever_is_open_and_keeps_what_was_closed_by_hand(reason: Reason, end: str) -> None:
    paused = case(**{**STATES[reason], "end": end})
    of_before, by_hand = row(reason), row(reason, **CLOSED)

    assert judged([paused], of_before) == Judgement([], {of_before.id: f"The run is set aside ({end})."})
    assert judged([paused], by_hand) == Judgement([], {})
    assert judged([case(**STATES[reason])], by_hand) == Judgement([], {})


def test_of_two_reasons_that_hold_the_first_one_takes_the_place_of_the_other() -> None:
    of_before = row(Reason.NO_REACTION)

    judgement = judged([case(end="no_phone", ignored=True)], of_before)

    assert (opened(judgement), list(judgement.over)) == ([("R1", "no_phone")], [of_before.id])


def test_a_reason_of_which_nothing_is_known_today_keeps_the_place_of_a_later_one() -> None:
    assert judged([case(end="moved_on", ignored=True)], row(Reason.NO_PHONE)) == Judgement([], {})


def test_what_is_over_says_what_came_in_its_place() -> None:
    (why,) = judged([case(end="failed", refused=True)], row(Reason.NO_PHONE)).over.values()

    assert why == "The reason (no_phone) is gone; now it is not_on_whatsapp."


def test_when_its_reason_is_gone_the_next_one_opens_another() -> None:
    of_before = row(Reason.NO_PHONE)

    judgement = judged([case(end="sent", ignored=True)], of_before)

    assert (opened(judgement), list(judgement.over)) == ([("R1", "no_reaction")], [of_before.id])


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


class TestWhatPartnersHaveAskedFor:
    """It stands beside whatever the tick finds out, until the run moves."""

    @pytest.mark.parametrize("reason", sorted(OF_ANSWERS))
    @pytest.mark.parametrize("state", [{"end": "sent"}, {"end": "paused"}, {"end": "no_phone"}, {"end": "answered"}])
    def test_no_state_of_the_same_stall_ends_it(self, reason: Reason, state: dict[str, Any]) -> None:
        assert judged([case(**state)], row(reason)).over == {}

    @pytest.mark.parametrize("reason", sorted(OF_ANSWERS))
    def test_it_stands_beside_what_the_tick_finds_out(self, reason: Reason) -> None:
        judgement = judged([case(end="no_phone")], row(reason))
        assert opened(judgement) == [("R1", Reason.NO_PHONE)]
        assert judgement.over == {}
        assert judged([case(end="no_phone")], row(reason), row(Reason.NO_PHONE)) == Judgement([], {})

    @pytest.mark.parametrize("cases", [[], [case(since=SINCE + HOUR)], [case(partner_id="P2")]])
    @pytest.mark.parametrize("reason", sorted(OF_ANSWERS))
    def test_it_is_over_when_the_run_moves_but_a_person_decides_what_sounds_like_stop(
        self, reason: Reason, cases: list[StallToday]
    ) -> None:
        assert bool(judged(cases, row(reason)).over) is (reason is not Reason.MAYBE_OPT_OUT)

    @pytest.mark.parametrize(
        ("cases", "ended", "over"),
        [
            ([], (), False),
            ([], ("R1",), True),
            ([case(since=SINCE - HOUR)], (), False),
            ([case(since=SINCE + HOUR)], (), True),
            ([case(since=SINCE - HOUR, partner_id="P2")], (), True),
        ],
    )
    def test_one_on_a_lifecycle_message_is_over_when_the_run_stands_still_anew_or_is_theirs_no_more(
        self, cases: list[StallToday], ended: tuple[str, ...], over: bool
    ) -> None:
        of_message = row(Reason.ASKED_FOR_HELP, kind=None)
        assert bool(judged(cases, of_message, ended=frozenset(ended)).over) is over


@pytest.mark.parametrize("reason", [Reason.ASKED_FOR_HELP, Reason.ANSWERED, Reason.BROKEN_PROMISE])
def test_what_a_partner_asked_for_stands_while_a_raised_threshold_hides_the_run(reason: Reason) -> None:
    asked = row(reason)

    assert judged([], asked, policy=policy(thresholds={"idle": 8_000})).over == {}
    assert judged([], asked).over == {asked.id: "The run moved on."}
