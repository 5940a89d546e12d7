"""The Variable `partner_messages`: what it may say, and how a mistake in it is told."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.config.setting_groups import TimeWindow
from partner_messages.config.settings import Settings, SettingsError, parse_settings
from support.settings import told

SECRET = "EAAGm0PX4ZCpsBAL9VALUE"


def test_without_a_variable_everything_has_a_default_and_nothing_is_sent() -> None:
    settings = parse_settings(None)

    assert settings == parse_settings({})
    assert settings.delivery == "dry_run"
    assert (settings.halt, settings.allow_any_time) == (False, False)
    assert (settings.thresholds.assignment_pending, settings.thresholds.not_started) == (24, 24)
    assert settings.thresholds.idle == 72
    assert (str(settings.send_window), str(settings.partner_send_window)) == ("09:00-19:00", "08:00-20:00")
    assert (settings.tick_grace, settings.max_messages_per_run, settings.redirect_limit) == (30, 500, 10)
    assert (settings.task_each_up_to, settings.tables.production_runs) == (50, "production_runs")


def test_what_is_said_is_taken_and_the_rest_keeps_its_default() -> None:
    settings = parse_settings(
        {
            "delivery": "live",
            "senders": ["in", "au"],
            "thresholds": {"idle": 96},
            "tables": {"production_runs": "shop.production_run"},
            "on_failure": {"class": "airflow.providers.slack.notifications.slack.SlackNotifier", "args": {"text": "!"}},
        }
    )

    assert (settings.delivery, settings.senders) == ("live", ("in", "au"))
    assert (settings.thresholds.idle, settings.thresholds.not_started) == (96, 24)
    assert (settings.tables.production_runs, settings.tables.partner) == ("shop.production_run", "partner")
    assert settings.on_failure is not None
    assert settings.on_failure.class_path.endswith(".SlackNotifier")
    assert settings.on_failure.args == {"text": "!"}


@pytest.mark.parametrize("raw", [[], "live", 1, True, [["delivery", "live"]]])
def test_the_variable_must_be_a_json_object(raw: Any) -> None:
    assert told(raw) == f"Variable partner_messages must be a JSON object, not {type(raw).__name__}."


@pytest.mark.parametrize(
    ("raw", "key", "nearest"),
    [
        ({"dilivery": SECRET}, "dilivery", "delivery"),
        ({"Delivery": SECRET}, "Delivery", "delivery"),
        ({"thresholds": {"idel": SECRET}}, "thresholds.idel", "idle"),
        ({"partners": {"P1": {"nevr": SECRET}}}, "partners.P1.nevr", "never"),
        (
            {"partners": {"P1": {"thresholds": {"not_start": SECRET}}}},
            "partners.P1.thresholds.not_start",
            "not_started",
        ),
        ({"on_failure": {"class": "a.B", "arg": SECRET}}, "on_failure.arg", "args"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_and_its_value_is_not_shown(
    raw: dict[str, Any], key: str, nearest: str
) -> None:
    assert told(raw) == f'Variable partner_messages: "{key}" is not a setting; the nearest one is "{nearest}".'


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"colour": SECRET}, "colour"),
        ({"tables": {"run": SECRET}}, "tables.run"),
        ({"send_window": {"start": "09:00", "end": "19:00", "zone": SECRET}}, "send_window.zone"),
    ],
)
def test_an_unknown_key_that_is_near_to_none_is_looked_up(raw: dict[str, Any], key: str) -> None:
    assert told(raw) == f'Variable partner_messages: "{key}" is not a setting; see the table in docs/settings.md.'


NUMBER = "must be a number, without quotes or unit"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"senders": "in"}, '"senders": must be a list, such as ["in"].'),
        ({"partners": {"P1": {"holidays": "IN-OD"}}}, '"partners.P1.holidays": must be a list, such as ["IN-OD"].'),
        ({"send_window": "09:00-19:00"}, '"send_window": must be a list, such as ["09:00", "19:00"].'),
        ({"thresholds": 24}, '"thresholds": must be an object in braces, such as {"idle": 72}.'),
        ({"thresholds": {"idle": "72h"}}, f'"thresholds.idle": {NUMBER} (hours), such as 72.'),
        ({"connect_timeout": "5 seconds"}, f'"connect_timeout": {NUMBER} (seconds), such as 5.'),
        ({"thresholds": {"idle": "3 days"}}, f'"thresholds.idle": {NUMBER} (hours).'),
        ({"thresholds": {"idle": SECRET}}, f'"thresholds.idle": {NUMBER} (hours).'),
        ({"chunk_size": "250"}, '"chunk_size": must be a whole number, without quotes, such as 250.'),
        ({"halt": "yes"}, '"halt": must be true or false, without quotes.'),
        ({"chunk_size": 0}, '"chunk_size": must be 1 or more.'),
        ({"delivery": "LIVE"}, '"delivery": must be "live" or "dry_run".'),
        ({"on_failure": {"args": {}}}, '"on_failure.class" is missing.'),
        (
            {"senders": ["IN"]},
            '"senders.0": must be small letters, digits and _, such as "in" for the connection whatsapp_in.',
        ),
        (
            {"on_failure": {"class": "SmtpNotifier"}},
            '"on_failure.class": must be a module and a class, such as'
            ' "airflow.providers.smtp.notifications.smtp.SmtpNotifier".',
        ),
        (
            {"pictures": {"allowed_hosts": ["https://media.example/"]}},
            '"pictures.allowed_hosts.0": must be a host alone, such as "media.shop.internal".',
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_right(raw: dict[str, Any], said: str) -> None:
    assert told(raw) == f"Variable partner_messages: {said}"


WRONG: list[tuple[str, Any]] = [
    ("delivery", "redirect"),
    ("delivery", "LIVE"),
    ("delivery", None),
    ("halt", SECRET),
    ("halt", None),
    ("halt", 1),
    ("halt", "yes"),
    ("halt", "false"),
    ("thresholds", {"idle": True}),
    ("thresholds", {"idle": "24"}),
    ("chunk_size", True),
    ("chunk_size", 250.0),
    ("chunk_size", "250"),
    ("max_messages_per_run", 10**30),
    ("senders", ["\ud800"]),
    ("senders", ["in\0"]),
    ("partners", {"P\0": {}}),
    ("partners", {"P\n1": {}}),
    ("partners", {"P\u200b1": {}}),
    ("partners", {"\ud800": {}}),
    ("partners", {"P" * 201: {}}),
    ("partners", {"P1": {"never": 1}}),
    ("partners", {"P\n1": {"nevr": True}}),
    ("runs", {"R\0": {}}),
    ("runs", {"R1": {"never": "true"}}),
    ("pictures", {"deadline": True}),
    ("pictures", {"allowed_hosts": ["cdn.example\n"]}),
    ("allow_any_time", 2),
    ("senders", "in"),
    ("senders", ["IN"]),
    ("senders", ["in/../x"]),
    ("senders", [""]),
    ("senders", [None]),
    ("thresholds", 24),
    ("thresholds", {"idle": 0}),
    ("thresholds", {"idle": -1}),
    ("thresholds", {"idle": 8761}),
    ("thresholds", {"idle": SECRET}),
    ("thresholds", {"idle": float("nan")}),
    ("thresholds", {"idle": float("inf")}),
    ("thresholds", {"idle": None}),
    ("send_window", ["09:00"]),
    ("send_window", ["09:00", "12:00", "19:00"]),
    ("send_window", "09:00-19:00"),
    ("send_window", ["19:00", "09:00"]),
    ("send_window", ["09:00", "09:00"]),
    ("send_window", ["09:00", "24:00"]),
    ("send_window", ["09:60", "19:00"]),
    ("send_window", ["nine", "19:00"]),
    ("send_window", [9, 19]),
    ("send_window", ["9", "19"]),
    ("send_window", ["09:00Z", "19:00Z"]),
    ("send_window", ["09:00+05:30", "19:00"]),
    ("tick_grace", 0),
    ("tick_grace", 1441),
    ("tick_grace", SECRET),
    ("max_messages_per_run", 0),
    ("max_messages_per_run", 1.5),
    ("max_messages_per_run", 100_001),
    ("redirect_limit", 0),
    ("redirect_limit", 101),
    ("confirm_above", 0),
    ("confirm_above", SECRET),
    ("task_each_up_to", -1),
    ("chunk_size", 0),
    ("language", "Hindi"),
    ("language", "xx"),
    ("partners", {"P1": {"language": "xx_IN"}}),
    ("stop_words", [""]),
    ("stop_words", ["  "]),
    ("stop_words", ["bas", "!?"]),
    ("senders", ["in", "au", "in"]),
    ("language", 1),
    ("fallback_language", "the local one"),
    ("fallback_language", None),
    ("connect_timeout", 0),
    ("read_timeout", 601),
    ("tables", {"partner": ""}),
    ("tables", {"partner": "partner; DROP TABLE partner"}),
    ("tables", {"partner": "partner p, design"}),
    ("tables", {"partner": "partner--"}),
    ("tables", {"partner": 'shop"."partner'}),
    ("tables", {"partner": "partner\n"}),
    ("tables", {"partner": "a.b.c"}),
    ("tables", {"partner": ".partner"}),
    ("tables", {"partner": "1partner"}),
    ("tables", {"partner": "{{ partner }}"}),
    ("tables", {"partner": None}),
    ("tables", {"partner": "user"}),
    ("tables", {"partner": "Order"}),
    ("tables", {"partner": "table.partner"}),
    ("tables", {"partner": "pg_class"}),
    ("tables", {"partner": "pg_catalog.pg_class"}),
    ("tables", {"partner": "PG_TEMP.partner"}),
    ("tables", {"partner": "information_schema.tables"}),
    ("tables", {"partner": "p" * 64}),
    ("tables", {"partner": "partner\0"}),
    ("tables", {"partner": "p\u0430rtner"}),
    ("on_failure", "slack"),
    ("on_failure", {"class": "Notifier"}),
    ("on_failure", {"class": "a.b; import os"}),
    ("on_failure", {"args": {"token": SECRET}}),
]


@pytest.mark.parametrize(("key", "value"), WRONG, ids=[f"{key}={value!r}" for key, value in WRONG])
def test_a_value_that_cannot_be_is_told_by_its_key_and_never_quoted(key: str, value: Any) -> None:
    said = told({key: value})

    assert said.startswith(f'Variable partner_messages: "{key}')
    assert said.endswith(".")
    assert SECRET not in said
    assert said.isprintable()


def scalars(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[tuple[list[str], str]]:
    """Where a JSON schema has booleans and numbers, outside lists and tables of ids, and which of them."""
    schema = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if schema.get("type") in ("boolean", "integer", "number"):
        yield [], schema["type"]
    for one in schema.get("anyOf", ()):
        yield from scalars(one, definitions)
    for name, inner in schema.get("properties", {}).items():
        yield from (([name, *path], kind) for path, kind in scalars(inner, definitions))


SCHEMA = Settings.model_json_schema()
SCALARS = [(".".join(path), kind) for path, kind in scalars(SCHEMA, SCHEMA["$defs"])]
LAX: dict[str, list[Any]] = {
    "boolean": [1, 0, "true", "no"],
    "integer": [True, "1", 1.0],
    "number": [True, "1", float("nan"), float("inf")],
}


def test_there_are_numbers_and_switches() -> None:
    assert {("halt", "boolean"), ("chunk_size", "integer"), ("thresholds.idle", "number")} <= set(SCALARS)


@pytest.mark.parametrize(("path", "kind"), SCALARS)
def test_a_value_is_what_it_says_and_nothing_that_python_takes_for_it(path: str, kind: str) -> None:
    for value in LAX[kind]:
        raw: Any = value
        for name in reversed(path.split(".")):
            raw = {name: raw}
        assert told(raw).startswith(f'Variable partner_messages: "{path}"')


@given(
    key=st.sampled_from(sorted(Settings.model_fields)),
    value=st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.just(SECRET) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=4,
    ),
)
def test_whatever_json_the_variable_holds_it_is_taken_or_told(key: str, value: Any) -> None:
    said = ""
    try:
        parse_settings({key: json.loads(json.dumps(value))})
    except SettingsError as error:
        said = str(error)

    assert not said or said.startswith(f'Variable partner_messages: "{key}')
    assert SECRET not in said


@pytest.mark.parametrize("value", [["9:00", "19:00"], ["09:00", "19:00"], {"start": "9:00", "end": "19:00"}])
def test_a_window_is_a_pair_of_clock_times_with_or_without_the_leading_zero(value: Any) -> None:
    assert parse_settings({"send_window": value}).send_window == TimeWindow(start=dt.time(9), end=dt.time(19))


def test_a_window_holds_its_start_and_not_its_end() -> None:
    window = parse_settings({"send_window": ["09:30", "18:45"]}).send_window
    day = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)

    held = [minute for minute in range(24 * 60) if window.holds(day + dt.timedelta(minutes=minute))]

    assert held == list(range(9 * 60 + 30, 18 * 60 + 45))


@pytest.mark.parametrize("code", ["hi", "hi-IN", "pt_br"])
def test_a_language_is_any_code_however_it_is_written(code: str) -> None:
    assert parse_settings({"language": code, "fallback_language": code}).fallback_language


@pytest.mark.parametrize(
    "name", ["production_run", "shop.production_runs", "_t", "Runs2", "users", "public.user", "p" * 63]
)
def test_a_table_may_have_any_plain_name_and_a_schema(name: str) -> None:
    assert parse_settings({"tables": {"production_runs": name}}).tables.production_runs == name


def test_the_lease_of_a_claim_is_the_http_time_outs_plus_a_minute() -> None:
    assert parse_settings({"connect_timeout": 4, "read_timeout": 20}).lease == dt.timedelta(seconds=84)


def test_settings_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse_settings({}).delivery = "live"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_described(name: str) -> None:
    assert Settings.model_fields[name].description


PRICES = {"currency": "INR", "utility": {"default": 0.115, "IT": 2.5}, "marketing": {"IN": 0.78}}


@pytest.mark.parametrize(
    ("category", "country", "price"),
    [
        ("UTILITY", "IN", 0.115),
        ("utility", "IT", 2.5),
        ("utility", None, 0.115),
        ("marketing", "IN", 0.78),
        ("marketing", "IT", None),
        ("authentication", "IN", None),
        ("service", "IN", None),
        (None, "IN", None),
    ],
)
def test_a_price_is_that_of_the_country_or_of_all_others_and_else_it_is_not_known(
    category: str | None, country: str | None, price: float | None
) -> None:
    prices = parse_settings({"prices": PRICES}).prices
    assert prices is not None
    assert prices.of(category, country) == price


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ({"utility": {}}, '"prices.currency" is missing.'),
        ({"currency": "rupees"}, '"prices.currency": must be three capitals, such as "INR".'),
        (
            {"currency": "INR", "utility": {"India": 1}},
            '"prices.utility": must have countries such as "IN", or "default"',
        ),
        ({"currency": "INR", "utility": {"IN": "1"}}, f'"prices.utility.IN": {NUMBER}, such as 1.'),
        ({"currency": "INR", "utility": {"IN": -1}}, '"prices.utility.IN": must be 0 or more.'),
        ({"currency": "INR", "utilty": {}}, '"prices.utilty" is not a setting; the nearest one is "utility".'),
    ],
)
def test_a_price_list_that_cannot_be_says_so(prices: dict[str, Any], said: str) -> None:
    assert said in told({"prices": prices})


def test_a_time_may_be_written_with_its_seconds_where_they_are_none() -> None:
    assert parse_settings({"approve_until": "12:00:00"}).approve_until == dt.time(12)
    with pytest.raises(SettingsError, match='must be a time such as "09:00"'):
        parse_settings({"approve_until": "12:00:30"})
