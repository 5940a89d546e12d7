"""Which days are sending days, and how they are counted."""

from __future__ import annotations

import datetime as dt
import warnings

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.config import public_holidays
from partner_messages.config.sending_days import Calendar

RAJASTHAN = Calendar(codes=("IN-RJ",))
ONE_DAY = dt.timedelta(days=1)

days = st.dates(dt.date(2020, 1, 1), dt.date(2032, 12, 31))
calendars = st.builds(
    Calendar,
    codes=st.sampled_from([(), ("IN",), ("IN-RJ",), ("IN-RJ", "IT")]),
    added=st.frozensets(st.dates(dt.date(2026, 10, 1), dt.date(2027, 2, 28)), max_size=40),
    removed=st.frozensets(st.sampled_from([dt.date(2026, 11, 24), dt.date(2026, 12, 25), dt.date(2026, 11, 22)])),
)


def day(month: int, of_month: int, year: int = 2026) -> dt.date:
    return dt.date(year, month, of_month)


@pytest.mark.parametrize(
    ("calendar", "asked", "sends"),
    [
        pytest.param(Calendar(), day(11, 20), True, id="a Friday"),
        pytest.param(Calendar(), day(11, 21), False, id="a Saturday"),
        pytest.param(Calendar(), day(11, 22), False, id="a Sunday"),
        pytest.param(Calendar(), day(11, 23), True, id="a Monday"),
        pytest.param(Calendar(), day(12, 25), True, id="holidays are off by default"),
        pytest.param(RAJASTHAN, day(10, 19), False, id="Durgashtami, a Monday"),
        pytest.param(RAJASTHAN, day(10, 29, 2027), False, id="Diwali, a Friday in 2027"),
        pytest.param(RAJASTHAN, day(11, 23), True, id="an ordinary day of a state with holidays"),
        pytest.param(Calendar(codes=("IN",)), day(10, 19), True, id="a holiday of the state alone"),
        pytest.param(Calendar(codes=("IT", "IN-RJ")), day(10, 19), False, id="a holiday of either of two places"),
        pytest.param(Calendar(added=frozenset({day(11, 23)})), day(11, 23), False, id="an added day"),
        pytest.param(
            Calendar(codes=("IN-RJ",), removed=frozenset({day(10, 19)})), day(10, 19), True, id="a removed holiday"
        ),
        pytest.param(Calendar(removed=frozenset({day(11, 21)})), day(11, 21), False, id="a weekend stays one"),
    ],
)
def test_a_sending_day_is_a_weekday_that_is_no_holiday(calendar: Calendar, asked: dt.date, sends: bool) -> None:
    assert calendar.is_sending_day(asked) is sends


def test_a_holiday_has_a_name() -> None:
    added = Calendar(codes=("IN-RJ",), added=frozenset({day(11, 23)}))

    assert RAJASTHAN.holiday(day(11, 8)) == "Diwali"  # a Sunday
    assert RAJASTHAN.holiday(day(11, 23)) is None
    assert added.holiday(day(11, 23)) == "a day of setting holidays_added"


@pytest.mark.parametrize(
    ("after", "until", "number"),
    [
        (day(11, 23), day(11, 23), 0),
        (day(11, 23), day(11, 24), 1),
        (day(11, 20), day(11, 23), 1),
        (day(11, 20), day(11, 22), 0),
        (day(11, 16), day(11, 23), 5),
        (day(11, 24), day(11, 23), 0),
        (day(12, 30), day(1, 4, 2027), 3),
        (day(11, 23, 2025), day(11, 23), 261),
    ],
)
def test_sending_days_are_counted_from_the_day_after_one_up_to_another(
    after: dt.date, until: dt.date, number: int
) -> None:
    assert Calendar().sending_days(after, until) == number


def test_no_holiday_is_counted_whether_it_falls_on_a_weekend_or_not() -> None:
    # In Rajasthan: Diwali (Sunday 8), Govardhan Puja (Tuesday 10), Bhai Duj (Wednesday 11).
    assert RAJASTHAN.sending_days(day(11, 6), day(11, 13)) == 3


@pytest.mark.parametrize(
    ("number", "after", "expected"),
    [
        (1, day(11, 20), day(11, 23)),
        (1, day(11, 21), day(11, 23)),
        (2, day(11, 20), day(11, 24)),
        (5, day(11, 20), day(11, 27)),
        (6, day(11, 20), day(11, 30)),
    ],
)
def test_the_next_sending_days_skip_the_weekend(number: int, after: dt.date, expected: dt.date) -> None:
    assert Calendar().sending_day(number, after=after) == expected


@given(calendar=calendars, start=days, length=st.integers(0, 900))
def test_counting_is_what_counting_day_by_day_gives(calendar: Calendar, start: dt.date, length: int) -> None:
    one_by_one = sum(calendar.is_sending_day(start + number * ONE_DAY) for number in range(1, length + 1))

    assert calendar.sending_days(start, start + length * ONE_DAY) == one_by_one


@given(calendar=calendars, start=days, number=st.integers(1, 400))
def test_a_next_sending_day_is_one_and_that_many_away(calendar: Calendar, start: dt.date, number: int) -> None:
    found = calendar.sending_day(number, after=start)

    assert calendar.is_sending_day(found)
    assert calendar.sending_days(start, found) == number


@pytest.mark.parametrize("code", ["IN", "IN-RJ", "IT", "US-CA", "IN-Rajasthan"])
def test_a_country_or_a_part_of_one_is_known_by_its_code(code: str) -> None:
    assert public_holidays.is_known(code)


OWN_DAYS_OF_2026 = {
    # The first four have the country's list; what falls on one of its days is none of their own.
    **dict.fromkeys(("AN", "DL", "LA", "NL"), 0),
    **{"CH": 1, "LD": 2, "BR": 3, "UP": 3, "AR": 4, "AS": 4, "KA": 4, "GA": 5, "JK": 5, "MH": 5, "TN": 5, "TS": 5},
    **{"DH": 6, "UK": 6, "HP": 7, "CG": 8, "GJ": 8, "JH": 8, "MN": 8, "MP": 8, "MZ": 8, "TR": 8, "AP": 9, "ML": 9},
    **{"PY": 9, "SK": 9, "OD": 10, "WB": 10, "KL": 11, "PB": 11, "HR": 12, "RJ": 12},
}
"""How many days India's states and territories have that India has not."""


@pytest.mark.parametrize("state", OWN_DAYS_OF_2026)
def test_every_state_of_india_has_its_own_days_in_whichever_list_it_keeps_them(state: str) -> None:
    own = public_holidays.of_year(f"IN-{state}", 2026).keys() - public_holidays.of_year("IN", 2026).keys()

    assert len(own) == OWN_DAYS_OF_2026[state]


def test_these_are_all_states_of_india() -> None:
    assert OWN_DAYS_OF_2026.keys() == set(holidays.country_holidays("IN").subdivisions)
    assert len(OWN_DAYS_OF_2026) == 36


@pytest.mark.parametrize(
    ("code", "asked", "name"),
    [
        ("IN-OD", day(4, 1), "Utkal Day"),
        ("IN-Odisha", day(4, 1), "Utkal Day"),
        ("IN-TS", day(8, 10), "Bonalu"),
        ("IN-TG", day(8, 10), "Bonalu"),
        ("IN-BR", day(11, 15), "Chhath Puja"),
        ("IN", day(9, 14), None),
        ("IN-DL", day(1, 14), None),  # Makar Sankranti is a day of choice there
        ("US-CA", day(10, 12), "Columbus Day"),
        ("AU-NSW", day(6, 8), "King's Birthday"),
    ],
)
def test_a_place_s_days_are_those_of_the_public_and_of_its_government_s_offices(
    code: str, asked: dt.date, name: str | None
) -> None:
    assert Calendar(codes=(code,)).holiday(asked) == name


OUTDATED = ["IN-OR", "IN-CT", "IN-UT", "IN-DD", "IN-DN", "NZ-WTL", "GB-UK", "US-PW", "NO-30", "FR-GES", "IM-UK"]


@pytest.mark.parametrize("code", OUTDATED)
def test_an_outdated_code_is_not_known_and_the_right_ones_are_named(code: str) -> None:
    assert not public_holidays.is_known(code)
    advice = public_holidays.advice_on(code)
    assert advice.startswith(f'must not be the outdated code "{code}"; write ')
    named = advice.split("write ")[1].removeprefix('"').removesuffix('"').removeprefix("one of ").split(", ")
    assert all(public_holidays.is_known(one) for one in named)


def test_every_code_that_the_package_calls_outdated_is_refused() -> None:
    outdated = {
        f"{country}-{part}"
        for country in ("IN", "FR", "DE", "NO", "NZ", "PT", "GB", "US")
        for part in holidays.country_holidays(country)._deprecated_subdivisions
    }

    assert len(outdated) > 10
    assert not [code for code in outdated if public_holidays.is_known(code)]


@pytest.mark.parametrize(
    "code",
    [
        *("", "in", "XX", "IN-", "IN-ZZ", "IN-rj", "India", " IN", "IN\n", "MON", "NSE", "HolidayBase", "__doc__"),
        *("GP-ZZ", "AX-Kainuu"),  # overseas, where the package takes any part
    ],
)
def test_what_is_no_place_is_not_known(code: str) -> None:
    assert not public_holidays.is_known(code)


def test_a_code_is_known_whatever_is_warned_of_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    public_holidays.is_known.cache_clear()
    place = holidays.country_holidays

    def warned_of(*args: str, **kwargs: str) -> object:
        warnings.warn("unclosed socket of another thread", ResourceWarning, stacklevel=1)
        return place(*args, **kwargs)

    monkeypatch.setattr(holidays, "country_holidays", warned_of)
    with pytest.warns(ResourceWarning):
        assert public_holidays.is_known("IN-RJ")


def test_the_names_of_holidays_do_not_follow_the_machine_s_language(monkeypatch: pytest.MonkeyPatch) -> None:
    public_holidays.of_year.cache_clear()
    monkeypatch.setenv("LANGUAGE", "hi")

    assert public_holidays.of_year("IN", 2031)[dt.date(2031, 1, 26)] == "Republic Day"


@pytest.mark.parametrize("calendar", [Calendar(), Calendar(codes=("IN",))])
@pytest.mark.parametrize(("day_", "next_"), [(dt.date.min, day(1, 3, 2000)), (dt.date.max, day(12, 31, 2099))])
def test_no_day_is_too_early_or_too_late_to_be_counted_with(calendar: Calendar, day_: dt.date, next_: dt.date) -> None:
    assert calendar.sending_day(1, after=day_) == next_
    assert calendar.sending_days(day_, day_) == 0
