"""What a DAG run of `production_run_events` is asked for: one event or a list, read from whatever its conf says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.config.settings import SettingsError
from partner_messages.planning.events.event import MOST_EVENTS, parse_event_params
from support.deployment import TICK
from support.examples import event

ONE = {"event": "production_run.sent_to_partner", "production_run_id": "R1"}
FULL = {
    **ONE,
    "event_id": "E1",
    "partner_id": "P1",
    "notes": "The customer withdrew",
    "occurred_at": "2026-11-23T10:00:00+05:30",
}
EMPTY_FORM: dict[str, Any] = {
    **dict.fromkeys(["event", "production_run_id", "event_id", "partner_id", "notes", "occurred_at", "redirect_to"]),
    "events": [],
    "delivery": "auto",
}
"""What the UI's form sends where nothing was filled in."""


def test_one_event_is_a_list_of_one() -> None:
    params = parse_event_params(FULL)

    (found,) = params.events
    assert (found.event, found.production_run_id) == ("production_run.sent_to_partner", "R1")
    assert (found.event_id, found.partner_id, found.notes) == ("E1", "P1", "The customer withdrew")
    assert found.occurred_at == TICK
    assert (params.delivery, params.redirect_to) == ("auto", None)


def test_a_list_keeps_its_order() -> None:
    params = parse_event_params({"events": [{**FULL, "production_run_id": run_id} for run_id in ("R2", "R1", "R2")]})

    assert [found.production_run_id for found in params.events] == ["R2", "R1", "R2"]


def test_what_the_form_leaves_empty_says_nothing() -> None:
    (found,) = parse_event_params({**EMPTY_FORM, **ONE}).events
    (listed,) = parse_event_params({**EMPTY_FORM, "events": [{**dict.fromkeys(FULL), **ONE}]}).events

    assert found == listed == event()


def test_an_empty_text_of_the_form_says_nothing() -> None:
    assert parse_event_params({**ONE, "event_id": "", "partner_id": "", "notes": ""}).events == (event(),)


@pytest.mark.parametrize("name", ["sent_to_partner", "production_run.sent_to_partner"])
def test_the_prefix_may_be_left_out(name: str) -> None:
    for conf in ({**ONE, "event": name}, {"events": [{**ONE, "event": name}]}):
        (found,) = parse_event_params(conf).events
        assert found.event == "production_run.sent_to_partner"


def test_keys_that_are_not_ours_are_left_alone() -> None:
    assert parse_event_params({**ONE, "triggered_by": "a flow", "limit": 3}).events == (event(),)


def test_a_thousand_events_are_taken() -> None:
    assert len(parse_event_params({"events": [ONE] * MOST_EVENTS}).events) == 1_000


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        pytest.param({}, "there is no event", id="nothing"),
        pytest.param(EMPTY_FORM, "there is no event", id="an empty form"),
        pytest.param({"events": []}, "there is no event", id="an empty list"),
        pytest.param({"event": ""}, "there is no event", id="an empty name"),
        pytest.param({**ONE, "events": [ONE]}, "either one event or the list", id="both"),
        pytest.param({"partner_id": "P1", "events": [ONE]}, "either one event or the list", id="a field beside a list"),
        pytest.param(
            {"events": [ONE, {**ONE, "partnerId": "P1"}]},
            r'"events\.1\.partnerId" is not a field of an event; the nearest one is "partner_id"',
            id="a field that is mistyped",
        ),
        pytest.param({"event": "cancelled"}, r'"events\.0\.production_run_id" is missing', id="no run"),
        pytest.param({**ONE, "production_run_id": ""}, r'"events\.0\.production_run_id" is missing', id="empty run"),
        pytest.param({**ONE, "production_run_id": "  "}, "production_run_id", id="a blank run"),
        pytest.param({**ONE, "production_run_id": "R1:x"}, "production_run_id", id="a colon in the run"),
        pytest.param({**ONE, "production_run_id": "R1\n"}, "production_run_id", id="a newline after the run"),
        pytest.param({**ONE, "production_run_id": "R" * 201}, "production_run_id", id="a run of 201 characters"),
        pytest.param({**ONE, "production_run_id": 7}, "production_run_id", id="a number for a run"),
        pytest.param({"events": [ONE, {"event": "cancelled"}]}, r"events\.1\.production_run_id", id="no run in a list"),
        pytest.param(
            {"events": [{**ONE, "production_run_id": None}]}, r"events\.0\.production_run_id", id="a null run in a list"
        ),
        pytest.param({"events": [{"production_run_id": "R1"}]}, r"events\.0\.event", id="no name in a list"),
        pytest.param({"events": ["R1"]}, r"events\.0", id="a list of texts"),
        pytest.param({"events": "R1"}, "events", id="a text for a list"),
        pytest.param({"events": [ONE] * (MOST_EVENTS + 1)}, '"events"', id="a list of 1,001"),
        pytest.param({**ONE, "event": "production_run."}, r"events\.0\.event", id="a prefix alone"),
        pytest.param({**ONE, "event": "Sent to partner"}, r"events\.0\.event", id="a name with spaces"),
        pytest.param({**ONE, "partner_id": "P1:x"}, "partner_id", id="a colon in the partner"),
        pytest.param({**ONE, "notes": "x" * 5_001}, "notes", id="notes of 5,001 characters"),
        pytest.param({**ONE, "occurred_at": "2026-11-23T10:00:00"}, "occurred_at", id="a time without a zone"),
        pytest.param({**ONE, "production_run_id": "R\0"}, "production_run_id", id="a NUL in the run"),
        pytest.param({**ONE, "partner_id": "P\u200b1"}, "partner_id", id="what is not seen in the partner"),
        pytest.param({**ONE, "event_id": "E\ud800"}, "event_id", id="half a character in the event's id"),
        pytest.param({**ONE, "occurred_at": 1_795_408_200}, "occurred_at", id="seconds since 1970"),
        pytest.param({**ONE, "occurred_at": "1795408200"}, "occurred_at", id="seconds since 1970 as a text"),
        pytest.param({**ONE, "occurred_at": True}, "occurred_at", id="true for a time"),
        pytest.param({**ONE, "occurred_at": "yesterday"}, "occurred_at", id="no time"),
        pytest.param({**ONE, "delivery": "redirect"}, "redirect_to must be a phone", id="a redirect without a phone"),
        pytest.param(
            {**ONE, "delivery": "redirect", "redirect_to": "98123 99999"}, "redirect_to must be", id="a national phone"
        ),
        pytest.param({**ONE, "delivery": "now"}, "delivery", id="an unknown delivery"),
    ],
)
def test_what_is_malformed_is_named(conf: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        parse_event_params(conf)

    assert str(refused.value).startswith("DAG run params: ")


def test_a_redirect_with_a_phone_is_taken() -> None:
    params = parse_event_params({**ONE, "delivery": "redirect", "redirect_to": "+919812399999"})

    assert (params.delivery, params.redirect_to) == ("redirect", "+919812399999")


@pytest.mark.parametrize(
    ("occurred_after", "expected_after"),
    [
        pytest.param(None, 0, id="none said: when the DAG run was due"),
        pytest.param(-3, -3, id="before the DAG run was due"),
        pytest.param(5.5, 0, id="in the future: India's time under a foreign zone"),
    ],
)
def test_an_event_happened_before_its_dag_run_was_due(occurred_after: float | None, expected_after: float) -> None:
    hours = dt.timedelta(hours=1)
    said = None if occurred_after is None else TICK + occurred_after * hours

    assert event(occurred_at=said).happened_at(TICK) == TICK + expected_after * hours
