"""When a reminder may leave: by the hours of its recipient's own region, and by the send window of the office."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.setting_groups import TimeWindow
from partner_messages.config.settings import parse_settings
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import SlotHolder
from partner_messages.planning.reminders.hours import UPKEEP_EVERY, Hours
from partner_messages.planning.reminders.policy import Policy
from partner_messages.recipients.hours import deciding_zones, is_within_in_all
from support.deployment import TICK
from support.examples import (
    DAY,
    PARTNER_ID,
    draft,
    drafting_setup,
    log_knowledge,
    partner,
    sender,
    shop_knowledge,
    stuck_run,
    tick,
)
from support.planned import plan_reminders
from support.time_windows import windows

INDIA, ITALY = "+919829012345", "+393331234567"
NEW_YORK, TEXAS, CALIFORNIA, FREEPHONE = "+12025550123", "+15122364500", "+14155550123", "+18005551234"
AUSTRALIA, AZORES_OR_LISBON, TURKEY, NEPAL = "+61412345678", "+351912345678", "+905321234567", "+97714123456"
PHONES = [INDIA, ITALY, NEW_YORK, TEXAS, CALIFORNIA, FREEPHONE, AUSTRALIA, AZORES_OR_LISBON, TURKEY, NEPAL]


def india(day: str, clock: str = "10:00") -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time.fromisoformat(clock), SCHEDULE_TIMEZONE)


def said(phone: str, day: str, clock: str = "10:00", **settings: Any) -> str | None:
    """What becomes of a reminder that is looked at on a day and time of India's; a moment is told by India's clock."""
    hours = Hours.of(tick(), parse_settings(settings), india(day, clock))
    assert hours is not None
    found = hours.hindrance(phone, dt.date.fromisoformat(day))
    if not isinstance(found, dt.datetime):
        return found
    assert found.astimezone(SCHEDULE_TIMEZONE).date().isoformat() == day
    return f"{found.astimezone(SCHEDULE_TIMEZONE):%H:%M}"


@pytest.mark.parametrize(
    ("phone", "winter", "summer"),
    [
        pytest.param(INDIA, None, None, id="India"),
        pytest.param(NEPAL, None, None, id="Nepal"),
        pytest.param(AUSTRALIA, None, None, id="Australia, from Cocos to Lord Howe"),
        pytest.param(TURKEY, "10:30", "10:30", id="Turkey, half an hour too early"),
        pytest.param(ITALY, "12:30", "11:30", id="Italy, before six in the morning"),
        pytest.param(AZORES_OR_LISBON, "14:30", "13:30", id="Portugal, where the Azores decide"),
        pytest.param(NEW_YORK, "18:30", "17:30", id="New York, the evening before"),
        pytest.param(TEXAS, "no_common_hours", "18:30", id="Texas, in summer only"),
        pytest.param(CALIFORNIA, "no_common_hours", "no_common_hours", id="California, never"),
        pytest.param(FREEPHONE, "no_common_hours", "no_common_hours", id="an American freephone number, never"),
    ],
)
def test_a_tick_at_ten_in_india_waits_for_whoever_gets_it(phone: str, winter: str | None, summer: str | None) -> None:
    assert said(phone, "2026-11-23") == winter
    assert said(phone, "2026-07-20") == summer


@pytest.mark.parametrize(
    ("phone", "monday", "tuesday_to_friday", "next_monday"),
    [
        # Europe's clocks go back on Sunday 25 October, America's on Sunday 1 November 2026.
        pytest.param(ITALY, "2026-10-19", "11:30", "12:30", id="Italy's clocks go back"),
        pytest.param(NEW_YORK, "2026-10-26", "17:30", "18:30", id="New York's clocks go back"),
        pytest.param(TEXAS, "2026-10-26", "18:30", "no_common_hours", id="the clocks of Texas go back"),
        # America's go forward on Sunday 8 March, Europe's on Sunday 29 March 2026.
        pytest.param(ITALY, "2026-03-23", "12:30", "11:30", id="Italy's clocks go forward"),
        pytest.param(NEW_YORK, "2026-03-02", "18:30", "17:30", id="New York's clocks go forward"),
        pytest.param(TEXAS, "2026-03-02", "no_common_hours", "18:30", id="the clocks of Texas go forward"),
        pytest.param(INDIA, "2026-10-19", None, None, id="India's clocks never change"),
    ],
)
def test_the_weekdays_around_a_change_of_the_clocks(
    phone: str, monday: str, tuesday_to_friday: str | None, next_monday: str | None
) -> None:
    first = dt.date.fromisoformat(monday)
    days = [(first + dt.timedelta(days=number)).isoformat() for number in (0, 1, 2, 3, 4, 7, 8)]

    assert [said(phone, day) for day in days] == [tuesday_to_friday] * 5 + [next_monday] * 2


@pytest.mark.parametrize(
    ("phone", "clock", "settings", "expected"),
    [
        pytest.param(ITALY, "12:29", {}, "12:30", id="a minute before eight in Rome"),
        pytest.param(ITALY, "12:30", {}, None, id="eight in Rome"),
        pytest.param(ITALY, "07:00", {}, "12:30", id="before the office opens"),
        pytest.param(INDIA, "07:30", {}, "09:00", id="neither window is open: the later one decides"),
        pytest.param(INDIA, "08:30", {}, None, id="the send window alone is no hindrance of a recipient's"),
        pytest.param(INDIA, "20:00", {}, "expired", id="evening in India"),
        pytest.param(AUSTRALIA, "14:29", {}, None, id="a minute before eight in the evening at Lord Howe"),
        pytest.param(AUSTRALIA, "14:30", {}, "expired", id="evening in Australia: tomorrow is another day's"),
        pytest.param(ITALY, "10:00", {"partner_send_window": ["08:20", "20:00"]}, "13:00", id="when upkeep looks next"),
        pytest.param(NEW_YORK, "10:00", {"partner_send_window": ["08:15", "20:00"]}, "18:45", id="upkeep's last look"),
        pytest.param(
            NEW_YORK, "10:00", {"partner_send_window": ["08:16", "20:00"]}, "no_common_hours", id="a minute after it"
        ),
        pytest.param(CALIFORNIA, "10:00", {"send_window": ["09:00", "22:00"]}, "21:30", id="a wider send window"),
        pytest.param(CALIFORNIA, "10:00", {"send_window": ["09:00", "21:30"]}, "no_common_hours", id="not wide enough"),
        pytest.param(CALIFORNIA, "09:15", {}, None, id="the evening before, if somebody is early in India"),
        pytest.param(CALIFORNIA, "09:30", {}, "no_common_hours", id="which no tick is"),
        pytest.param(CALIFORNIA, "06:00", {"partner_send_window": ["18:00", "20:00"]}, "09:00", id="looked at earlier"),
        pytest.param(ITALY, "10:00", {"send_window": ["10:00", "12:00"]}, "no_common_hours", id="a narrow one"),
        pytest.param(
            NEW_YORK,
            "07:00",
            {"send_window": ["05:00", "20:00"]},
            "18:30",
            id="the evening is over, the morning is ours",
        ),
        pytest.param(ITALY, "10:00", {"partner_send_window": ["05:00", "22:00"]}, None, id="early risers"),
    ],
)
def test_the_hours_of_a_day_and_its_edges(
    phone: str, clock: str, settings: dict[str, Any], expected: str | None
) -> None:
    assert said(phone, "2026-11-23", clock, **settings) == expected


@pytest.mark.parametrize(
    ("delivery", "any_time", "kept"),
    [("live", False, True), ("live", True, False), ("dry_run", False, False), ("redirect", False, False)],
)
def test_only_what_reaches_a_partner_keeps_their_hours(delivery: str, any_time: bool, kept: bool) -> None:
    settings = parse_settings({"allow_any_time": any_time})

    assert (Hours.of(tick(delivery=delivery), settings, TICK) is not None) is kept


@given(
    phone=st.sampled_from(PHONES),
    own=st.just(TimeWindow(start=dt.time(8), end=dt.time(20))) | windows,
    office=st.just(TimeWindow(start=dt.time(9), end=dt.time(19))) | windows,
    wall=st.integers(0, 365 * 24 * 60 * 60).map(lambda seconds: india("2026-01-01") + dt.timedelta(seconds=seconds)),
)
def test_what_waits_is_sent_at_upkeep_s_first_look_in_both_windows_and_what_is_not_has_none(
    phone: str, own: TimeWindow, office: TimeWindow, wall: dt.datetime
) -> None:
    day = wall.date()
    found = Hours(own=own, send_window=office, wall=wall).hindrance(phone, day)

    zones = deciding_zones(phone, own, wall)
    if is_within_in_all(zones, own, wall):
        assert found is None
        return
    midnight = dt.datetime.combine(day, dt.time(), SCHEDULE_TIMEZONE)
    looks = [midnight + number * UPKEEP_EVERY for number in range(24 * 4)]
    good = [look for look in looks if office.holds(look) and is_within_in_all(zones, own, look)]
    ahead = [look for look in good if look > wall]
    of_the_tick = [look for look in good if look.hour >= 10]
    assert found == (ahead[0] if ahead else SkipReason.EXPIRED if of_the_tick else SkipReason.NO_COMMON_HOURS)


HOURS = Hours(
    own=TimeWindow(start=dt.time(8), end=dt.time(20)),
    send_window=TimeWindow(start=dt.time(9), end=dt.time(19)),
    wall=TICK,
)


def planned(phones: dict[str, str], *, hours: Hours | None = HOURS, limit: int = 100, **log: Any) -> dict[str, Any]:
    """What is decided of one run of each of these partners: until when it waits, why it is skipped, or None."""
    people = {id_: partner(id_, whatsapp_number=phone, country_code=None) for id_, phone in phones.items()}
    drafts = plan_reminders(
        tick(),
        [stuck_run(f"run of {id_}", partner_id=id_) for id_ in phones],
        shop=shop_knowledge(partners=people),
        log=log_knowledge(**log),
        setup=drafting_setup(senders=(sender(is_default=True),), limit=limit),
        hours=hours,
    )
    return {str(one.partner_id): one.skip_reason or one.not_before for one in drafts}


def test_a_plan_holds_and_skips_by_the_hours_and_without_them_does_neither() -> None:
    phones = {"I": INDIA, "R": ITALY, "C": CALIFORNIA}

    assert planned(phones) == {"I": None, "R": india("2026-11-23", "12:30"), "C": "no_common_hours"}
    assert planned(phones, hours=None) == dict.fromkeys(phones)


def test_what_cannot_leave_today_takes_no_place_within_the_limit_and_what_waits_does() -> None:
    assert planned({"C": CALIFORNIA, "R": ITALY, "S": INDIA}, limit=1) == {
        "C": "no_common_hours",
        "R": india("2026-11-23", "12:30"),
        "S": "over_limit",
    }


@pytest.mark.parametrize(
    ("settings", "reminded", "day", "reason"),
    [
        pytest.param({"cadence": [1, 10]}, 1, "2026-10-30", "not_due", id="before the clocks of Texas go back"),
        pytest.param({"cadence": [1, 10]}, 1, "2026-11-02", "no_common_hours", id="on the first day after, not due"),
        pytest.param({"max_reminders": 1}, 1, "2026-11-02", "no_common_hours", id="nor to be reminded any more"),
        pytest.param({"cadence": [1, 10]}, 0, "2026-11-02", "no_common_hours", id="due"),
    ],
)
def test_a_change_of_the_clocks_that_leaves_no_common_hours_is_said_the_same_day_whatever_the_cadence(
    settings: dict[str, Any], reminded: int, day: str, reason: str
) -> None:
    now = india(day)
    since = india("2026-10-28", "06:00")

    (draft,) = plan_reminders(
        tick(day=now.date(), now=now),
        [stuck_run(since=since)],
        shop=shop_knowledge(partners={PARTNER_ID: partner(whatsapp_number=TEXAS, country_code=None)}),
        log=log_knowledge(days_reminded={"R1": [dt.date(2026, 10, 29)] * reminded}),
        setup=drafting_setup(senders=(sender(is_default=True),)),
        policy=Policy.of(parse_settings(settings)),
        hours=replace(HOURS, wall=now),
    )

    assert draft.skip_reason == reason


def test_what_an_event_asked_for_keeps_the_hours_of_events() -> None:
    holder = SlotHolder(draft().id, "queued", tick().id, asked_by_event=True)

    assert planned({PARTNER_ID: CALIFORNIA}, slot_holders={f"run of {PARTNER_ID}": holder}) == {PARTNER_ID: None}


def test_a_skip_for_another_reason_keeps_it() -> None:
    skipped = draft(to_phone=CALIFORNIA, skip_reason=SkipReason.OVER_LIMIT)

    assert HOURS.keep(skipped, DAY) == skipped
