"""The params of one DAG run: a conf can be anything, and only what is right goes through."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.config.settings import SettingsError
from partner_messages.deployment.forms import REMINDERS
from partner_messages.deployment.params import RunParams, check_names, parse_params
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.scope import Scope

PHONE = "+919829012345"


def told(raw: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as error:
        parse_params(raw)
    return str(error.value)


def test_an_empty_conf_means_the_defaults() -> None:
    params = parse_params({})

    assert params == RunParams()
    assert (params.delivery, params.kinds, params.limit) == ("auto", tuple(ReminderKind), None)
    assert (params.ignore_send_window, params.confirmed) == (False, False)
    assert params.scope == Scope(None, None)


@pytest.mark.parametrize("blank", [None, ""])
@pytest.mark.parametrize("name", sorted(RunParams.model_fields))
def test_a_form_field_left_blank_means_the_default(name: str, blank: Any) -> None:
    assert parse_params({name: blank}) == RunParams()


@pytest.mark.parametrize("name", ["kinds", "partner_ids", "production_run_ids"])
def test_an_empty_list_means_all(name: str) -> None:
    assert parse_params({name: []}) == RunParams()


def test_what_is_asked_for_is_taken() -> None:
    params = parse_params(
        {
            "delivery": "redirect",
            "redirect_to": PHONE,
            "kinds": ["idle"],
            "partner_ids": ["01JPARTNER"],
            "production_run_ids": ["prod_run_1", "prod_run_2"],
            "limit": 3,
            "ignore_send_window": True,
            "confirmed": True,
        }
    )

    assert (params.delivery, params.redirect_to, params.kinds) == ("redirect", PHONE, (ReminderKind.IDLE,))
    assert params.scope == Scope(("01JPARTNER",), ("prod_run_1", "prod_run_2"))
    assert (params.limit, params.ignore_send_window, params.confirmed) == (3, True, True)


@pytest.mark.parametrize("name", ["partner_ids", "production_run_ids"])
@pytest.mark.parametrize("value", [[""], [" "], ["\n"], ["01J", ""], [None], [1], "01J", {"01J": 1}], ids=repr)
def test_an_id_that_is_none_is_refused_and_never_becomes_a_filter(name: str, value: Any) -> None:
    assert told({name: value}).startswith(f'DAG run params: "{name}')


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("delivery", "LIVE"),
        ("delivery", "test"),
        ("delivery", ["live"]),
        ("kinds", ["idel"]),
        ("kinds", "idle"),
        ("kinds", [""]),
        ("limit", 0),
        ("limit", True),
        ("limit", "3"),
        ("limit", 3.0),
        ("limit", 10**30),
        ("confirmed", 1),
        ("confirmed", "yes"),
        ("ignore_send_window", 1),
        ("partner_ids", ["P\0"]),
        ("partner_ids", ["P\n1"]),
        ("production_run_ids", ["R\ud800"]),
        ("production_run_ids", ["R" * 201]),
        ("limit", -1),
        ("limit", "many"),
        ("limit", 1.5),
        ("ignore_send_window", "perhaps"),
        ("confirmed", 2),
    ],
)
def test_a_param_that_cannot_be_is_named(name: str, value: Any) -> None:
    said = told({name: value})

    assert said.startswith(f'DAG run params: "{name}')
    assert said.endswith(".")


@pytest.mark.parametrize(
    "phone",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="blank"),
        pytest.param("919829012345", id="without +"),
        pytest.param("+91 98290 12345", id="with spaces"),
        pytest.param("098290 12345", id="national"),
        pytest.param("+9112", id="too short"),
        pytest.param("+999829012345", id="no such country"),
        pytest.param(f"{PHONE}\n", id="with a newline"),
    ],
)
def test_a_redirect_needs_a_phone_in_e164(phone: str | None) -> None:
    said = told({"delivery": "redirect", "redirect_to": phone})

    assert said.startswith("DAG run params: redirect_to must be a phone in E.164 form")
    assert not phone or phone not in said


@pytest.mark.parametrize("delivery", ["auto", "live", "dry_run"])
def test_a_phone_to_redirect_to_changes_nothing_without_redirect(delivery: str) -> None:
    assert parse_params({"delivery": delivery, "redirect_to": PHONE}).delivery == delivery


def test_another_dag_s_params_are_let_be() -> None:
    assert parse_params({"event": "production_run.cancelled"}) == RunParams()


def test_an_empty_scope_is_everything_and_a_scope_is_what_it_names() -> None:
    assert Scope().parameters() == {"partner_ids": None, "production_run_ids": None}
    assert Scope(("P1",), ("R1", "R2")).parameters() == {"partner_ids": ["P1"], "production_run_ids": ["R1", "R2"]}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("partner_id", 'the nearest one is "partner_ids"'),
        ("dry_run", "they are delivery, redirect_to, kinds"),
        ("Delivery", 'the nearest one is "delivery"'),
    ],
)
def test_a_param_that_the_dag_lacks_is_refused_and_the_nearest_named(name: str, said: str) -> None:
    check_names({}, REMINDERS)
    check_names(dict.fromkeys(REMINDERS), REMINDERS)

    with pytest.raises(SettingsError, match=f'^DAG run params: "{name}" is no param of this DAG; {said}'):
        check_names({**dict.fromkeys(REMINDERS), name: ["P1"]}, REMINDERS)
