"""What other settings would have made of some days: messages, who is called, and what stays as it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from partner_messages.config.sending_days import Calendar
from partner_messages.config.settings import parse_settings
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.ops.replay import History, Replay, Stuck, replay
from support.deployment import TICK
from support.examples import DAY, PHONE, stuck_run

ONE_DAY = dt.timedelta(days=1)
FOUND = DAY, DAY + 11 * ONE_DAY
"""Monday to Friday of the next week."""
INDIA, AMERICA = PHONE, "+12125550123"


def november(*days: int) -> list[dt.date]:
    """Days counted from the first of November 2026; 31 is the first of December."""
    return [dt.date(2026, 11, 1) + (day - 1) * ONE_DAY for day in days]


WEEKDAYS = november(23, 24, 25, 26, 27, 30, 31, 32, 33, 34)


def stuck(run_id: str = "R1", *, partner_id: str = "P1", hours: float = 25, **columns: Any) -> Stuck:
    """A run that every tick found, from some hours after it was sent."""
    first, last = FOUND
    run = stuck_run(run_id, partner_id=partner_id, since=TICK - dt.timedelta(hours=hours))
    return Stuck(run, **{"first": first, "last": last, **columns})


def history(*found: Stuck, **columns: Any) -> History:
    ticks = {day: TICK + (day - DAY) for day in WEEKDAYS}
    return History(**{"ticks": ticks, "stuck": found or (stuck(),), "reached": {"P1", "P2"}, **columns})


def replayed(settings: Mapping[str, Any], *found: Stuck, **columns: Any) -> Replay:
    return replay(history(*found, **columns), parse_settings(settings | {"delivery": "live"}))


def days_of(of: Replay) -> list[dt.date]:
    return [message.day for message in of.messages]


def called(of: Replay) -> list[tuple[dt.date, str]]:
    return [(one.day, str(one.trouble.reason)) for one in of.called]


@pytest.mark.parametrize(
    ("settings", "days"),
    [
        ({}, WEEKDAYS),
        ({"cadence": [1, 3, 7]}, november(23, 25, 31)),
        ({"cadence": {"days": [1, 2], "then": "weekly"}}, november(23, 24, 31)),
        ({"max_reminders": 3}, november(23, 24, 25)),
        ({"holidays_added": ["2026-11-25"]}, [day for day in WEEKDAYS if day.day != 25]),
        ({"cadence": [1, 3], "holidays_added": ["2026-11-25"]}, november(23, 26, 31, 34)),
        ({"partners": {"P1": {"holidays": ["IN-OD"]}}}, [day for day in WEEKDAYS if day.day != 24]),
        ({"thresholds": {"assignment_pending": 72}}, november(25, 26, 27, 30, 31, 32, 33, 34)),
        ({"partners": {"P1": {"thresholds": {"assignment_pending": 200}}}}, november(31, 32, 33, 34)),
    ],
)
def test_a_run_is_reminded_on_the_days_that_the_settings_say(settings: dict[str, Any], days: list[dt.date]) -> None:
    assert days_of(replayed(settings)) == days


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [(27, "no_reaction")]),
        ({"escalate_after": 3}, [(25, "no_reaction")]),
        ({"escalate_after": None}, []),
        ({"max_reminders": 2, "escalate_after": None}, [(25, "reminders_used_up")]),
        ({"cadence": [1, 3, 7]}, []),
    ],
)
def test_a_person_is_called_when_the_settings_say(settings: dict[str, Any], expected: list[tuple[int, str]]) -> None:
    after = {"escalate_after": 5}
    assert called(replayed(after | settings)) == [(november(day)[0], reason) for day, reason in expected]


def test_a_digest_is_one_message_to_who_has_several_due_runs() -> None:
    found = stuck("R1"), stuck("R2"), stuck("R3", partner_id="P2")

    apart, gathered = replayed({}, *found), replayed({"digest": True}, *found)

    assert len(apart.messages) == 3 * len(WEEKDAYS)
    assert {(one.partner_id, one.production_run_ids) for one in gathered.messages} == {
        ("P1", ("R1", "R2")),
        ("P2", ("R3",)),
    }
    assert len(gathered.messages) == 2 * len(WEEKDAYS)


def test_a_holiday_that_is_none_any_more_has_a_tick_and_one_that_was_missed_has_none() -> None:
    off, missed = november(25, 26)
    ticks = {day: TICK + (day - DAY) for day in WEEKDAYS if day not in (off, missed)}
    made_under = Calendar(added=frozenset([off]))

    now = replayed({"holidays_added": ["2026-11-25"]}, ticks=ticks, calendar=made_under)
    chosen = replayed({}, ticks=ticks, calendar=made_under)

    assert {off, missed}.isdisjoint(now.days)
    assert set(chosen.days) - set(now.days) == {off}
    assert off in days_of(chosen)


def test_a_tick_by_hand_on_a_day_off_stays_one() -> None:
    saturday = november(28)[0]
    ticks = {day: TICK + (day - DAY) for day in [*WEEKDAYS, saturday]}
    assert saturday in days_of(replayed({"holidays": ["IN"]}, ticks=ticks))


def test_windows_let_messages_wait_or_call_somebody_who_widens_them() -> None:
    found = stuck("R1"), stuck("R2", partner_id="P2")
    phones = {"P1": INDIA, "P2": AMERICA}

    as_it_is = replayed({}, *found, phones=phones)
    later = replayed({"partner_send_window": ["11:00", "20:00"]}, *found, phones=phones)
    outside = replayed({"send_window": ["12:00", "19:00"]}, *found, phones=phones)

    assert {one.partner_id for one in as_it_is.messages} == {"P1", "P2"}
    assert {one.partner_id for one in as_it_is.messages if one.not_before} == {"P2"}
    assert {one.partner_id for one in later.messages if one.not_before} == {"P1"}
    assert called(later)[0] == (DAY, "no_common_hours")
    assert {one.partner_id for one in outside.messages} == {"P2"}, "the tick is too early; what waits leaves later"
    assert set(outside.kept.values()) == {1}


def test_over_the_limit_the_least_recently_reminded_goes_first() -> None:
    found = [stuck(f"R{number}", hours=25 + number) for number in range(3)]
    of = replayed({"max_messages_per_run": 1, "escalate_after": None}, *found)
    assert [one.production_run_ids[0] for one in of.messages][:4] == ["R2", "R1", "R0", "R2"]
    assert set(of.put_off.values()) == {2}
    moved_on = stuck("R9", hours=40, silent={DAY: SkipReason.MOVED_ON})
    of = replayed({"max_messages_per_run": 1}, *found, moved_on)
    assert DAY not in days_of(of), "it was planned, and found to have moved on only when its turn came"


@pytest.mark.parametrize(
    ("facts", "days"),
    [
        ({"silent": dict.fromkeys(WEEKDAYS[:3], SkipReason.NO_PHONE)}, WEEKDAYS[3:]),
        ({"silent": {WEEKDAYS[1]: SkipReason.PROMISED}}, [WEEKDAYS[0], *WEEKDAYS[2:]]),
        ({"last": WEEKDAYS[4]}, WEEKDAYS[:5]),
        ({"first": WEEKDAYS[2]}, WEEKDAYS),
    ],
)
def test_what_no_setting_decides_stays_as_it_was(facts: dict[str, Any], days: list[dt.date]) -> None:
    assert days_of(replayed({}, stuck(**facts))) == days


def test_a_message_that_failed_does_not_count_and_one_that_an_event_asked_for_does() -> None:
    cadence = {"cadence": [1, 4]}
    assert days_of(replayed(cadence)) == november(23, 26, 32)
    assert days_of(replayed(cadence, stuck(failed=frozenset([DAY])))) == november(23, 24, 27, 33)
    assert days_of(replayed(cadence, stuck(asked=frozenset(november(23))))) == november(26, 32)
    assert days_of(replayed(cadence, stuck(asked=frozenset(november(28))))) == november(23, 26)


def test_reminders_from_before_the_days_count_in_their_own_stall_alone() -> None:
    old = stuck(hours=24 * 21)
    before = {"reminded": {"R1": [DAY - 5 * ONE_DAY, DAY - 4 * ONE_DAY]}}
    assert days_of(replayed({"max_reminders": 3}, old, **before)) == [DAY]
    assert days_of(replayed({"max_reminders": 3}, stuck(), **before)) == WEEKDAYS[:3]


def test_work_begins_a_new_stall_though_it_began_on_a_day_of_a_reminder() -> None:
    first = stuck(last=WEEKDAYS[0])
    again = Stuck(stuck_run("R1", since=TICK + dt.timedelta(hours=5)), WEEKDAYS[2], WEEKDAYS[4])
    assert days_of(replayed({"max_reminders": 1}, first, again)) == november(23, 25)


def test_of_days_whose_reasons_are_forgotten_whoever_got_nothing_gets_nothing() -> None:
    since = {"reasons_since": WEEKDAYS[5]}
    assert days_of(replayed({}, **since)) == WEEKDAYS
    assert days_of(replayed({}, stuck(partner_id="P3"), **since)) == WEEKDAYS[5:]


def test_nothing_is_made_of_no_history() -> None:
    of = replay(History({}, ()), parse_settings({}))
    assert (of.days, of.messages, of.called) == ([], [], [])


def test_a_halt_of_today_and_a_rehearsal_of_today_are_nothing_to_the_days_that_were() -> None:
    assert len(replayed({"halt": True}).messages) == len(WEEKDAYS)
    assert len(replay(history(), parse_settings({"delivery": "dry_run"})).messages) == len(WEEKDAYS)


def test_a_tick_that_is_unusually_large_would_have_asked_for_a_confirmation() -> None:
    few = [stuck(f"R{number}", last=WEEKDAYS[-1]) for number in range(3)]
    ticks = {day: TICK + (day - DAY) for day in [*WEEKDAYS, *november(37)]}
    many = [
        stuck(f"M{number}", hours=25 - 24 * 14, first=november(37)[0], last=november(37)[0]) for number in range(60)
    ]
    assert replayed({}, *few, *many, ticks=ticks).refused == november(37)
    assert replayed({"confirm_above": 100}, *few, *many, ticks=ticks).refused == []
