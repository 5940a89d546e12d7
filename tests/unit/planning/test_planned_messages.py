"""What a planned message says, to whom, in which language and through which sender."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.values import Draft
from partner_messages.recipients.people import Partner
from support.deployment import TICK
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

AU = sender("au", country_codes=("+61",), languages=("en",))
EUROPE = sender("europe", country_codes=("+39", "+44"), languages=("en", "it"), is_default=True)
REDIRECT_TO = "+919811111111"
INVISIBLE = "\u200b\u2060\u3164 \n\t\u202e"


def plan_one(run: StuckRun | None = None, shop: dict[str, Any] | None = None, **by: Any) -> Draft:
    (draft,) = plan_reminders(
        tick(),
        [run or stuck_run()],
        shop=shop_knowledge(**(shop or {})),
        setup=drafting_setup(**{"senders": (sender(), AU, EUROPE), **by}),
    )
    return draft


def test_a_message_has_everything_its_row_needs() -> None:
    draft = plan_one()

    assert draft.skip_reason is None
    assert draft.duplicate_of is None
    assert (draft.context_type, draft.context_id) == ("production_run", "R1:reminder:2026-11-23")
    assert (draft.message_kind, draft.reminder_kind) == ("reminder", ReminderKind.ASSIGNMENT_PENDING)
    assert (draft.production_run_id, draft.production_run_ids) == ("R1", ("R1",))
    assert (draft.partner_id, draft.design_id) == (PARTNER_ID, "D1")
    assert (draft.to_phone, draft.sender, draft.language) == (PHONE, "in", "hi")
    assert draft.template_name == "jyt_production_run_reminder_pending_v1"
    assert draft.variables == {
        "partner_name": "Rajesh Textiles",
        "design_name": "Block Print Kurta",
        "run_id": "R1",
        "days": "3",
    }
    assert draft.body_text
    assert all(value in draft.body_text for value in draft.variables.values())
    assert "{{" not in draft.body_text


def test_the_context_is_of_the_tick_s_day_and_the_age_of_the_tick_s_now() -> None:
    (draft,) = plan_reminders(
        tick(day=dt.date(2026, 11, 20), now=TICK - dt.timedelta(days=1)),
        [stuck_run()],
    )

    assert draft.context_id == "R1:reminder:2026-11-20"
    assert draft.variables is not None
    assert draft.variables["days"] == "2"


@pytest.mark.parametrize(
    ("who", "talk", "by", "expected"),
    [
        pytest.param({}, None, {}, (PHONE, "in", "hi"), id="India: Hindi by the prefix"),
        pytest.param(
            {"whatsapp_number": "098290 12345"}, None, {}, (PHONE, "in", "hi"), id="a national number becomes E.164"
        ),
        pytest.param(
            {"whatsapp_number": "61 412 345 678", "country_code": "AU"},
            None,
            {},
            ("+61412345678", "au", "en"),
            id="Australia: English by the prefix",
        ),
        pytest.param(
            {"whatsapp_number": "+15122364500", "country_code": "US"},
            None,
            {},
            ("+15122364500", "europe", "en"),
            id="no prefix fits: the default sender",
        ),
        pytest.param({}, {"language": "en"}, {}, (PHONE, "in", "en"), id="a saved language goes before the prefix"),
        pytest.param({}, {"language": "it"}, {}, (PHONE, "in", "en"), id="one that the sender lacks becomes English"),
        pytest.param(
            {},
            {"default_sender_platform_id": "platform of au"},
            {},
            (PHONE, "au", "en"),
            id="a pinned sender goes before the prefix, and has its own languages",
        ),
        pytest.param(
            {},
            {"default_sender_platform_id": "platform of a sender that is no more"},
            {},
            (PHONE, "in", "hi"),
            id="a pin to a sender that is no more pins nothing",
        ),
        pytest.param(
            {}, {"language": "hi"}, {"language": "en"}, (PHONE, "in", "en"), id="one language for everybody goes first"
        ),
    ],
)
def test_the_recipient_follows_the_shop_s_rules(
    who: dict[str, Any], talk: dict[str, Any] | None, by: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    found = partner(**who)
    talks = [conversation(phone_number=found.whatsapp_number, **talk)] if talk else []

    draft = plan_one(shop={"partners": {PARTNER_ID: found}, "conversations": {PARTNER_ID: talks}}, **by)

    assert (draft.to_phone, draft.sender, draft.language) == expected


def test_an_admin_stands_in_for_a_partner_without_a_verified_number() -> None:
    unverified = {PARTNER_ID: partner(whatsapp_verified=False)}
    later = admin(id="A2", phone="+919829077777", created_at=TICK)

    draft = plan_one(shop={"partners": unverified, "admins": {PARTNER_ID: [later, admin()]}})

    assert draft.to_phone == "+919829054321"


def test_a_redirected_message_goes_to_the_one_phone_in_the_partner_s_language_through_the_partner_s_sender() -> None:
    australian = {PARTNER_ID: partner(whatsapp_number="+61412345678", country_code="AU")}

    plain = plan_one(shop={"partners": australian})
    redirected = plan_one(shop={"partners": australian}, redirect_to=REDIRECT_TO)

    assert redirected.to_phone == REDIRECT_TO
    assert (redirected.sender, redirected.language) == (plain.sender, plain.language) == ("au", "en")
    assert redirected.variables == plain.variables
    assert redirected.body_text == plain.body_text


@pytest.mark.parametrize(
    ("refused", "redirect_to", "reason"),
    [
        (PHONE, None, "refused_today"),
        (PHONE, REDIRECT_TO, None),
        (REDIRECT_TO, REDIRECT_TO, "refused_today"),
        (REDIRECT_TO, None, None),
    ],
)
def test_what_counts_as_refused_is_the_phone_that_is_written_to(
    refused: str, redirect_to: str | None, reason: str | None
) -> None:
    (draft,) = plan_reminders(
        tick(),
        [stuck_run()],
        log=log_knowledge(refused_phones=frozenset({refused})),
        setup=drafting_setup(redirect_to=redirect_to),
    )

    assert draft.skip_reason == reason


def test_runs_of_one_partner_get_a_message_each() -> None:
    runs = [stuck_run("R1"), stuck_run("R2", kind=ReminderKind.IDLE, produced_quantity=12.5)]

    drafts = plan_reminders(tick(), runs)

    assert [draft.context_id for draft in drafts] == ["R1:reminder:2026-11-23", "R2:reminder:2026-11-23"]
    assert len({draft.id for draft in drafts}) == 2


@pytest.mark.parametrize("name", [None, "", "   ", INVISIBLE])
@pytest.mark.parametrize(("language", "said"), [("en", "Partner"), ("hi", "पार्टनर")])
def test_a_partner_whose_name_shows_nothing_is_called_partner(name: str | None, language: str, said: str) -> None:
    draft = plan_one(shop={"partners": {PARTNER_ID: partner(name=name)}}, language=language)

    assert draft.variables is not None
    assert draft.variables["partner_name"] == said


@pytest.mark.parametrize(
    ("design_id", "names", "language", "said"),
    [
        ("D1", {"D1": "Kurta\n\tof  two lines"}, "en", "Kurta of two lines"),
        ("D1", {"D1": ""}, "en", "your design"),
        ("D1", {"D1": INVISIBLE}, "hi", "आपका डिज़ाइन"),
        ("D1", {}, "en", "your design"),
        (None, {}, "hi", "आपका डिज़ाइन"),
        ("", {"": "a design nobody asked for"}, "en", "your design"),
    ],
)
def test_a_design_without_a_name_is_never_called_by_its_id(
    design_id: str | None, names: dict[str, str], language: str, said: str
) -> None:
    draft = plan_one(stuck_run(design_id=design_id), shop={"design_names": names}, language=language)

    assert draft.variables is not None
    assert draft.variables["design_name"] == said


@pytest.mark.parametrize("kind", list(ReminderKind))
@pytest.mark.parametrize("language", ["en", "hi"])
def test_a_five_thousand_character_name_is_shortened_to_what_meta_takes(kind: ReminderKind, language: str) -> None:
    long = "Ganesh " * 714 + "of"

    draft = plan_one(
        stuck_run("prod_run_01J0000000000000000SENT10D", kind=kind, produced_quantity=12.5),
        shop={"partners": {PARTNER_ID: partner(name=long)}, "design_names": {"D1": long}},
        language=language,
    )

    assert draft.skip_reason is None
    assert draft.body_text is not None
    assert len(draft.body_text) <= 1024
    assert "prod_run_01J0000000000000000SENT10D" in draft.body_text
    assert draft.variables is not None
    assert draft.variables["partner_name"].startswith("Ganesh Ganesh")
    assert draft.variables["partner_name"].endswith("…")


anything = st.none() | st.text(max_size=60)
quantities = st.none() | st.floats(width=32)
moments = st.timedeltas(dt.timedelta(days=-20_000), dt.timedelta(days=20_000)).map(lambda age: TICK - age)


@given(
    run=st.builds(
        StuckRun,
        production_run_id=st.text(min_size=1, max_size=40),
        kind=st.sampled_from(ReminderKind),
        partner_id=st.just(PARTNER_ID),
        design_id=anything,
        since=moments,
        quantity=st.floats(width=32),
        produced_quantity=quantities,
    ),
    who=st.builds(
        Partner,
        id=st.just(PARTNER_ID),
        name=anything,
        status=st.sampled_from(["active", "active", "inactive", "", "?"]),
        deleted=st.booleans(),
        whatsapp_number=anything | st.just(PHONE),
        whatsapp_verified=st.booleans(),
        country_code=st.none() | st.text(max_size=3) | st.just("IN"),
    ),
    design_name=anything,
)
def test_no_row_of_the_shop_fails_the_tick(run: StuckRun, who: Partner, design_name: str | None) -> None:
    shop: dict[str, Any] = {"partners": {PARTNER_ID: who}, "design_names": {run.design_id: design_name}}

    draft = plan_one(run, shop=shop)

    if draft.skip_reason is None:
        assert draft.variables
        assert all(value.strip() == value != "" for value in draft.variables.values())
        assert "\n" not in "".join(draft.variables.values())
    else:
        assert draft.to_phone is None
