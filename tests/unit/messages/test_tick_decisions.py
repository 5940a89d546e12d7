"""Which day and moment a run speaks for, how it delivers, and when its messages may leave."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.config.schedule import SCHEDULE_TIMEZONE, day_of
from partner_messages.config.settings import Settings, parse_settings
from partner_messages.messages.tick import (
    Halt,
    NotNow,
    RunRefused,
    Tick,
    TickSkipped,
    check_may_send,
    check_not_stale,
    decide_delivery,
)
from support.examples import tick

MONDAY, FRIDAY_BEFORE = dt.date(2026, 11, 23), dt.date(2026, 11, 20)


def ist(day: dt.date, hour: int, minute: int = 0, second: int = 0) -> dt.datetime:
    """A moment by India's clock, as Airflow hands it over: in UTC."""
    local = dt.datetime.combine(day, dt.time(hour, minute, second), tzinfo=SCHEDULE_TIMEZONE)
    return local.astimezone(dt.UTC)


def settings(**changed: Any) -> Settings:
    return parse_settings(changed)


FINE = nullcontext()


def refused(saying: str) -> AbstractContextManager[Any]:
    return pytest.raises(RunRefused, match=saying)


def stale() -> AbstractContextManager[Any]:
    return pytest.raises(TickSkipped, match="its day is over")


@pytest.mark.parametrize(
    ("run_type", "run_after", "wall", "ends"),
    [
        pytest.param("scheduled", ist(MONDAY, 10), ist(MONDAY, 10, 0, 5), FINE, id="on Monday morning, in time"),
        pytest.param("scheduled", ist(MONDAY, 10), ist(MONDAY, 10, 7), FINE, id="a few minutes late"),
        pytest.param("scheduled", ist(MONDAY, 10), ist(MONDAY, 10, 30), FINE, id="as late as the grace allows"),
        pytest.param(
            "scheduled", ist(MONDAY, 10), ist(MONDAY, 10, 30, 1), refused("trigger the DAG by hand"), id="a second more"
        ),
        pytest.param("scheduled", ist(MONDAY, 10), ist(MONDAY, 23, 59), refused("tick_grace"), id="late that evening"),
        pytest.param("scheduled", ist(MONDAY, 10), ist(MONDAY + dt.timedelta(1), 0), stale(), id="after midnight"),
        pytest.param(
            "scheduled", ist(FRIDAY_BEFORE, 10), ist(MONDAY, 9, 59), stale(), id="Friday's, unpaused on Monday morning"
        ),
        pytest.param(
            "scheduled", ist(FRIDAY_BEFORE, 10), ist(MONDAY, 10, 0, 5), stale(), id="Friday's, at the hour of Monday's"
        ),
        pytest.param("manual", ist(MONDAY, 10), ist(MONDAY, 16), FINE, id="started by hand, picked up late"),
        pytest.param("manual", ist(FRIDAY_BEFORE, 10), ist(MONDAY, 10), FINE, id="started by hand for another day"),
        pytest.param("backfill", ist(FRIDAY_BEFORE, 10), ist(MONDAY, 15), FINE, id="a backfill"),
        pytest.param("asset_triggered", ist(FRIDAY_BEFORE, 10), ist(MONDAY, 15), FINE, id="started by an asset"),
    ],
)
def test_only_a_scheduled_tick_can_come_too_late(
    run_type: str, run_after: dt.datetime, wall: dt.datetime, ends: AbstractContextManager[Any]
) -> None:
    with ends:
        check_not_stale(run_type, run_after, wall, 30)


def test_the_grace_is_a_setting_and_the_refusal_names_it_and_the_tick() -> None:
    check_not_stale("scheduled", ist(MONDAY, 10), ist(MONDAY, 11), 60)
    with pytest.raises(RunRefused) as refusal:
        check_not_stale("scheduled", ist(MONDAY, 10), ist(MONDAY, 11), 7.5)

    assert "2026-11-23 10:00 IST" in str(refusal.value)
    assert "7.5 minutes" in str(refusal.value)


TODAY, ANOTHER_DAY = "today", "another day"


# What was asked for, the setting, the run's day, allow_any_time; and what it comes to (None: refused).
@pytest.mark.parametrize(
    ("asked", "setting", "day", "any_time", "delivery"),
    [
        ("auto", "dry_run", TODAY, False, "dry_run"),
        ("auto", "live", TODAY, False, "live"),
        ("auto", "dry_run", ANOTHER_DAY, False, "dry_run"),
        ("auto", "live", ANOTHER_DAY, False, "dry_run"),
        ("auto", "dry_run", TODAY, True, "dry_run"),
        ("auto", "live", TODAY, True, "live"),
        ("auto", "dry_run", ANOTHER_DAY, True, "dry_run"),
        ("auto", "live", ANOTHER_DAY, True, "live"),
        ("live", "dry_run", TODAY, False, "live"),
        ("live", "live", TODAY, False, "live"),
        ("live", "dry_run", ANOTHER_DAY, False, None),
        ("live", "live", ANOTHER_DAY, False, None),
        ("live", "dry_run", ANOTHER_DAY, True, "live"),
        ("live", "live", ANOTHER_DAY, True, "live"),
        ("dry_run", "dry_run", TODAY, False, "dry_run"),
        ("dry_run", "live", TODAY, False, "dry_run"),
        ("dry_run", "live", ANOTHER_DAY, False, "dry_run"),
        ("dry_run", "live", ANOTHER_DAY, True, "dry_run"),
        ("redirect", "dry_run", TODAY, False, "redirect"),
        ("redirect", "live", TODAY, False, "redirect"),
        ("redirect", "live", ANOTHER_DAY, False, None),
        ("redirect", "live", ANOTHER_DAY, True, "redirect"),
    ],
)
@pytest.mark.parametrize("other", [FRIDAY_BEFORE, MONDAY + dt.timedelta(1)], ids=["before", "after"])
def test_how_a_run_delivers(
    asked: Any, setting: str, day: str, any_time: bool, delivery: str | None, other: dt.date
) -> None:
    of_run = MONDAY if day == TODAY else other
    knobs = settings(delivery=setting, allow_any_time=any_time)

    with FINE if delivery else refused(f"Param delivery is {asked}, but this run speaks for {of_run} and today is"):
        assert decide_delivery(asked, of_run, ist(MONDAY, 10), knobs) == delivery


def test_a_delivery_that_there_is_not_is_refused() -> None:
    with refused('Param delivery is "Live"; it must be one of auto, live, dry_run, redirect'):
        decide_delivery("Live", MONDAY, ist(MONDAY, 10), settings())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clock", "within"),
    [
        ((0, 0, 0), False),
        ((8, 59, 59), False),
        ((9, 0, 0), True),
        ((10, 0, 0), True),
        ((18, 59, 59), True),
        ((19, 0, 0), False),
        ((23, 59, 59), False),
    ],
)
@pytest.mark.parametrize("delivery", ["live", "redirect"])
def test_messages_leave_within_the_send_window_only(clock: tuple[int, int, int], within: bool, delivery: str) -> None:
    asked = tick(delivery=delivery, asked=delivery)

    with (
        FINE if within else pytest.raises(NotNow, match=r"outside the send window 09:00-19:00 \(setting send_window\)")
    ):
        check_may_send(asked, ist(MONDAY, *clock), settings(), None, ignore_send_window=False)


def test_the_send_window_is_a_setting() -> None:
    early = settings(send_window=["7:30", "08:00"])

    check_may_send(tick(asked="live"), ist(MONDAY, 7, 45), early, None, ignore_send_window=False)
    with pytest.raises(NotNow, match="It is 10:00 IST, outside the send window 07:30-08:00"):
        check_may_send(tick(asked="live"), ist(MONDAY, 10), early, None, ignore_send_window=False)


@pytest.mark.parametrize(("ignore", "any_time"), [(True, False), (False, True), (True, True)])
def test_the_send_window_can_be_ignored_for_one_run_or_on_a_test_system(ignore: bool, any_time: bool) -> None:
    check_may_send(
        tick(asked="live"), ist(MONDAY, 3), settings(allow_any_time=any_time), None, ignore_send_window=ignore
    )


@pytest.mark.parametrize("asked", ["auto", "live", "redirect"])
@pytest.mark.parametrize("loose", [False, True], ids=["", "nothing else in the way"])
def test_halt_stops_whatever_is_asked(asked: str, loose: bool) -> None:
    of_run = tick(asked=asked, delivery="live" if asked == "auto" else asked)

    with pytest.raises(NotNow, match="setting halt"):
        check_may_send(
            of_run,
            ist(MONDAY, 10),
            settings(delivery="live", halt=True, allow_any_time=loose),
            None,
            ignore_send_window=loose,
        )


HALT = Halt(who="Asha", why="wrong text", since=ist(MONDAY, 9, 30))
SETTING_SAID, HALT_SAID = "setting halt", f"by Asha since {MONDAY} 09:30 IST: wrong text"
SETTING_ENDS, HALT_ENDS = "set halt to false", "trigger message_log_upkeep with sending = go_on"


@pytest.mark.parametrize(
    ("setting", "halt", "why", "ends"),
    [
        (True, None, SETTING_SAID, SETTING_ENDS),
        (False, HALT, HALT_SAID, HALT_ENDS),
        (True, HALT, f"{SETTING_SAID}; and {HALT_SAID}", f"{SETTING_ENDS} and {HALT_ENDS}"),
    ],
)
@pytest.mark.parametrize("asked", ["auto", "live", "redirect"])
def test_a_halt_by_setting_or_by_hand_stops_sending_and_each_says_what_ends_it(
    asked: str, setting: bool, halt: Halt | None, why: str, ends: str
) -> None:
    of_run = tick(asked=asked, delivery="live" if asked == "auto" else asked)
    said = f"Sending is halted ({why}): nothing is claimed; {ends}, then clear what failed."

    with pytest.raises(NotNow, match=f"^{re.escape(said)}$"):
        check_may_send(of_run, ist(MONDAY, 10), settings(delivery="live", halt=setting), halt, ignore_send_window=False)


def test_a_dry_run_goes_on_while_sending_is_halted_by_hand() -> None:
    check_may_send(tick(delivery="dry_run"), ist(MONDAY, 10), settings(), HALT, ignore_send_window=False)


def test_a_run_that_follows_the_setting_stops_when_the_setting_is_turned_back() -> None:
    live_by_setting = tick(asked="auto", delivery="live")

    check_may_send(live_by_setting, ist(MONDAY, 10), settings(delivery="live"), None, ignore_send_window=False)
    with pytest.raises(NotNow, match="Setting delivery is dry_run by now, so this live run claims nothing more"):
        check_may_send(live_by_setting, ist(MONDAY, 10), settings(delivery="dry_run"), None, ignore_send_window=True)


@pytest.mark.parametrize("asked", ["live", "redirect"])
def test_a_run_that_was_asked_to_send_does_not_mind_the_setting(asked: str) -> None:
    by_param = tick(asked=asked, delivery=asked)

    check_may_send(by_param, ist(MONDAY, 10), settings(delivery="dry_run"), None, ignore_send_window=False)


@pytest.mark.parametrize("asked", ["auto", "dry_run"])
@pytest.mark.parametrize("setting", ["live", "dry_run"])
def test_a_dry_run_is_never_in_the_way_of_anything(asked: str, setting: str) -> None:
    rehearsal = tick(asked=asked, delivery="dry_run")

    check_may_send(rehearsal, ist(MONDAY, 3), settings(delivery=setting, halt=True), None, ignore_send_window=False)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-22T18:29:59.999999+00:00", dt.date(2026, 11, 22)),
        ("2026-11-22T18:30:00+00:00", dt.date(2026, 11, 23)),
        ("2026-11-23T00:00:00+05:30", dt.date(2026, 11, 23)),
        ("2026-11-23T23:59:59+05:30", dt.date(2026, 11, 23)),
        ("2026-11-23T20:00:00-05:00", dt.date(2026, 11, 24)),
        ("2027-01-01T00:00:00+00:00", dt.date(2027, 1, 1)),
        ("2026-12-31T18:30:00+00:00", dt.date(2027, 1, 1)),
    ],
)
def test_a_day_is_a_day_in_india(moment: str, day: dt.date) -> None:
    assert day_of(dt.datetime.fromisoformat(moment)) == day


zones = st.sampled_from([dt.UTC, SCHEDULE_TIMEZONE, dt.timezone(dt.timedelta(hours=-7))])


@given(
    now=st.builds(
        lambda age, zone: (ist(MONDAY, 10) + age).astimezone(zone),
        st.timedeltas(dt.timedelta(days=-9_000), dt.timedelta(days=9_000)),
        zones,
    ),
    delivery=st.sampled_from(["live", "dry_run", "redirect"]),
    asked=st.sampled_from(["auto", "live", "dry_run", "redirect"]),
    warnings=st.lists(st.text(), max_size=2).map(tuple),
)
def test_a_tick_comes_back_from_an_xcom_as_it_went(
    now: dt.datetime, delivery: str, asked: str, warnings: tuple[str, ...]
) -> None:
    sent = tick(now=now, day=day_of(now), delivery=delivery, asked=asked, warnings=warnings)

    returned = Tick.from_xcom(json.loads(json.dumps(sent.to_xcom())))

    assert returned == sent
    assert {field.name for field in dataclasses.fields(Tick)} == set(sent.to_xcom())
