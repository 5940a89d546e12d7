"""The settings of who is reminded how often: partners' exceptions, the cadence, holidays."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.config.setting_groups import Thresholds
from partner_messages.config.settings import parse_settings
from partner_messages.config.value_kinds import WeeklyCadence
from partner_messages.config.work_signs import WorkSign
from partner_messages.planning.reminders.policy import Policy
from support.settings import told

KINDS = ("assignment_pending", "not_started", "idle")
DIWALI = dt.date(2026, 11, 8)


def test_without_them_nothing_is_different_for_anybody_and_every_weekday_counts() -> None:
    settings = parse_settings({})

    assert settings.cadence == "daily"
    assert (settings.holidays, settings.holidays_added, settings.holidays_removed) == ((), (), ())
    assert settings.thresholds_of("P1") == Thresholds()
    assert [settings.shortest_threshold(kind) for kind in KINDS] == [24, 24, 72]
    assert settings.paused_on(DIWALI) == frozenset()
    assert settings.own_languages == {}


def test_a_run_is_idle_by_work_unless_its_start_alone_is_asked_for() -> None:
    assert parse_settings({}).idle_signal == "work"
    assert parse_settings({"idle_signal": "started_at"}).idle_signal == "started_at"


EVERY_SIGN = frozenset(WorkSign)
SIGNALS: dict[str, tuple[dict[str, Any], frozenset[WorkSign]]] = {
    "neither": ({}, EVERY_SIGN),
    "work": ({"idle_signal": "work"}, EVERY_SIGN),
    "the start": ({"idle_signal": "started_at"}, frozenset()),
    "a list": (
        {"idle_signals": ["consumption_log", "produced_quantity"]},
        frozenset({WorkSign.CONSUMPTION_LOG, WorkSign.PRODUCED_QUANTITY}),
    ),
    "an empty list": ({"idle_signals": []}, frozenset()),
    "work, by a list": ({"idle_signal": "work", "idle_signals": ["media_attached"]}, {WorkSign.MEDIA_ATTACHED}),
    "the start, and no list": ({"idle_signal": "started_at", "idle_signals": []}, frozenset()),
}


@pytest.mark.parametrize("case", SIGNALS)
def test_work_is_what_is_listed_and_nothing_where_the_start_alone_counts(case: str) -> None:
    raw, signs = SIGNALS[case]

    assert parse_settings(raw).work_signs == signs


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            {"idle_signal": "started_at", "idle_signals": ["media_attached"]},
            'idle_signal is "started_at", but idle_signals names work that counts; take one out.',
        ),
        (
            {"idle_signal": "work", "idle_signals": []},
            'idle_signal is "work", but idle_signals names none; take one out.',
        ),
    ],
)
def test_what_contradicts_itself_about_work_is_refused(raw: Any, said: str) -> None:
    assert told(raw) == f"Variable partner_messages: {said}"


def test_a_sign_of_work_that_does_not_exist_is_told_with_those_that_do() -> None:
    assert told({"idle_signals": ["media_attached", "photo"]}).startswith(
        'Variable partner_messages: "idle_signals.1": must be "consumption_log", "media_attached", '
    )


@pytest.mark.parametrize("signal", ["start", "Work", "", None, 1])
def test_another_idle_signal_is_told_by_its_key(signal: Any) -> None:
    assert told({"idle_signal": signal}) == (
        'Variable partner_messages: "idle_signal": must be "work" or "started_at".'
    )


@pytest.mark.parametrize("cadence", ["daily", (1,), (1, 3, 7), (2, 365)])
def test_a_cadence_is_daily_or_days_in_rising_order(cadence: Any) -> None:
    said = list(cadence) if isinstance(cadence, tuple) else cadence

    assert parse_settings({"cadence": said}).cadence == cadence


def test_a_cadence_may_go_on_weekly() -> None:
    weekly = parse_settings({"cadence": {"days": [1, 3, 7], "then": "weekly"}}).cadence

    assert weekly == WeeklyCadence((1, 3, 7))
    assert (Policy.of(parse_settings({"cadence": {"days": [2], "then": "weekly"}})).steps) == (2,)


@pytest.mark.parametrize(
    "said",
    [
        {"days": [1, 3, 7]},
        {"days": [1, 3, 7], "then": "Weekly"},
        {"days": [1, 3, 7], "then": None},
        {"days": [], "then": "weekly"},
        {"days": [3, 1], "then": "weekly"},
        {"days": "daily", "then": "weekly"},
        {"days": 7, "then": "weekly"},
        {"days": [1.0], "then": "weekly"},
        {"days": [1, 3], "then": "weekly", "until": 5},
    ],
    ids=repr,
)
def test_a_mistake_in_a_weekly_cadence_is_told_with_a_right_one(said: Any) -> None:
    assert told({"cadence": said}) == (
        'Variable partner_messages: "cadence": must have days in rising order and then "weekly":'
        ' {"days": [1, 3, 7], "then": "weekly"}.'
    )


WRONG_CADENCES: list[Any] = [
    *("weekly", "Daily", "", None, 3, True, {}, {"1": 3}),
    *([], [0], [-1, 3], [3, 1], [1, 1], [1, 3, 3], [1, 2.0], [1, "3"], [True], [[1]], [1, None], [366], "137"),
]


@pytest.mark.parametrize("cadence", WRONG_CADENCES, ids=repr)
def test_any_other_cadence_is_told_by_its_key(cadence: Any) -> None:
    assert told({"cadence": cadence}) == (
        'Variable partner_messages: "cadence": must be "daily" or days in rising order from 1 to 365, such as'
        " [1, 3, 7]."
    )


def test_a_partner_s_thresholds_differ_where_they_are_said_and_are_everybody_s_elsewhere() -> None:
    settings = parse_settings(
        {
            "thresholds": {"idle": 96},
            "partners": {"P1": {"thresholds": {"idle": 12, "not_started": 48}}, "P2": {"thresholds": {"idle": 200}}},
        }
    )

    assert settings.thresholds_of("P1") == Thresholds(assignment_pending=24, not_started=48, idle=12)
    assert settings.thresholds_of("P2") == Thresholds(assignment_pending=24, not_started=24, idle=200)
    assert settings.thresholds_of("P3") == Thresholds(idle=96)
    assert [settings.shortest_threshold(kind) for kind in KINDS] == [24, 24, 12]


@pytest.mark.parametrize(
    ("said", "before", "on_the_day"),
    [
        ({"never": False}, False, False),
        ({"never": True}, True, True),
        ({"paused_until": "2026-11-08"}, True, False),
        ({"paused_until": "2026-11-07"}, False, False),
        ({"paused_until": "2026-11-07", "never": True}, True, True),
        ({"paused_until": None}, False, False),
    ],
)
def test_a_partner_or_a_run_is_paused_until_a_day_and_not_on_it_or_for_ever(
    said: dict[str, Any], before: bool, on_the_day: bool
) -> None:
    settings = parse_settings({"partners": {"P1": said}, "runs": {"P1": said}})

    for paused_on in (settings.paused_on, settings.runs_paused_on):
        assert paused_on(DIWALI - dt.timedelta(days=1)) == (frozenset({"P1"}) if before else frozenset())
        assert paused_on(DIWALI) == (frozenset({"P1"}) if on_the_day else frozenset())


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"runs": {"R1": {"why": "the loom is broken"}}}, '"runs.R1": says nothing; give one of paused_until, never.'),
        ({"runs": {"R1": {}}}, '"runs.R1": says nothing; give one of paused_until, never.'),
        (
            {"partners": {"P1": {}}},
            '"partners.P1": says nothing; give one of paused_until, never, thresholds, language, holidays.',
        ),
        *(
            (
                {"runs": {"R1": {"paused_until": day}}},
                '"runs.R1.paused_until": must be a day of the years 2000 to 2099.',
            )
            for day in ("0226-12-31", "1999-12-31", "2206-12-31")
        ),
    ],
)
def test_an_exception_that_excepts_nothing_is_refused(said: dict[str, Any], what: str) -> None:
    assert told(said) == f"Variable partner_messages: {what}"


def test_a_partner_s_language_is_written_as_meta_does() -> None:
    settings = parse_settings({"partners": {"P1": {"language": "EN-in"}, "P2": {"never": True}}})

    assert settings.own_languages == {"P1": "en_IN"}


@pytest.mark.parametrize(
    ("partners", "key"),
    [
        ([], "partners"),
        ({"P1": None}, "partners.P1"),
        ({"P1": "never"}, "partners.P1"),
        ({"P1": {"pause_until": "2026-11-08"}}, "partners.P1.pause_until"),
        ({"P1": {"thresholds": {"idel": 1}}}, "partners.P1.thresholds.idel"),
        ({"P1": {"thresholds": {"idle": 0}}}, "partners.P1.thresholds.idle"),
        ({"P1": {"paused_until": "8.11.2026"}}, "partners.P1.paused_until"),
        ({"P1": {"paused_until": "2026-11-31"}}, "partners.P1.paused_until"),
        ({"P1": {"paused_until": "2026-11-08T10:00:00"}}, "partners.P1.paused_until"),
        ({"P1": {"paused_until": 1_793_000_000}}, "partners.P1.paused_until"),
        ({"P1": {"language": "Hindi"}}, "partners.P1.language"),
        ({"P1": {"never": "perhaps"}}, "partners.P1.never"),
        ({"": {"never": True}}, "partners"),
        ({" ": {"never": True}}, "partners"),
    ],
)
def test_a_mistake_in_an_exception_is_told_by_its_key(partners: Any, key: str) -> None:
    assert told({"partners": partners}).startswith(f'Variable partner_messages: "{key}"')


@pytest.mark.parametrize(
    ("runs", "key"),
    [
        ([], "runs"),
        ({"R1": True}, "runs.R1"),
        ({"R1": {"thresholds": {"idle": 1}}}, "runs.R1.thresholds"),
        ({"R1": {"language": "hi"}}, "runs.R1.language"),
        ({"R1": {"paused_until": "16.11.2026"}}, "runs.R1.paused_until"),
        ({"R1": {"never": "perhaps"}}, "runs.R1.never"),
        ({"R1": {"never": True, "why": 5}}, "runs.R1.why"),
        ({"": {"never": True}}, "runs"),
    ],
)
def test_a_mistake_in_what_is_said_of_a_run_is_told_by_its_key(runs: Any, key: str) -> None:
    assert told({"runs": runs}).startswith(f'Variable partner_messages: "{key}"')


@pytest.mark.parametrize("codes", [["IN"], ["IN-RJ"], ["IN-RJ", "IT", "AU-NSW"]])
def test_holidays_are_those_of_countries_and_states(codes: list[str]) -> None:
    assert parse_settings({"holidays": codes}).holidays == tuple(codes)


@pytest.mark.parametrize("code", ["XX", "IN-ZZ", "in", "India", "", "MON", 1, None, ["IN"]], ids=repr)
def test_a_code_that_nobody_knows_is_an_error_that_names_its_place(code: Any) -> None:
    assert told({"holidays": ["IN", code]}) == (
        'Variable partner_messages: "holidays.1": must be the code of a country or state that the package "holidays"'
        ' knows, such as "IN" or "IN-RJ".'
    )


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        ("holidays.1", {"holidays": ["IN", "IN-OR"]}),
        ("partners.P1.holidays.0", {"partners": {"P1": {"holidays": ["IN-OR"]}}}),
    ],
)
def test_an_outdated_code_is_told_with_the_right_one(key: str, raw: Any) -> None:
    assert told(raw) == f'Variable partner_messages: "{key}": must not be the outdated code "IN-OR"; write "IN-OD".'


@pytest.mark.parametrize("key", ["holidays_added", "holidays_removed"])
def test_added_and_removed_holidays_are_days(key: str) -> None:
    assert getattr(parse_settings({key: ["2026-11-08"]}), key) == (DIWALI,)
    assert told({key: ["Diwali"]}) == f'Variable partner_messages: "{key}.0": must be a day such as "2026-11-09".'
    assert told({key: "2026-11-08"}).startswith(f'Variable partner_messages: "{key}"')


def test_a_day_cannot_be_added_and_removed() -> None:
    assert told({"holidays_added": ["2026-11-09", "2026-11-08"], "holidays_removed": ["2026-11-08"]}) == (
        "Variable partner_messages: holidays_added and holidays_removed both name 2026-11-08; take it out of one of"
        " them."
    )


def test_nothing_is_kept_unblanked_for_longer_than_it_is_kept() -> None:
    assert told({"retain_days": 89}) == (
        "Variable partner_messages: blank_days is more than retain_days, after which nothing is left to be blanked."
    )
    assert parse_settings({"blank_days": 30, "retain_days": 30}).retain_days == 30
    assert told({"retain_days": 29, "blank_days": 7}).startswith('Variable partner_messages: "retain_days"')
