"""Who is overdue by their own threshold, who is due by the cadence, and what planning makes of it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from partner_messages.config.calendars import on_holiday
from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Draft, SlotHolder
from partner_messages.planning.reminders.policy import Policy
from support.deployment import TICK
from support.examples import (
    DAY,
    PARTNER_ID,
    conversation,
    drafting_setup,
    log_knowledge,
    partner,
    sender,
    shop_knowledge,
    stuck_run,
    tick,
)
from support.planned import plan_reminders, policy

HOUR = dt.timedelta(hours=1)
NEVER_REACHED = partner(whatsapp_number=None)


def days_ago(*days: int) -> tuple[dt.date, ...]:
    return tuple(DAY - dt.timedelta(days=number) for number in days)


def plan_one(run: StuckRun, by: Policy, reminded: tuple[dt.date, ...] = (), **given: Any) -> Draft:
    (draft,) = plan_reminders(
        tick(),
        [run],
        shop=given.get("shop", shop_knowledge()),
        log=log_knowledge(days_reminded={run.production_run_id: reminded}, slot_holders=given.get("holders", {})),
        setup=given.get("setup", drafting_setup()),
        policy=by,
    )
    return draft


def test_a_run_is_overdue_by_its_partner_s_own_threshold() -> None:
    by = policy(partners={"SLOW": {"thresholds": {"idle": 120}}, "QUICK": {"thresholds": {"idle": 24}}})
    hours = {"SLOW": (119, 121), "QUICK": (23, 25), "ANYBODY": (71, 73)}
    runs = [
        stuck_run(f"{id_} {age}", kind=ReminderKind.IDLE, partner_id=id_, since=TICK - age * HOUR)
        for id_, ages in hours.items()
        for age in ages
    ]

    found = by.overdue(runs, now=TICK)

    assert [run.production_run_id for run in found] == ["SLOW 121", "QUICK 25", "ANYBODY 73"]


def test_a_threshold_is_passed_after_it_and_not_at_it() -> None:
    by = policy(partners={PARTNER_ID: {"thresholds": {"assignment_pending": 5}}})
    at, after = (
        stuck_run("at", since=TICK - 5 * HOUR),
        stuck_run("after", since=TICK - 5 * HOUR - dt.timedelta.resolution),
    )

    assert by.overdue([at, after], now=TICK) == [after]


@pytest.mark.parametrize("reminded", [(), days_ago(1), days_ago(5, 4, 3, 2, 1)])
def test_under_daily_every_stuck_run_is_due_every_day(reminded: tuple[dt.date, ...]) -> None:
    assert policy().next_due(stuck_run(), reminded, tick()) is None
    assert plan_one(stuck_run(), policy(), reminded).skip_reason is None


# Monday 23 November; the run was sent on Thursday 19, 09:00 IST, and is past its 24 hours from Friday 20 on.
SENT_ON_THURSDAY = TICK - dt.timedelta(days=4, hours=1)


@pytest.mark.parametrize(
    ("reminded", "next_due"),
    [
        pytest.param((), None, id="found late: due at once"),
        pytest.param(days_ago(3), dt.date(2026, 11, 24), id="reminded on Friday, day 1: Tuesday is day 3"),
        pytest.param(days_ago(30), None, id="a reminder of an earlier stall is none of this one's"),
        pytest.param(days_ago(4), dt.date(2026, 11, 24), id="one of the day on which it was sent is"),
    ],
)
def test_the_cadence_counts_from_the_partner_s_threshold(
    reminded: tuple[dt.date, ...], next_due: dt.date | None
) -> None:
    run = stuck_run(since=SENT_ON_THURSDAY)

    assert policy(cadence=[1, 3, 7]).next_due(run, reminded, tick()) == next_due


def test_a_longer_threshold_of_the_partner_begins_the_count_later() -> None:
    run = stuck_run(since=SENT_ON_THURSDAY)
    patient = {PARTNER_ID: {"thresholds": {"assignment_pending": 72}}}

    assert policy(cadence=[2]).next_due(run, (), tick()) is None
    assert policy(cadence=[2], partners=patient).next_due(run, (), tick()) == dt.date(2026, 11, 24)


def test_a_reminder_that_an_event_asked_for_before_the_threshold_counts() -> None:
    run = stuck_run(since=TICK - 46 * HOUR)  # Saturday at noon: past its 24 hours on Sunday at noon, so day 1 is today

    assert policy(cadence=[1, 3]).next_due(run, (), tick()) is None
    assert policy(cadence=[1, 3]).next_due(run, days_ago(1), tick()) == dt.date(2026, 11, 25)


def test_a_reminder_on_the_very_day_of_the_stall_counts() -> None:
    run = stuck_run(since=TICK - 74 * HOUR)  # Friday at 08:00, past its hour at the tick of 10:00

    by = policy(cadence=[1, 3], thresholds={"assignment_pending": 1})

    assert by.next_due(run, days_ago(3), tick()) == dt.date(2026, 11, 24)


def test_holidays_are_no_sending_days_of_the_cadence() -> None:
    run = stuck_run(since=SENT_ON_THURSDAY)

    plain = policy(cadence=[1, 3])
    with_holiday = policy(cadence=[1, 3], holidays=["IN-RJ"])  # Tuesday 24: Guru Nanak's Birthday
    without = policy(cadence=[1, 3], holidays=["IN-RJ"], holidays_removed=["2026-11-24"])
    longer = policy(cadence=[1, 3], holidays=["IN-RJ"], holidays_added=["2026-11-25"])

    found = [one.next_due(run, days_ago(3), tick()) for one in (plain, with_holiday, without, longer)]
    assert found == [dt.date(2026, 11, 24), dt.date(2026, 11, 25), dt.date(2026, 11, 24), dt.date(2026, 11, 26)]


ODISHA = {PARTNER_ID: {"holidays": ["IN-OD"]}}
GANESH_CHATURTHI = dt.date(2026, 9, 14)
"""A Monday: a holiday in Odisha and not in all of India."""


def on_the_holiday(run: StuckRun, reminded: tuple[dt.date, ...] = (), **settings: Any) -> Draft:
    by = policy(partners=ODISHA, **settings)
    now = dt.datetime.combine(GANESH_CHATURTHI, dt.time(4, 30), dt.UTC)
    (draft,) = plan_reminders(
        tick(day=GANESH_CHATURTHI, now=now),
        [run],
        shop=shop_knowledge(partners={id_: partner(id_) for id_ in (PARTNER_ID, "P2")}),
        log=log_knowledge(days_reminded={run.production_run_id: reminded}),
        setup=drafting_setup(on_holiday=on_holiday(by.settings, GANESH_CHATURTHI)),
        policy=by,
    )
    return draft


@pytest.mark.parametrize(
    ("settings", "reminded", "next_due"),
    [
        pytest.param({}, (), "2026-09-15", id="every day"),
        pytest.param({"cadence": [1, 3]}, (), "2026-09-15", id="due today"),
        pytest.param(
            {"cadence": [1, 3]}, (dt.date(2026, 9, 11),), "2026-09-16", id="due on Tuesday, were it no holiday"
        ),
        pytest.param(
            {"cadence": [1, 3], "holidays_added": ["2026-09-15"]}, (), "2026-09-16", id="and everybody's next"
        ),
    ],
)
def test_a_partner_is_not_written_to_on_a_holiday_of_their_own(
    settings: dict[str, Any], reminded: tuple[dt.date, ...], next_due: str
) -> None:
    sent = dt.datetime(2026, 9, 10, 3, tzinfo=dt.UTC)  # a Thursday: past its 24 hours on Friday the 11th

    draft = on_the_holiday(stuck_run(since=sent), reminded, **settings)

    assert draft.skip_reason == SkipReason.PARTNER_HOLIDAY
    assert draft.variables == {"holiday": "Ganesh Chaturthi", "next_due": next_due}
    assert on_the_holiday(stuck_run(since=sent, partner_id="P2")).skip_reason is None


def test_a_removed_holiday_is_removed_for_single_partners_too() -> None:
    run = stuck_run(since=dt.datetime(2026, 9, 10, 3, tzinfo=dt.UTC))

    assert on_the_holiday(run, holidays_removed=[GANESH_CHATURTHI.isoformat()]).skip_reason is None


def test_a_partner_s_cadence_counts_their_own_sending_days() -> None:
    run = stuck_run(since=dt.datetime(2026, 9, 10, 3, tzinfo=dt.UTC))
    friday, tuesday = dt.date(2026, 9, 11), dt.date(2026, 9, 15)
    at = tick(day=tuesday, now=dt.datetime.combine(tuesday, dt.time(4, 30), dt.UTC))

    everybody_s = policy(cadence=[1, 3]).next_due(run, (friday,), at)
    their_own = policy(cadence=[1, 3], partners=ODISHA).next_due(run, (friday,), at)

    assert (everybody_s, their_own) == (None, dt.date(2026, 9, 16))


def test_a_run_that_is_not_due_is_skipped_with_the_next_due_day() -> None:
    draft = plan_one(stuck_run(since=SENT_ON_THURSDAY), policy(cadence=[1, 3, 7]), days_ago(3))

    assert (draft.skip_reason, draft.variables) == (SkipReason.NOT_DUE, {"next_due": "2026-11-24"})
    assert (draft.production_run_id, draft.partner_id, draft.reminder_kind) == (
        "R1",
        PARTNER_ID,
        ReminderKind.ASSIGNMENT_PENDING,
    )
    assert (draft.to_phone, draft.body_text) == (None, None)


NOT_DUE: dict[str, Any] = {
    "run": stuck_run(since=SENT_ON_THURSDAY),
    "by": policy(cadence=[1, 3]),
    "reminded": days_ago(3),
}


def test_a_partner_who_cannot_be_reached_is_told_of_on_other_days_too() -> None:
    draft = plan_one(**NOT_DUE, shop=shop_knowledge(partners={PARTNER_ID: NEVER_REACHED}))

    assert draft.skip_reason == SkipReason.NO_PHONE


def test_of_a_run_that_is_not_due_it_is_not_asked_whether_the_shop_reminded_today() -> None:
    draft = plan_one(**NOT_DUE, shop=shop_knowledge(reminded_in_shop=frozenset({"R1"})))

    assert draft.skip_reason == SkipReason.NOT_DUE


@pytest.mark.parametrize(
    ("status", "by_event", "reason"),
    [
        ("queued", True, None),
        ("queued", False, SkipReason.NOT_DUE),
        ("sent", True, SkipReason.DUPLICATE),
    ],
)
def test_what_an_event_has_queued_for_today_goes_out_today(
    status: str, by_event: bool, reason: SkipReason | None
) -> None:
    holder = SlotHolder(uuid.uuid4(), status, tick(2).id, asked_by_event=by_event)

    assert plan_one(**NOT_DUE, holders={"R1": holder}).skip_reason == reason


def test_what_is_not_due_takes_no_room_from_what_is() -> None:
    runs = [stuck_run("R1", since=SENT_ON_THURSDAY), stuck_run("R2", since=SENT_ON_THURSDAY)]

    drafts = plan_reminders(
        tick(),
        runs,
        log=log_knowledge(days_reminded={"R1": days_ago(3)}),
        setup=drafting_setup(limit=1),
        policy=policy(cadence=[1, 3]),
    )

    assert [draft.skip_reason for draft in drafts] == [SkipReason.NOT_DUE, None]


def test_a_paused_partner_is_skipped_before_anything_else_is_asked_about_them() -> None:
    draft = plan_one(
        stuck_run(),
        policy(),
        shop=shop_knowledge(partners={PARTNER_ID: NEVER_REACHED}),
        setup=drafting_setup(paused=frozenset({PARTNER_ID})),
    )

    assert (draft.skip_reason, draft.to_phone, draft.partner_id) == (SkipReason.PAUSED, None, PARTNER_ID)


@pytest.mark.parametrize("digest", [False, True], ids=["single messages", "a digest"])
def test_a_run_that_is_left_alone_is_skipped_and_its_partner_s_other_runs_are_not(digest: bool) -> None:
    runs = [stuck_run(id_, since=SENT_ON_THURSDAY) for id_ in ("R1", "R2", "R3")]

    drafts = plan_reminders(
        tick(),
        runs,
        log=log_knowledge(days_reminded={"R2": days_ago(1)}),
        setup=drafting_setup(paused_runs=frozenset({"R2"}), digest=digest),
        policy=policy(cadence=[1, 2, 3], max_reminders=1),
    )

    said = {run_id: draft.skip_reason for draft in drafts for run_id in draft.production_run_ids}
    assert said == {"R1": None, "R2": SkipReason.PAUSED, "R3": None}


def test_other_partners_are_not_paused() -> None:
    assert plan_one(stuck_run(), policy(), setup=drafting_setup(paused=frozenset({"P2", ""}))).skip_reason is None


@pytest.mark.parametrize(
    ("own", "everybody", "expected"),
    [
        pytest.param("en", None, "en", id="before the one that the conversation has saved"),
        pytest.param("en", "hi", "en", id="and before the one for everybody"),
        pytest.param(None, None, "hi", id="without one: the conversation's"),
        pytest.param("it", None, "en", id="one that the sender lacks becomes English"),
    ],
)
def test_a_partner_s_own_language_goes_first(own: str | None, everybody: str | None, expected: str) -> None:
    draft = plan_one(
        stuck_run(),
        policy(),
        shop=shop_knowledge(conversations={PARTNER_ID: [conversation(language="hi")]}),
        setup=drafting_setup(
            senders=(sender(languages=("en", "hi")),),
            language=everybody,
            own_languages={PARTNER_ID: own} if own else {"P2": "en"},
        ),
    )

    assert draft.language == expected


@pytest.mark.parametrize(
    ("settings", "asked"),
    [({}, True), ({"escalate_after": None}, False), ({"escalate_after": None, "max_reminders": 3}, True)],
)
def test_the_past_is_asked_for_who_needs_a_person_only_where_that_depends_on_it(
    settings: dict[str, Any], asked: bool
) -> None:
    assert policy(**settings).escalates_by_history is asked
