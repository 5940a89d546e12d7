"""On which days a run is reminded: tables of weekdays, and what holds whatever happens."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.config.schedule import day_of
from partner_messages.config.sending_days import Calendar
from partner_messages.planning.reminders.cadence import first_day_past, next_due_day
from support.deployment import TICK
from support.examples import DAY

ONE_DAY = dt.timedelta(days=1)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def on(name: str) -> dt.date:
    """`Mon 1` is the Monday of `support.examples.DAY`, `Tue 2` the Tuesday of the week after."""
    weekday, week = name.split()
    return DAY + dt.timedelta(days=WEEKDAYS.index(weekday) + 7 * (int(week) - 1))


def named(day: dt.date) -> str:
    week, weekday = divmod((day - DAY).days, 7)
    return f"{WEEKDAYS[weekday]} {week + 1}"


def reminders(
    steps: tuple[int, ...],
    first_day: dt.date,
    ticks: list[dt.date],
    calendar: Calendar,
    failing: frozenset[dt.date] = frozenset(),
    *,
    weekly: bool = False,
) -> list[dt.date]:
    """The days on which one run is reminded, when a tick on each of these days does what is due."""
    reminded: list[dt.date] = []
    for today in ticks:
        due = next_due_day(steps, first_day=first_day, reminded=reminded, today=today, calendar=calendar, weekly=weekly)
        if due is None and today not in failing:
            reminded.append(today)
    return reminded


def sending_days_from(first: dt.date, number: int, calendar: Calendar) -> list[dt.date]:
    return [calendar.sending_day(one, after=first - ONE_DAY) for one in range(1, number + 1)]


# The steps, the first day past the threshold, the first tick that looks, days off; and the days of the reminders.
MONTHS = [
    pytest.param((1, 3, 7), "Mon 1", "Mon 1", (), "Mon 1, Wed 1, Tue 2, Thu 3, Mon 5", id="from a Monday"),
    pytest.param((1, 3, 7), "Thu 1", "Thu 1", (), "Thu 1, Mon 2, Fri 2, Tue 4, Thu 5", id="over weekends"),
    pytest.param((1, 3, 7), "Sat 1", "Mon 2", (), "Mon 2, Wed 2, Tue 3, Thu 4", id="past it on a Saturday"),
    pytest.param((1, 3, 7), "Mon 1", "Wed 2", (), "Wed 2, Fri 2, Thu 3, Mon 5", id="found late: the gaps stay"),
    pytest.param((1, 3, 7), "Mon 1", "Mon 1", ("Wed 1",), "Mon 1, Thu 1, Wed 2, Fri 3, Tue 5", id="a holiday"),
    pytest.param((1, 3, 7), "Mon 1", "Tue 1", ("Mon 1",), "Tue 1, Thu 1, Wed 2, Fri 3, Tue 5", id="day 1 is none"),
    pytest.param((2, 5), "Mon 1", "Mon 1", (), "Tue 1, Fri 1, Fri 2, Fri 3, Fri 4", id="not on the first day"),
    pytest.param((5,), "Mon 1", "Mon 1", (), "Fri 1, Fri 2, Fri 3, Fri 4, Fri 5", id="weekly"),
    pytest.param((1,), "Thu 1", "Thu 1", (), "Thu 1, Fri 1, Mon 2, Tue 2, Wed 2", id="each day"),
]


@pytest.mark.parametrize(("steps", "first_day", "first_tick", "off", "expected"), MONTHS)
def test_a_run_s_month(
    steps: tuple[int, ...], first_day: str, first_tick: str, off: tuple[str, ...], expected: str
) -> None:
    calendar = Calendar(added=frozenset(map(on, off)))
    days = expected.split(", ")

    found = reminders(steps, on(first_day), sending_days_from(on(first_tick), 25, calendar), calendar)

    assert [named(day) for day in found][: len(days)] == days


WEEKLY = [
    pytest.param((1, 3, 7), "Mon 1", (), "Mon 1, Wed 1, Tue 2, Tue 3, Tue 4, Tue 5", id="the third one's weekday"),
    pytest.param((1,), "Thu 1", (), "Thu 1, Thu 2, Thu 3, Thu 4", id="the first one's"),
    pytest.param((1,), "Sat 1", (), "Mon 2, Mon 3, Mon 4", id="past it on a Saturday"),
    pytest.param((1,), "Tue 1", ("Tue 2",), "Tue 1, Wed 2, Tue 3, Tue 4", id="a holiday: back to the weekday"),
    pytest.param((1,), "Fri 1", ("Fri 2",), "Fri 1, Mon 3, Fri 3, Fri 4", id="a Friday off: on Monday"),
    pytest.param((1,), "Tue 1", ("Tue 2", "Tue 3"), "Tue 1, Wed 2, Wed 3, Tue 4", id="two of them"),
    pytest.param((1,), "Tue 1", ("Tue 2", "Wed 2", "Thu 2"), "Tue 1, Fri 2, Tue 3", id="three days late"),
    pytest.param(
        (1,), "Tue 1", ("Tue 2", "Wed 2", "Thu 2", "Fri 2"), "Tue 1, Mon 3, Tue 4", id="six: not again the next day"
    ),
    pytest.param(
        (1,), "Mon 1", ("Mon 2", "Tue 2", "Wed 2", "Thu 2", "Fri 2"), "Mon 1, Mon 3, Mon 4", id="a week of holidays"
    ),
]


@pytest.mark.parametrize(("steps", "first_day", "off", "expected"), WEEKLY)
def test_a_weekly_cadence_keeps_its_weekday(
    steps: tuple[int, ...], first_day: str, off: tuple[str, ...], expected: str
) -> None:
    calendar = Calendar(added=frozenset(map(on, off)))
    days = expected.split(", ")

    found = reminders(steps, on(first_day), sending_days_from(on(first_day), 25, calendar), calendar, weekly=True)

    assert [named(day) for day in found][: len(days)] == days


@pytest.mark.parametrize(
    ("today", "reminded", "due"),
    [
        pytest.param("Wed 1", ["Tue 1"], "Tue 2", id="the next Tuesday"),
        pytest.param("Tue 2", ["Tue 1"], None, id="it is Tuesday"),
        pytest.param("Thu 2", ["Tue 1"], None, id="Tuesday's tick was missed: the next one makes up for it"),
        pytest.param("Fri 2", ["Tue 1", "Thu 2"], "Tue 3", id="and then it is Tuesday again"),
        pytest.param("Wed 1", ["Sat 0"], "Mon 2", id="the first one was asked for on a Saturday"),
        pytest.param("Sat 1", ["Sat 0"], "Mon 2", id="no sending day, though a Saturday"),
        pytest.param("Wed 4", ["Tue 1"], None, id="weeks late: once"),
        pytest.param("Thu 4", ["Tue 1", "Wed 4"], "Tue 5", id="and not for the weeks that went by"),
    ],
)
def test_what_is_not_due_in_a_weekly_cadence_says_when_it_is(today: str, reminded: list[str], due: str | None) -> None:
    found = next_due_day(
        (1,),
        first_day=on("Mon 0"),
        reminded=[on(day) for day in reminded],
        today=on(today),
        calendar=Calendar(),
        weekly=True,
    )

    assert (found and named(found)) == due


@pytest.mark.parametrize(
    ("today", "reminded", "due"),
    [
        pytest.param("Mon 1", [], None, id="the first one, on day 1"),
        pytest.param("Tue 1", ["Mon 1"], "Wed 1", id="day 2"),
        pytest.param("Wed 1", ["Mon 1"], None, id="the second, on day 3"),
        pytest.param("Wed 1", ["Tue 1"], "Thu 1", id="day 3, but only one day since the last"),
        pytest.param("Thu 1", ["Mon 1", "Wed 1"], "Tue 2", id="the third, on day 7"),
        pytest.param("Wed 2", ["Mon 1", "Wed 1"], None, id="that day's tick was missed: the next one makes up for it"),
        pytest.param("Wed 2", ["Mon 1", "Wed 1", "Tue 2"], "Thu 3", id="then every 7"),
        pytest.param("Fri 1", ["Mon 1", "Tue 1", "Wed 1", "Thu 1"], "Fri 5", id="after many, the 25th at the earliest"),
        pytest.param("Sat 1", ["Mon 1", "Wed 1"], "Tue 2", id="asked on a Saturday"),
        pytest.param("Sat 1", ["Mon 1"], None, id="a run by hand on a Saturday does what is overdue"),
    ],
)
def test_what_is_not_due_says_when_it_is(today: str, reminded: list[str], due: str | None) -> None:
    if due == "Fri 5":
        due = named(Calendar().sending_day(21, after=on("Mon 1") - ONE_DAY))

    found = next_due_day(
        (1, 3, 7), first_day=on("Mon 1"), reminded=[on(day) for day in reminded], today=on(today), calendar=Calendar()
    )

    assert (found and named(found)) == due


@pytest.mark.parametrize(
    ("passed", "first"),
    [
        pytest.param(TICK - dt.timedelta(minutes=1), "Mon 1", id="just before this tick"),
        pytest.param(TICK - dt.timedelta(hours=23, minutes=59), "Mon 1", id="after yesterday's hour"),
        pytest.param(TICK - dt.timedelta(days=1), "Mon 1", id="at yesterday's hour to the second: not past it yet"),
        pytest.param(TICK - dt.timedelta(days=1, microseconds=1), "Sun 0", id="before yesterday's hour"),
        pytest.param(TICK - dt.timedelta(days=7, hours=1), "Mon 0", id="a week ago"),
    ],
)
def test_the_first_day_is_the_one_whose_tick_finds_the_run_past_its_threshold(passed: dt.datetime, first: str) -> None:
    assert first_day_past(passed, TICK, DAY) == on(first)


steps_ = st.sets(st.integers(1, 12), min_size=1, max_size=5).map(lambda found: tuple(sorted(found)))
calendars = st.frozensets(st.dates(DAY, DAY + 200 * ONE_DAY), max_size=30).map(lambda off: Calendar(added=off))


@given(steps=steps_, calendar=calendars, late=st.integers(0, 60), failing=st.frozensets(st.integers(0, 39)))
def test_no_gap_is_shorter_than_the_cadence_s_even_when_a_run_is_found_late(
    steps: tuple[int, ...], calendar: Calendar, late: int, failing: frozenset[int]
) -> None:
    ticks = sending_days_from(DAY + late * ONE_DAY, 40, calendar)

    days = reminders(steps, DAY, ticks, calendar, frozenset(ticks[number] for number in failing))

    plan = [*steps, *(steps[-1] * times for times in range(2, 50))]
    for number, (before, after) in enumerate(itertools.pairwise(days), start=1):
        assert calendar.sending_days(before, after) >= plan[number] - plan[number - 1] >= 1
    for number, day in enumerate(days):
        assert calendar.sending_days(DAY - ONE_DAY, day) >= plan[number]


@given(steps=steps_, calendar=calendars, missed=st.frozensets(st.integers(0, 59), max_size=50), data=st.data())
def test_the_day_that_is_named_is_a_sending_day_ahead_and_on_it_the_run_is_due_and_not_before(
    steps: tuple[int, ...], calendar: Calendar, missed: frozenset[int], data: st.DataObject
) -> None:
    ticks = [day for number, day in enumerate(sending_days_from(DAY, 60, calendar)) if number not in missed]
    reminded = reminders(steps, DAY, ticks, calendar)
    today = max([*reminded, DAY]) + data.draw(st.integers(0, 30)) * ONE_DAY

    def due(asked: dt.date) -> dt.date | None:
        return next_due_day(steps, first_day=DAY, reminded=reminded, today=asked, calendar=calendar)

    named_day = due(today)

    if named_day is not None:
        assert named_day > today
        assert calendar.is_sending_day(named_day)
        between = [today + number * ONE_DAY for number in range((named_day - today).days)]
        assert {due(day) for day in between} == {named_day}
        assert due(named_day) is None


@given(steps=steps_, calendar=calendars, failing=st.frozensets(st.integers(0, 59)))
def test_a_weekly_reminder_is_on_its_weekday_or_the_next_tick_after_it_and_never_within_four_days_of_another(
    steps: tuple[int, ...], calendar: Calendar, failing: frozenset[int]
) -> None:
    ticks = sending_days_from(DAY, 60, calendar)
    working = [tick for number, tick in enumerate(ticks) if number not in failing]

    days = reminders(steps, DAY, working, calendar, weekly=True)

    of_weeks = days[len(steps) - 1 :]
    for before, after in itertools.pairwise(of_weeks):
        assert (after - before).days >= 4
        weekdays = [
            day
            for number in range(4, (after - before).days + 1)
            if (day := before + number * ONE_DAY).weekday() == of_weeks[0].weekday()
        ]
        assert weekdays
        assert not [tick for tick in working if weekdays[0] <= tick < after], "no tick passes it over"


@given(steps=steps_, first=st.integers(0, 30), calendar=calendars)
def test_a_run_that_stays_stuck_is_reminded_by_each_step_and_for_ever(
    steps: tuple[int, ...], first: int, calendar: Calendar
) -> None:
    ticks = sending_days_from(DAY + first * ONE_DAY, 60, calendar)

    days = reminders(steps, DAY + first * ONE_DAY, ticks, calendar)

    plan = [*steps, *(steps[-1] * times for times in range(2, 61))]
    assert days == [ticks[step - 1] for step in plan if step <= 60]


@given(ago=st.timedeltas(dt.timedelta(microseconds=1), dt.timedelta(days=400)), now=st.integers(0, 24 * 60 * 60 - 1))
def test_a_first_day_is_past_the_threshold_at_that_hour_and_the_day_before_is_not(ago: dt.timedelta, now: int) -> None:
    moment = TICK + dt.timedelta(seconds=now)
    today = day_of(moment)

    first = first_day_past(moment - ago, moment, today)

    at_its_hour = moment - (today - first)
    assert moment - ago < at_its_hour
    assert moment - ago >= at_its_hour - ONE_DAY
