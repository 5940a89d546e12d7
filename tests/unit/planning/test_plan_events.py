"""What becomes of each event: a message, one that waits for the morning, or a skip with its reason."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.sending_days import Calendar
from partner_messages.config.settings import parse_settings
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Draft, EventHolder, reminder_context_id
from partner_messages.planning.events.event import Event
from partner_messages.planning.events.plan import EventRuns, Holders, Timing, plan_events
from partner_messages.planning.events.rules import LIFECYCLE, REMINDERS
from partner_messages.templates.approvals.gate import Approval
from support.deployment import TICK
from support.examples import (
    DAY,
    PARTNER_ID,
    PHONE,
    conversation,
    drafting_setup,
    event,
    log_knowledge,
    partner,
    planning_inputs,
    production_run,
    sender,
    shop_knowledge,
    stuck_run,
    tick,
)

DEFAULTS = parse_settings(None)
HOUR, SECOND = dt.timedelta(hours=1), dt.timedelta(seconds=1)
ASSIGNED, CANCELLED, COMPLETED = LIFECYCLE
HELD_BY = uuid.UUID("0198c0de-0000-7000-8000-00000000000a")
TEST_PHONE = "+919812399999"
ITALY, AUSTRALIA, NEW_YORK = "+393123456789", "+61412345678", "+12025550123"
UNITED_STATES = "+18005551234"
"""A freephone number: anywhere from Guam to Bermuda."""
EVERYWHERE = (
    sender(),
    sender("au", country_codes=("+61",), languages=("en",)),
    sender("europe", country_codes=("+39",), languages=("en",), is_default=True),
)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def timing(**changes: Any) -> Timing:
    """An event that is told a minute after its DAG run was due, with the settings' defaults."""
    plain = Timing(wall=TICK, run_after=TICK, max_age=DEFAULTS.event_max_age * HOUR, hours=DEFAULTS.event_window)
    return replace(plain, **changes)


def as_told(the_event: Event) -> dict[str, Any]:
    """What a run is like that bears out an event; the lifecycle ones are named after its status."""
    return {"status": the_event.event.removeprefix("production_run.")} if the_event.event in LIFECYCLE else {}


def plan(*events: Event, by: Any = None, run: dict[str, Any] | None = None, **changes: Any) -> list[Draft]:
    """Plan events of R1 (and of R2, which is like it); both stand as the first event says, unless told otherwise."""
    runs = {id_: production_run(id_, **{**as_told(events[0]), **(run or {})}) for id_ in ("R1", "R2")}
    plain: dict[str, Any] = {"event_runs": EventRuns(runs=runs), "holders": Holders(), "timing": timing(), **changes}
    about = {name: plain.pop(name) for name in ("event_runs", "holders", "timing")}
    return plan_events(planning_inputs(tick=by or tick(), **plain), events, **about)


def plan_one(the_event: Event, **changes: Any) -> Draft:
    (draft,) = plan(the_event, **changes)
    return draft


def stuck_in(kind: ReminderKind, **changes: Any) -> EventRuns:
    return EventRuns(runs={"R1": production_run()}, stuck={("R1", kind): stuck_run(kind=kind, **changes)})


def holder(status: str = "sent", dag_run_id: str = "another run") -> EventHolder:
    return EventHolder(HELD_BY, status, dag_run_id)


def test_a_message_has_everything_its_row_needs() -> None:
    draft = plan_one(event(event_id="E1"))

    assert (draft.skip_reason, draft.duplicate_of, draft.not_before, draft.day) == (None, None, None, None)
    assert (draft.message_kind, draft.event_name, draft.event_id) == ("event", ASSIGNED, "E1")
    assert (draft.context_type, draft.context_id) == ("production_run", f"R1:{ASSIGNED}:{PARTNER_ID}")
    assert (draft.production_run_id, draft.production_run_ids) == ("R1", ("R1",))
    assert (draft.partner_id, draft.design_id, draft.decided_at) == (PARTNER_ID, "D1", TICK)
    assert (draft.sender, draft.to_phone, draft.language) == ("in", PHONE, "hi")
    assert draft.template_name == "jyt_production_run_assigned_v1"
    assert draft.variables == {
        "partner_name": "Rajesh Textiles",
        "design_name": "Block Print Kurta",
        "quantity": "250",
        "run_id": "R1",
    }
    assert draft.body_text
    assert all(value in draft.body_text for value in draft.variables.values())


@pytest.mark.parametrize("name", LIFECYCLE)
def test_every_lifecycle_event_looks_up_the_design_s_name(name: str) -> None:
    draft = plan_one(event(name, partner_id=PARTNER_ID))

    assert draft.skip_reason is None
    assert draft.variables is not None
    assert draft.variables["design_name"] == "Block Print Kurta"


def test_a_run_that_the_shop_does_not_have_gets_no_draft_and_the_others_theirs() -> None:
    drafts = plan(event(production_run_id="R9"), event(production_run_id="R2"))

    assert [draft.production_run_id for draft in drafts] == ["R2"]


@pytest.mark.parametrize("name", ["accepted", "started", "finished", "production_run.reminder_late", "x.y"])
def test_an_event_that_says_nothing_to_a_partner_leaves_a_row_that_says_so(name: str) -> None:
    draft = plan_one(event(name, event_id="E1", occurred_at=TICK - 9 * HOUR))

    assert draft.skip_reason == SkipReason.NO_TEMPLATE_FOR_EVENT
    assert (draft.event_id, draft.production_run_id, draft.partner_id) == ("E1", "R1", PARTNER_ID)
    assert draft.event_name is not None
    assert draft.event_name.startswith("production_run.")


@pytest.mark.parametrize("name", [*LIFECYCLE, *REMINDERS])
@pytest.mark.parametrize(
    ("occurred_at", "due", "stale"),
    [
        pytest.param(None, TICK - 6 * HOUR, False, id="the DAG run was due 6 hours ago"),
        pytest.param(None, TICK - 6 * HOUR - SECOND, True, id="the DAG run was due a second more than 6 hours ago"),
        pytest.param(TICK - 6 * HOUR, TICK, False, id="it happened 6 hours ago"),
        pytest.param(TICK - 6 * HOUR - SECOND, TICK, True, id="it happened a second more than 6 hours ago"),
        pytest.param(TICK - 6 * HOUR, TICK - 7 * HOUR, True, id="it says later than its DAG run"),
        pytest.param(TICK + 2 * HOUR, TICK, False, id="the shop's clock is ahead"),
        pytest.param(TICK + 24 * HOUR + SECOND, TICK, True, id="the shop's clock is more than a day ahead"),
        pytest.param(dt.datetime.max.replace(tzinfo=dt.UTC), TICK, True, id="no clock says that"),
    ],
)
def test_an_event_is_told_within_six_hours_or_never(
    name: str, occurred_at: dt.datetime | None, due: dt.datetime, stale: bool
) -> None:
    draft = plan_one(event(name, partner_id=PARTNER_ID, occurred_at=occurred_at), timing=timing(run_after=due))

    assert (draft.skip_reason == SkipReason.STALE_EVENT) is stale


def test_a_skip_names_whom_it_would_have_concerned() -> None:
    draft = plan_one(event(partner_id="P2"))

    assert draft.skip_reason == SkipReason.STATE_MISMATCH
    assert (draft.partner_id, draft.context_id) == ("P2", f"R1:{ASSIGNED}:P2")


def test_an_event_that_was_told_is_a_duplicate_of_the_message_that_told_it() -> None:
    for name in (*LIFECYCLE, *REMINDERS):
        draft = plan_one(event(name, partner_id=PARTNER_ID, event_id="E1"), holders=Holders({"E1": holder()}))

        assert (draft.skip_reason, draft.duplicate_of) == (SkipReason.DUPLICATE, HELD_BY)


@pytest.mark.parametrize("event_id", [None, "E2"])
def test_the_same_run_event_and_partner_within_the_hour_is_a_duplicate(event_id: str | None) -> None:
    holders = Holders({"E1": holder()}, {f"R1:{ASSIGNED}:{PARTNER_ID}": holder()})

    draft = plan_one(event(event_id=event_id), holders=holders)
    other_run = plan_one(event(event_id=event_id, production_run_id="R2"), holders=holders)
    other_event = plan_one(event(COMPLETED, event_id=event_id), holders=holders)

    assert (draft.skip_reason, draft.duplicate_of) == (SkipReason.DUPLICATE, HELD_BY)
    assert (other_run.skip_reason, other_event.skip_reason) == (None, None)


@pytest.mark.parametrize(
    ("held", "in_the_way"),
    [
        pytest.param(holder("queued", tick().dag_run_id), False, id="queued by this very DAG run"),
        pytest.param(holder("queued"), True, id="queued by another one"),
        pytest.param(holder("sent", tick().dag_run_id), True, id="sent by this very DAG run"),
        pytest.param(holder("unknown", tick().dag_run_id), True, id="unknown"),
    ],
)
def test_what_this_dag_run_has_queued_itself_is_no_duplicate(held: EventHolder, in_the_way: bool) -> None:
    for holders in (Holders({"E1": held}), Holders({}, {f"R1:{ASSIGNED}:{PARTNER_ID}": held})):
        draft = plan_one(event(event_id="E1"), holders=holders)

        assert (draft.skip_reason == SkipReason.DUPLICATE) is in_the_way


@pytest.mark.parametrize(
    ("who", "talk", "reason"),
    [
        ({"status": "inactive"}, None, SkipReason.PARTNER_INACTIVE),
        ({"deleted": True}, None, SkipReason.PARTNER_INACTIVE),
        ({}, {"consent_given": False}, SkipReason.NO_CONSENT),
        ({"whatsapp_number": None}, None, SkipReason.NO_PHONE),
        ({"whatsapp_number": "12"}, None, SkipReason.INVALID_PHONE),
        ({"whatsapp_number": "6581258574"}, None, SkipReason.AMBIGUOUS_PHONE),
    ],
)
@pytest.mark.parametrize("name", [*LIFECYCLE, "reminder_assignment_pending"])
def test_whoever_is_not_to_be_reached_is_not_told(
    name: str, who: dict[str, Any], talk: dict[str, Any] | None, reason: SkipReason
) -> None:
    shop = shop_knowledge(
        partners={PARTNER_ID: partner(**who)}, conversations={PARTNER_ID: [conversation(**talk)]} if talk else {}
    )

    of_event = event(name, partner_id=PARTNER_ID)
    stuck = stuck_in(ReminderKind.ASSIGNMENT_PENDING)
    facts = replace(stuck, runs={"R1": production_run(**as_told(of_event))})

    assert plan_one(of_event, shop=shop, event_runs=facts).skip_reason == reason


def test_a_number_that_meta_refused_today_is_not_tried_again() -> None:
    draft = plan_one(event(), log=log_knowledge(refused_phones=frozenset({PHONE})))

    assert draft.skip_reason == SkipReason.REFUSED_TODAY


def test_a_template_that_is_not_approved_is_not_sent() -> None:
    account, name = sender().waba_id, "jyt_production_run_assigned_v1"
    approved = Approval(account, name, "en", "APPROVED", "UTILITY", "", "", None, TICK)

    none = plan_one(event(), setup=drafting_setup(approvals={}))
    english = plan_one(event(), setup=drafting_setup(approvals={(account, name): {"en": approved}}))

    assert none.skip_reason == SkipReason.NO_APPROVED_TEMPLATE
    assert (english.skip_reason, english.language) == (None, "en")


# Reminders


@pytest.mark.parametrize("kind", ReminderKind)
def test_a_reminder_event_asks_for_the_reminder_that_the_tick_would_send(kind: ReminderKind) -> None:
    draft = plan_one(event(f"reminder_{kind}", event_id="E1"), event_runs=stuck_in(kind))

    assert draft.skip_reason is None
    assert (draft.message_kind, draft.reminder_kind) == ("reminder", kind)
    assert (draft.context_type, draft.context_id) == ("production_run", reminder_context_id("R1", DAY))
    assert draft.production_run_ids == ("R1",)
    assert (draft.event_name, draft.event_id) == (f"production_run.reminder_{kind}", "E1")
    assert (draft.not_before, draft.day) == (None, DAY)
    assert draft.template_name is not None
    assert "_reminder_" in draft.template_name


@pytest.mark.parametrize("kind", ReminderKind)
@pytest.mark.parametrize("other", ReminderKind)
def test_a_reminder_of_another_kind_than_the_run_is_stuck_in_is_not_sent(
    kind: ReminderKind, other: ReminderKind
) -> None:
    draft = plan_one(event(f"reminder_{kind}"), event_runs=stuck_in(other))

    assert (draft.skip_reason == SkipReason.STATE_MISMATCH) is (kind != other)


@pytest.mark.parametrize(("named", "reason"), [(None, None), (PARTNER_ID, None), ("P2", SkipReason.STATE_MISMATCH)])
def test_a_reminder_is_for_the_partner_whose_turn_it_is(named: str | None, reason: SkipReason | None) -> None:
    draft = plan_one(event("reminder_idle", partner_id=named), event_runs=stuck_in(ReminderKind.IDLE))

    assert draft.skip_reason == reason


def test_a_run_that_the_shop_itself_reminded_of_today_is_not_reminded_of_again() -> None:
    draft = plan_one(
        event("reminder_idle"),
        event_runs=stuck_in(ReminderKind.IDLE),
        shop=shop_knowledge(reminded_in_shop=frozenset({"R1"})),
    )

    assert draft.skip_reason == SkipReason.ALREADY_IN_SHOP


# The night


def planned_for(phone: str, now: str, name: str = ASSIGNED, **changes: Any) -> Draft:
    wall = utc(now)
    return plan_one(
        event(name),
        timing=timing(wall=wall, run_after=wall, **changes),
        shop=shop_knowledge(partners={PARTNER_ID: partner(whatsapp_number=phone)}),
        event_runs=stuck_in(ReminderKind.ASSIGNMENT_PENDING),
        setup=drafting_setup(senders=EVERYWHERE),
    )


NIGHTS = [
    pytest.param(PHONE, "2026-11-23 16:29", None, None, id="India, 21:59"),
    pytest.param(PHONE, "2026-11-23 16:30", "2026-11-24 01:30", "2026-11-24", id="India, 22:00: tomorrow at 07:00"),
    pytest.param(PHONE, "2026-11-23 19:00", "2026-11-24 01:30", "2026-11-24", id="India, past midnight: the same day"),
    pytest.param(ITALY, "2026-11-23 04:30", "2026-11-23 06:00", "2026-11-23", id="Italy, 05:30: the same day"),
    pytest.param(ITALY, "2026-11-23 20:00", None, None, id="Italy, 21:00, when it is night in India"),
    pytest.param(ITALY, "2026-11-23 21:00", "2026-11-24 06:00", "2026-11-24", id="Italy, 22:00"),
    # An Australian mobile may be anywhere from Lord Howe (UTC+11) to Cocos (UTC+6:30).
    pytest.param(AUSTRALIA, "2026-11-23 04:30", None, None, id="Australia, by day everywhere"),
    pytest.param(AUSTRALIA, "2026-11-23 12:00", "2026-11-24 00:30", "2026-11-24", id="Australia, night on Lord Howe"),
    pytest.param(NEW_YORK, "2026-11-23 04:30", "2026-11-23 12:00", "2026-11-23", id="New York, before midnight"),
    # Its first common minute is 07:00 on Guam (UTC+10), before 22:00 on Bermuda (UTC-4): past midnight in India.
    pytest.param(UNITED_STATES, "2026-11-23 04:30", "2026-11-23 21:00", "2026-11-24", id="anywhere in America"),
]


@pytest.mark.parametrize(("phone", "now", "not_before", "day"), NIGHTS)
def test_at_night_a_message_waits_for_the_recipient_s_morning_and_belongs_to_its_day(
    phone: str, now: str, not_before: str | None, day: str | None
) -> None:
    draft = planned_for(phone, now)

    assert (draft.skip_reason, draft.to_phone) == (None, phone)
    assert draft.not_before == (utc(not_before) if not_before else None)
    assert draft.day == (dt.date.fromisoformat(day) if day else None)


@pytest.mark.parametrize(("phone", "now", "not_before", "day"), NIGHTS)
def test_a_reminder_that_waits_takes_the_slot_of_the_day_on_which_it_leaves(
    phone: str, now: str, not_before: str | None, day: str | None
) -> None:
    draft = planned_for(phone, now, "reminder_assignment_pending")

    assert draft.skip_reason is None
    assert draft.not_before == (utc(not_before) if not_before else None)
    assert draft.context_id == reminder_context_id("R1", dt.date.fromisoformat(day) if day else DAY)
    assert draft.day == (dt.date.fromisoformat(day) if day else DAY)


@pytest.mark.parametrize("name", [ASSIGNED, "reminder_assignment_pending"])
def test_a_run_that_keeps_no_hours_holds_nothing(name: str) -> None:
    assert planned_for(PHONE, "2026-11-23 19:00", name, hours=None).not_before is None


@pytest.mark.parametrize(
    ("days_off", "wall", "until"),
    [
        pytest.param([], "2026-11-23T04:30", None, id="no holiday"),
        pytest.param([23], "2026-11-23T04:30", "2026-11-24T01:30", id="until the next morning at seven"),
        pytest.param([23, 24], "2026-11-23T04:30", "2026-11-25T01:30", id="two holidays"),
        pytest.param([24], "2026-11-23T04:30", None, id="tomorrow's holiday"),
        pytest.param([24], "2026-11-23T17:00", "2026-11-25T01:30", id="the night before a holiday"),
        pytest.param([23], "2026-11-23T19:00", "2026-11-24T01:30", id="the night after it"),
    ],
)
def test_on_a_partner_s_own_holiday_a_message_waits_for_the_day_after(
    days_off: list[int], wall: str, until: str | None
) -> None:
    calendar = Calendar(added=frozenset(dt.date(2026, 11, day) for day in days_off))
    when = timing(wall=utc(wall), run_after=utc(wall), calendars={PARTNER_ID: calendar})

    draft = plan_one(event(), timing=when)

    assert draft.skip_reason is None
    assert draft.not_before == (until and utc(until))
    assert draft.day == (utc(until).astimezone(SCHEDULE_TIMEZONE).date() if until else None)
    assert (
        plan_one(event(), timing=replace(when, calendars={"P2": calendar}, wall=TICK, run_after=TICK)).not_before
        is None
    )


def test_what_is_not_sent_waits_for_nothing() -> None:
    wall = utc("2026-11-23 19:00")
    draft = plan_one(event(partner_id="P2"), timing=timing(wall=wall, run_after=wall))

    assert (draft.skip_reason, draft.not_before) == (SkipReason.STATE_MISMATCH, None)


# Redirected


def test_a_redirected_run_writes_to_one_phone_and_no_more_than_its_limit() -> None:
    events = [event(event_id=f"E{number}", production_run_id=f"R{1 + number % 2}") for number in range(4)]

    drafts = plan(
        event("accepted"),
        *events,
        by=tick(delivery="redirect", asked="redirect"),
        setup=drafting_setup(redirect_to=TEST_PHONE, limit=3),
        timing=timing(hours=None),
    )

    assert [draft.skip_reason for draft in drafts] == [
        SkipReason.NO_TEMPLATE_FOR_EVENT,
        *[None] * 3,
        SkipReason.OVER_LIMIT,
    ]
    assert {draft.to_phone for draft in drafts[1:]} == {TEST_PHONE}


def test_a_live_run_tells_every_event() -> None:
    drafts = plan(*[event(event_id=f"E{number}") for number in range(5)], setup=drafting_setup(limit=3))

    assert [draft.skip_reason for draft in drafts] == [None] * 5


ids = st.sampled_from(["A", "B", "R1", "production_run", "sent_to_partner"])


@given(
    one=st.tuples(st.sampled_from([*LIFECYCLE]), ids, ids),
    other=st.tuples(st.sampled_from([*LIFECYCLE]), ids, ids),
)
def test_two_events_share_a_key_only_where_run_event_and_partner_are_the_same(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    def key(name: str, run_id: str, partner_id: str) -> str:
        of_run = production_run(run_id, partner_id=partner_id)
        (draft,) = plan(
            event(name, production_run_id=run_id, partner_id=partner_id), event_runs=EventRuns(runs={run_id: of_run})
        )
        return draft.context_id

    assert (key(*one) == key(*other)) is (one == other)
