"""Why a stuck run gets no message: every reason of planning, and which one is told where several hold."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

import pytest

from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Draft, SlotHolder
from support.examples import (
    PARTNER_ID,
    PHONE,
    admin,
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
from whatsapp_provider.templates.catalog import Catalog

HOLDER = uuid.uuid4()


def plan_one(shop: dict[str, Any], log: dict[str, Any], by: dict[str, Any]) -> Draft:
    """The one draft of the one example run, with these changes to what is known."""
    (draft,) = plan_reminders(
        tick(), [stuck_run()], shop=shop_knowledge(**shop), log=log_knowledge(**log), setup=drafting_setup(**by)
    )
    return draft


def of_partner(**changes: Any) -> dict[str, Any]:
    return {"partners": {PARTNER_ID: partner(**changes)}}


def held(status: str, by: int = 2) -> dict[str, Any]:
    return {"slot_holders": {"R1": SlotHolder(HOLDER, status, tick(by).id)}}


NOTHING: dict[str, Any] = {}
REFUSES = {"conversations": {PARTNER_ID: [conversation(consent_given=False)]}}

# Each row is a reason by itself; the rows stand in the order in which the reasons are told.
REASONS: list[tuple[SkipReason, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (SkipReason.DUPLICATE, NOTHING, held("sent"), NOTHING),
    (SkipReason.PARTNER_INACTIVE, of_partner(status="inactive"), NOTHING, NOTHING),
    (SkipReason.NO_PHONE, of_partner(whatsapp_number=None), NOTHING, NOTHING),
    (SkipReason.NO_CONSENT, REFUSES, NOTHING, NOTHING),
    (SkipReason.NO_SENDER, NOTHING, NOTHING, {"senders": ()}),
    (SkipReason.ALREADY_IN_SHOP, {"reminded_in_shop": frozenset({"R1"})}, NOTHING, NOTHING),
    (SkipReason.REFUSED_TODAY, NOTHING, {"refused_phones": frozenset({PHONE})}, NOTHING),
    (SkipReason.NO_TEMPLATE, NOTHING, NOTHING, {"catalog": Catalog(())}),
]


@pytest.mark.parametrize(("reason", "shop", "log", "by"), REASONS, ids=[row[0] for row in REASONS])
def test_each_reason_alone_skips_the_run(
    reason: SkipReason, shop: dict[str, Any], log: dict[str, Any], by: dict[str, Any]
) -> None:
    draft = plan_one(shop, log, by)

    assert draft.skip_reason == reason
    assert draft.to_phone is None
    assert (draft.production_run_id, draft.partner_id, draft.design_id) == ("R1", PARTNER_ID, "D1")


@pytest.mark.parametrize("first", range(len(REASONS)), ids=[row[0] for row in REASONS])
def test_of_several_reasons_the_first_in_the_order_of_the_rules_is_told(first: int) -> None:
    shop: dict[str, Any] = {}
    log: dict[str, Any] = {}
    by: dict[str, Any] = {}
    # From the last to the first, so that where two rows are about one partner the earlier one stands.
    for _, of_shop, of_log, of_means in reversed(REASONS[first:]):
        shop.update(of_shop)
        log.update(of_log)
        by.update(of_means)

    assert plan_one(shop, log, by).skip_reason == REASONS[first][0]


@pytest.mark.parametrize(
    ("shop", "reason"),
    [
        pytest.param({"partners": {}}, "partner_inactive", id="the partner's row is gone"),
        pytest.param(of_partner(deleted=True), "partner_inactive", id="soft-deleted"),
        pytest.param(of_partner(status="inactive"), "partner_inactive", id="inactive"),
        pytest.param(of_partner(whatsapp_number=" "), "no_phone", id="a blank number"),
        pytest.param(of_partner(whatsapp_verified=False), "no_phone", id="a number nobody has verified"),
        pytest.param(of_partner(whatsapp_number="12345"), "invalid_phone", id="an impossible number"),
        pytest.param(
            of_partner(whatsapp_number="6581258574", country_code=None), "ambiguous_phone", id="one of two countries"
        ),
        pytest.param(
            of_partner(whatsapp_number="12345") | {"admins": {PARTNER_ID: [admin()]}},
            "invalid_phone",
            id="an impossible number, though an admin has a good one",
        ),
        pytest.param(
            of_partner(whatsapp_number=None) | {"admins": {PARTNER_ID: [admin(is_active=False)]}},
            "no_phone",
            id="an admin who left",
        ),
        pytest.param(
            of_partner(whatsapp_number=None) | {"admins": {PARTNER_ID: [admin(phone="call me")]}},
            "invalid_phone",
            id="an admin with an impossible number",
        ),
    ],
)
def test_a_partner_who_cannot_be_reached_is_skipped(shop: dict[str, Any], reason: str) -> None:
    assert plan_one(shop, {}, {}).skip_reason == reason


@pytest.mark.parametrize("status", ["pending", "active", None])
def test_only_an_inactive_partner_is_left_out(status: str | None) -> None:
    assert plan_one(of_partner(status=status), {}, {}).skip_reason is None


def test_a_number_of_two_countries_names_both_and_shows_neither() -> None:
    draft = plan_one(of_partner(whatsapp_number="6581258574", country_code=None), {}, {})

    assert draft.variables == {"readings": "+91•••••8574 or +65•••••8574"}


def test_a_number_of_two_countries_is_the_one_at_which_meta_reached_the_partner() -> None:
    shop = of_partner(whatsapp_number="6581258574", country_code=None)

    draft = plan_one({**shop, "reached_at": {PARTNER_ID: frozenset({"+6581258574"})}}, {}, {})

    assert (draft.skip_reason, draft.to_phone) == (None, "+6581258574")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"phone_number": "+919829099999"}, id="the partner's, on another phone"),
        pytest.param({"partner_id": "P2"}, id="another partner's, on this phone"),
    ],
)
def test_a_no_elsewhere_forbids_writing(changes: dict[str, Any]) -> None:
    elsewhere = conversation(**{"consent_given": False, **changes})

    assert plan_one({"conversations": {PARTNER_ID: [elsewhere]}}, {}, {}).skip_reason == "no_consent"


def test_a_language_that_no_template_has_is_no_template() -> None:
    pending = drafting_setup().catalog.get("jyt_production_run_reminder_pending_v1")
    assert pending is not None
    hindi_only = Catalog([dataclasses.replace(pending, translations={"hi": pending.translations["hi"]})])

    assert plan_one({}, {}, {"catalog": hindi_only}).skip_reason is None
    assert plan_one({}, {}, {"catalog": hindi_only, "language": "en"}).skip_reason == SkipReason.NO_TEMPLATE


@pytest.mark.parametrize("status", ["sending", "sent", "delivered", "read", "unknown", "rehearsed", "failed"])
def test_a_run_whose_slot_another_tick_holds_is_a_duplicate_that_names_the_message(status: str) -> None:
    draft = plan_one({}, held(status), {})

    assert (draft.skip_reason, draft.duplicate_of) == (SkipReason.DUPLICATE, HOLDER)


@pytest.mark.parametrize("by", [1, 2])
def test_a_run_that_is_still_queued_is_planned_afresh_whoever_queued_it(by: int) -> None:
    draft = plan_one({}, held("queued", by), {})

    assert (draft.skip_reason, draft.duplicate_of, draft.to_phone) == (None, None, PHONE)


def test_a_run_that_this_very_tick_has_sent_gets_no_second_draft() -> None:
    log = log_knowledge(**held("sent", by=1))

    assert plan_reminders(tick(1), [stuck_run()], log=log) == []


def test_a_run_without_a_partner_is_a_skip_of_its_own() -> None:
    first, second = plan_reminders(tick(), [], without_partner=("R7", "R8"))

    assert [first.production_run_id, second.production_run_id] == ["R7", "R8"]
    assert {first.skip_reason, second.skip_reason} == {SkipReason.NO_PARTNER}
    assert first.context_id == "R7:reminder:2026-11-23"
    assert first.production_run_ids == ("R7",)
    assert (first.partner_id, first.reminder_kind, first.to_phone) == (None, None, None)


def test_a_run_that_lost_its_partner_since_it_was_found_gets_one_decision() -> None:
    drafts = plan_reminders(tick(), [stuck_run("R1")], without_partner=("R1",))

    assert [draft.skip_reason for draft in drafts] == [SkipReason.NO_PARTNER]


def test_a_skip_of_one_run_leaves_the_others_alone() -> None:
    shop = shop_knowledge(partners={"P1": partner("P1"), "P2": partner("P2", status="inactive")})
    runs = [stuck_run("R1", partner_id="P2"), stuck_run("R2"), stuck_run("R3", partner_id="P2"), stuck_run("R4")]

    drafts = plan_reminders(tick(), runs, shop=shop)

    assert [draft.skip_reason for draft in drafts] == ["partner_inactive", None, "partner_inactive", None]


def test_without_a_sender_for_the_number_the_first_sender_writes() -> None:
    only = sender("au", country_codes=("+61",), languages=("en",))

    draft = plan_one({}, {}, {"senders": (only,)})

    assert (draft.skip_reason, draft.sender, draft.language) == (None, "au", "en")
