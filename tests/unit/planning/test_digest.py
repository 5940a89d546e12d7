"""Who gets one message for several runs, what it speaks of, and what becomes of what was queued before."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Draft, SlotHolder, StandingDigest
from partner_messages.planning.reminders.digest import TEMPLATE, kept_apart
from partner_messages.planning.reminders.inputs import LogKnowledge
from partner_messages.templates.approvals.gate import Approval
from partner_messages.templates.catalog.installed import installed_catalog
from support.deployment import TICK
from support.examples import (
    DAY,
    PARTNER_ID,
    PHONE,
    conversation,
    drafting_setup,
    log_knowledge,
    partner,
    sender,
    shop_knowledge,
    stuck_run,
    tick,
)
from support.planned import plan_reminders

PENDING, NOT_STARTED, IDLE = ReminderKind
EARLIER = tick(9).id
PARTNERS = {id_: partner(id_) for id_ in ("P1", "P2")}
CONTEXT = "P1:digest:2026-11-23"


def plan(
    *runs: StuckRun | str, log: LogKnowledge | None = None, shop: dict[str, Any] | None = None, **by: Any
) -> list[Draft]:
    return plan_reminders(
        tick(),
        [stuck_run(run) if isinstance(run, str) else run for run in runs],
        shop=shop_knowledge(**{"partners": PARTNERS, **(shop or {})}),
        log=log or log_knowledge(),
        setup=drafting_setup(**{"digest": True, **by}),
    )


def said(drafts: list[Draft]) -> list[tuple[str, ...]]:
    """Each decision: its context, its runs, and its reason where it is a skip."""
    return sorted(
        (draft.context_id, *sorted(draft.production_run_ids), *([draft.skip_reason] if draft.skip_reason else []))
        for draft in drafts
    )


def single(run_id: str, reason: str | None = None) -> tuple[str, ...]:
    return (f"{run_id}:reminder:2026-11-23", run_id, *([reason] if reason else []))


def days(number: float) -> dt.datetime:
    return TICK - dt.timedelta(days=number)


def test_two_runs_of_a_partner_are_one_message_of_no_one_run() -> None:
    runs = [
        stuck_run("R1", since=days(3)),
        stuck_run("R2", since=days(8), kind=IDLE, produced_quantity=1.0, design_id="D2"),
        stuck_run("R3", since=days(2)),
    ]

    (draft,) = plan(*runs, shop={"design_names": {"D2": "Saree"}}, language="en")

    assert (draft.context_type, draft.context_id, draft.message_kind) == ("partner", CONTEXT, "digest")
    assert draft.production_run_ids == ("R1", "R2", "R3")
    assert (draft.production_run_id, draft.reminder_kind, draft.design_id) == (None, None, None)
    assert (draft.partner_id, draft.sender, draft.to_phone) == (PARTNER_ID, "in", PHONE)
    assert (draft.template_name, draft.language, draft.image_url) == (TEMPLATE, "en", None)
    assert draft.variables == {
        "partner_name": "Rajesh Textiles",
        "counts": "2 runs await your answer, 1 is quiet",
        "design_name": "Saree",
        "run_id": "R2",
        "waiting": "8 days",
    }
    assert draft.body_text
    assert all(value in draft.body_text for value in draft.variables.values())


def test_a_single_run_has_a_message_of_its_own() -> None:
    assert plan("R1")[0].template_name == "jyt_production_run_reminder_pending_v1"
    assert said(plan("R1")) == [single("R1")]


def test_without_the_setting_every_run_has_a_message_of_its_own() -> None:
    assert said(plan("R1", "R2", digest=False)) == [single("R1"), single("R2")]


def test_each_partner_has_a_digest_or_a_message_by_how_many_runs_there_are() -> None:
    drafts = plan("R1", stuck_run("R2", partner_id="P2"), "R3", stuck_run("R4", partner_id="P3"))

    assert said(drafts) == [
        (CONTEXT, "R1", "R3"),
        single("R2"),
        single("R4", "partner_inactive"),
    ]


@pytest.mark.parametrize(
    ("shop", "expected"),
    [
        ({"reminded_in_shop": frozenset({"R1"})}, [(CONTEXT, "R2", "R3"), single("R1", "already_in_shop")]),
        (
            {"reminded_in_shop": frozenset({"R1", "R2"})},
            [single("R1", "already_in_shop"), single("R2", "already_in_shop"), single("R3")],
        ),
        (
            {"conversations": {PARTNER_ID: [conversation(consent_given=False)]}},
            [single(run_id, "no_consent") for run_id in ("R1", "R2", "R3")],
        ),
    ],
)
def test_what_is_skipped_is_a_row_of_its_own(shop: dict[str, Any], expected: list[tuple[str, ...]]) -> None:
    assert said(plan("R1", "R2", "R3", shop=shop)) == expected


def test_a_refused_phone_is_not_written_to_by_a_digest_either() -> None:
    drafts = plan("R1", "R2", log=log_knowledge(refused_phones=frozenset({PHONE})))

    assert said(drafts) == [single("R1", "refused_today"), single("R2", "refused_today")]


def test_a_redirected_digest_goes_to_the_one_phone() -> None:
    (draft,) = plan("R1", "R2", redirect_to="+919811111111")

    assert (draft.to_phone, draft.message_kind, draft.language) == ("+919811111111", "digest", "hi")


@pytest.mark.parametrize("family", ["v1", "v2"])
def test_a_digest_is_the_same_for_both_families_and_shows_no_picture(family: Any) -> None:
    (draft,) = plan("R1", "R2", family=family, shop={"pictures": {"D1": "https://cdn.example/1.jpg"}})

    assert (draft.template_name, draft.image_url) == (TEMPLATE, None)


def test_a_digest_is_one_message_within_the_limit_and_as_urgent_as_its_most_urgent_run() -> None:
    runs = [
        stuck_run("R1", since=days(1)),
        stuck_run("R2", since=days(30)),
        stuck_run("S", partner_id="P2", since=days(20)),
    ]

    assert said(plan(*runs, limit=2)) == [(CONTEXT, "R1", "R2"), single("S")]
    assert said(plan(*runs, limit=1)) == [(CONTEXT, "R1", "R2"), single("S", "over_limit")]
    reminded = log_knowledge(last_reminded=dict.fromkeys(("R1", "R2"), DAY - dt.timedelta(days=1)))
    assert said(plan(*runs, limit=1, log=reminded)) == [(CONTEXT, "R1", "R2", "over_limit"), single("S")]


def approvals(**languages: tuple[str, ...]) -> dict[tuple[str, str], dict[str, Approval]]:
    """What is approved on the one account: the digest in these languages, the reminder in those."""
    names = {"digest": TEMPLATE, "pending": "jyt_production_run_reminder_pending_v1"}
    account = sender().waba_id
    return {
        (account, names[short]): {
            language: Approval(account, names[short], language, "APPROVED", "UTILITY", "", "", None, TICK)
            for language in approved
        }
        for short, approved in languages.items()
    }


@pytest.mark.parametrize(
    ("digest", "pending", "expected"),
    [
        (("en", "hi"), ("en", "hi"), [(CONTEXT, "R1", "R2")]),
        ((), ("en", "hi"), [single("R1"), single("R2")]),
        (("en",), ("en", "hi"), [single("R1"), single("R2")]),
        (("en",), ("en",), [(CONTEXT, "R1", "R2")]),
        (("hi",), (), [single("R1", "no_approved_template"), single("R2", "no_approved_template")]),
    ],
)
def test_where_the_digest_cannot_be_sent_in_the_partner_s_language_each_run_has_its_own_message(
    digest: tuple[str, ...], pending: tuple[str, ...], expected: list[tuple[str, ...]]
) -> None:
    assert said(plan("R1", "R2", approvals=approvals(digest=digest, pending=pending))) == expected


def test_without_the_template_in_the_catalog_each_run_has_its_own_message() -> None:
    from whatsapp_provider.templates.catalog import Catalog

    assert said(plan("R1", "R2", catalog=Catalog(one for one in installed_catalog() if one.name != TEMPLATE))) == [
        single("R1"),
        single("R2"),
    ]


def test_partners_who_get_more_than_one_message_are_named() -> None:
    drafts = plan("R1", "R2", stuck_run("R3", partner_id="P2"), stuck_run("R4", partner_id="P3"), digest=False)

    assert kept_apart(drafts) == ["P1"]
    assert kept_apart(plan("R1", "R2", "R3")) == []


_ids = itertools.count(1)


def standing(*run_ids: str, status: str = "queued", number: int = 1, partner_id: str = "P1") -> StandingDigest:
    context_id = f"{partner_id}:digest:2026-11-23" + (f":{number}" if number > 1 else "")
    return StandingDigest(uuid.UUID(int=next(_ids)), context_id, partner_id, status, frozenset(run_ids))


def knows(*digests: StandingDigest, queued: tuple[str, ...] = (), **changes: Any) -> LogKnowledge:
    """A log with these digests of an earlier run, and messages of their own for those runs, still queued."""
    of_digests = {
        run_id: SlotHolder(one.id, one.status, EARLIER) for one in digests for run_id in one.production_run_ids
    }
    of_themselves = {run_id: SlotHolder(uuid.UUID(int=next(_ids)), "queued", EARLIER) for run_id in queued}
    return log_knowledge(slot_holders={**of_digests, **of_themselves}, digests=digests, **changes)


def test_what_is_queued_for_one_run_stays_its_own_and_the_others_are_gathered() -> None:
    assert said(plan("R1", "R2", "R3", log=knows(queued=("R1",)))) == [(CONTEXT, "R2", "R3"), single("R1")]
    assert said(plan("R1", "R2", log=knows(queued=("R1",)))) == [single("R1"), single("R2")]


def test_a_queued_digest_of_just_these_runs_is_taken_over_and_worded_anew() -> None:
    queued = standing("R1", "R2", number=2)

    (draft,) = plan("R2", "R1", log=knows(queued))

    assert (draft.adopts, draft.context_id, draft.skip_reason) == (queued.id, queued.context_id, None)
    assert set(draft.production_run_ids) == {"R1", "R2"}
    assert draft.variables


def test_a_queued_digest_to_which_a_run_is_to_be_added_makes_room_for_a_new_one() -> None:
    queued = standing("R1", "R2")

    drafts = plan("R1", "R2", "R3", log=knows(queued))

    assert said(drafts) == [(CONTEXT, "R1", "R2", "moved_on"), (f"{CONTEXT}:2", "R1", "R2", "R3")]
    assert {draft.context_id: draft.adopts for draft in drafts} == {CONTEXT: queued.id, f"{CONTEXT}:2": None}


def test_two_queued_digests_of_a_partner_become_one() -> None:
    first, second = standing("R1", "R2"), standing("R3", "R4", number=2)

    assert said(plan("R1", "R2", "R3", "R4", log=knows(first, second))) == [
        (CONTEXT, "R1", "R2", "moved_on"),
        (f"{CONTEXT}:2", "R3", "R4", "moved_on"),
        (f"{CONTEXT}:3", "R1", "R2", "R3", "R4"),
    ]


def test_a_queued_digest_of_which_one_run_is_left_makes_room_for_its_own_message() -> None:
    drafts = plan("R1", "R2", log=knows(standing("R1", "R2")), shop={"reminded_in_shop": frozenset({"R1"})})

    assert said(drafts) == [(CONTEXT, "R1", "R2", "moved_on"), single("R1", "already_in_shop"), single("R2")]


def test_a_queued_digest_of_a_run_that_was_not_looked_at_goes_out_as_it_is() -> None:
    queued = standing("R1", "elsewhere")

    drafts = plan("R1", "R2", "R3", log=knows(queued))

    assert said(drafts) == [(CONTEXT, "R1", "elsewhere"), (f"{CONTEXT}:2", "R2", "R3")]
    as_it_is = next(draft for draft in drafts if draft.adopts)
    assert (as_it_is.variables, as_it_is.body_text, as_it_is.to_phone) == (None, None, None)


def test_a_queued_digest_of_none_of_these_runs_is_left_alone() -> None:
    assert said(plan("R1", "R2", log=knows(standing("elsewhere", "too")))) == [(f"{CONTEXT}:2", "R1", "R2")]


def test_a_digest_that_is_taken_over_as_it_is_counts_within_the_limit() -> None:
    drafts = plan("R1", stuck_run("S", partner_id="P2", since=days(30)), log=knows(standing("R1", "other")), limit=1)

    # It stays queued for the run of the DAG that has looked at all of its runs.
    assert said(drafts) == [single("S")]


def test_a_run_that_went_to_another_partner_leaves_the_digest_that_was_queued_for_the_first() -> None:
    drafts = plan("R1", "R2", stuck_run("R3", partner_id="P2"), log=knows(standing("R1", "R2", "R3")))

    assert said(drafts) == [(CONTEXT, "R1", "R2", "R3", "moved_on"), (f"{CONTEXT}:2", "R1", "R2"), single("R3")]


def test_what_a_digest_has_told_today_is_a_duplicate_and_new_runs_have_a_second_digest() -> None:
    told = standing("R1", "R2", status="sent")

    drafts = plan("R1", "R2", "R3", "R4", log=knows(told))

    assert said(drafts) == [
        (f"{CONTEXT}:2", "R3", "R4"),
        single("R1", "duplicate"),
        single("R2", "duplicate"),
    ]
    assert {draft.duplicate_of for draft in drafts if draft.skip_reason} == {told.id}


def test_a_planning_that_was_killed_and_is_tried_again_plans_the_same() -> None:
    mine = standing("R1", "R2")
    log = log_knowledge(
        slot_holders={run_id: SlotHolder(mine.id, "queued", tick().id) for run_id in ("R1", "R2")}, digests=[mine]
    )

    (draft,) = plan("R1", "R2", log=log)

    assert (draft.adopts, draft.context_id) == (mine.id, CONTEXT)


def test_with_the_setting_off_again_a_queued_digest_makes_room_for_its_runs_own_messages() -> None:
    drafts = plan("R1", "R2", log=knows(standing("R1", "R2")), digest=False)

    assert said(drafts) == [(CONTEXT, "R1", "R2", "moved_on"), single("R1"), single("R2")]


def test_a_reminder_that_an_event_asked_for_stays_a_message_of_its_own() -> None:
    asked = {"R1": SlotHolder(uuid.UUID(int=1), "queued", EARLIER, asked_by_event=True)}

    assert said(plan("R1", "R2", "R3", log=log_knowledge(slot_holders=asked))) == [(CONTEXT, "R2", "R3"), single("R1")]


@given(data=st.data())
def test_whatever_was_queued_no_run_is_in_two_messages_and_none_is_forgotten(data: st.DataObject) -> None:
    ids = [f"R{number}" for number in range(8)]
    places = st.sampled_from(["free", "alone", "digest 1", "digest 2", "sent digest"])
    where = {run_id: data.draw(places) for run_id in ids}
    of = {run_id: data.draw(st.sampled_from(["P1", "P2"])) for run_id in ids}
    looked_at = data.draw(st.sets(st.sampled_from(ids)))
    digests = [
        standing(*runs, status=status, number=number)
        for number, (place, status) in enumerate(
            [("digest 1", "queued"), ("digest 2", "queued"), ("sent digest", "sent")], start=1
        )
        if (runs := [run_id for run_id in ids if where[run_id] == place])
    ]
    alone = tuple(run_id for run_id in ids if where[run_id] == "alone")

    drafts = plan(
        *(stuck_run(run_id, partner_id=of[run_id]) for run_id in sorted(looked_at)),
        log=knows(*digests, queued=alone),
        digest=data.draw(st.booleans()),
    )

    messages = [draft for draft in drafts if draft.skip_reason is None]
    told = [run_id for draft in messages for run_id in draft.production_run_ids]
    assert len(told) == len(set(told))
    due = {run_id for run_id in looked_at if where[run_id] != "sent digest"}
    assert due <= set(told)
    withdrawn = {draft.adopts for draft in drafts if draft.message_kind == "digest" and draft.skip_reason}
    for one in digests:
        if one.id in withdrawn:
            assert one.production_run_ids <= set(told), "whoever is withdrawn from one message stands in another"
    taken_over = {draft.adopts for draft in messages if draft.adopts}
    contexts = [draft.context_id for draft in messages if not draft.adopts]
    assert len(contexts) == len(set(contexts))
    assert not set(contexts) & {one.context_id for one in digests}
    assert not taken_over & withdrawn
    assert all(draft.skip_reason != SkipReason.OVER_LIMIT for draft in drafts)
