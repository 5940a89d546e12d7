"""Ids that somebody has typed and that the shop does not have: nothing leaves, and a rehearsal says so."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from partner_messages.config.settings import SettingsError
from partner_messages.database.session import Session
from sandbox.shop import partner_id, run_id
from support.dag_tasks import EVENTS, REMINDERS, UPKEEP
from support.deployment import Deployment
from support.event_examples import RUN, conf, told
from support.event_runs import context, plan_events, start_events, weekday_tick
from support.log_rows import Log
from support.sending import taken
from support.ticks import Tick

RAJESH = partner_id("RAJESH")
TEST_PHONE = "+919812399999"
NEVER = {"never": True}

MISTYPED = [
    pytest.param(
        {"partners": {"Rajesh Textiles": NEVER}},
        {},
        rf"Setting partners names Rajesh Textiles \(so is {RAJESH} called\), which is no partner\'s id",
        id="a name in the setting partners",
    ),
    pytest.param(
        {"partners": {RAJESH: NEVER, f"{RAJESH}X": NEVER, "01J-RAJSEH": NEVER}},
        {},
        f"Setting partners names 01J-RAJSEH, {RAJESH}X, which is no partner's id",
        id="two typing mistakes beside an id",
    ),
    pytest.param(
        {"partners": {RAJESH.lower(): NEVER}}, {}, f"{RAJESH.lower()} .so is {RAJESH} called", id="in lower case"
    ),
    pytest.param(
        {"partners": {"+919829012345": NEVER}}, {}, "Setting partners names .91•••••2345, which", id="a phone number"
    ),
    pytest.param(
        {"runs": {RUN: NEVER, "prod_run_1": NEVER}},
        {},
        "Setting runs names prod_run_1, which is no run's id",
        id="a run",
    ),
    pytest.param(
        {},
        {"partner_ids": [RAJESH, "rajesh textiles "]},
        "Param partner_ids names rajesh textiles  .so is",
        id="a param",
    ),
    pytest.param(
        {}, {"production_run_ids": ["prod_run_1"]}, "Param production_run_ids names prod_run_1", id="a param for runs"
    ),
    pytest.param(
        {"partners": {"X": NEVER}}, {"partner_ids": ["Y"]}, r"names X, .* names Y, which", id="two places, both named"
    ),
    pytest.param(
        {"partners": {f"P{number:02}": NEVER for number in range(12)}}, {}, "P08, P09 and 2 more, which", id="many"
    ),
]


def reminders_context(**params: Any) -> dict[str, Any]:
    return context("production_run_reminders", "run 1", params)


def first_tasks(**params: Any) -> dict[str, Callable[[], Any]]:
    """The first task of each DAG that sends, with these params."""
    by_hand = context("message_log_upkeep", "run 1", params)
    return {
        "production_run_reminders": lambda: REMINDERS.preflight(reminders_context(**params)),
        "production_run_events": lambda: start_events({**conf(), **params}),
        "message_log_upkeep": lambda: UPKEEP.sweep(by_hand),
        "message_log_upkeep, by hand": lambda: UPKEEP.halt_sending(by_hand),
    }


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize(
    "dag", ["production_run_reminders", "production_run_events", "message_log_upkeep", "message_log_upkeep, by hand"]
)
@pytest.mark.parametrize("name", ["partner", "sendng", "delivry"])
def test_a_param_that_is_mistyped_lets_no_run_of_any_dag_pass(dag: str, name: str) -> None:
    with pytest.raises(AirflowFailException, match=f'^DAG run params: "{name}" is no param of this DAG'):
        first_tasks(**{name: ["P1"]})[dag]()


@pytest.mark.parametrize(("settings", "params", "said"), MISTYPED)
def test_an_id_that_the_shop_does_not_have_fails_a_live_run_and_is_named(
    deployment: Deployment, log: Log, settings: dict[str, Any], params: dict[str, Any], said: str
) -> None:
    deployment.set(**settings)

    with pytest.raises(AirflowFailException, match=said):
        REMINDERS.preflight(reminders_context(**params))

    assert log.execute("SELECT FROM tick").rowcount == 0


def test_a_redirected_run_fails_too(deployment: Deployment) -> None:
    with pytest.raises(AirflowFailException, match="Param partner_ids names nobody"):
        REMINDERS.preflight(reminders_context(delivery="redirect", redirect_to=TEST_PHONE, partner_ids=["nobody"]))


@pytest.mark.parametrize(("settings", "params", "said"), MISTYPED)
def test_a_rehearsal_goes_on_and_warns_of_it(
    deployment: Deployment,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
    params: dict[str, Any],
    said: str,
) -> None:
    deployment.set(**settings)

    tick = REMINDERS.preflight(reminders_context(delivery="dry_run", **params))

    assert re.search(said, " ".join(tick["warnings"]))
    assert all(warning.startswith("A live run would be refused. ") for warning in tick["warnings"])
    assert all(warning in caplog.text for warning in tick["warnings"])


def test_the_summary_of_a_rehearsal_says_it_in_its_line_and_after_it(
    deployment: Deployment, run_tick: Callable[..., Tick], caplog: pytest.LogCaptureFixture
) -> None:
    deployment.set(delivery="dry_run", partners={"Rajesh Textiles": NEVER})
    caplog.set_level(logging.INFO)

    tick = run_tick()

    assert tick.state == "success"
    assert tick.returned is not None
    (warning,) = tick.returned["warnings"]
    assert "Setting partners names Rajesh Textiles" in warning
    assert any(re.search(r"^(Reminder run —|  ).*warnings: 1$", record.message) for record in caplog.records)
    said = [record.levelname for record in caplog.records if record.message == warning]
    assert said == ["WARNING", "ERROR"]  # by preflight, by summarise


@pytest.mark.usefixtures("one_sender")
def test_what_the_shop_has_passes_and_nothing_is_warned_of(deployment: Deployment) -> None:
    deployment.set(partners={RAJESH: {"language": "en"}}, runs={RUN: NEVER})

    assert REMINDERS.preflight(reminders_context(partner_ids=[RAJESH], production_run_ids=[RUN]))["warnings"] == []


@pytest.mark.usefixtures("one_sender")
def test_a_deleted_partner_or_run_is_no_typing_mistake(deployment: Deployment) -> None:
    deployment.set(partners={partner_id("TARA"): NEVER}, runs={run_id("ERASED"): NEVER})

    tick = REMINDERS.preflight(
        reminders_context(partner_ids=[partner_id("TARA")], production_run_ids=[run_id("ERASED"), RUN])
    )

    assert tick["warnings"] == [f"Param production_run_ids names {run_id('ERASED')}, which the shop has deleted."]


def test_the_name_of_nobody_alive_or_of_several_is_said_as_it_is(deployment: Deployment, shop: Session) -> None:
    shop.execute("UPDATE partner SET handle = 'Rajesh Textiles' WHERE id = %s", [partner_id("MEERA")])
    shop.execute("UPDATE partner SET name = 'Gone' WHERE id = %s", [partner_id("TARA")])
    deployment.set(partners={"Rajesh Textiles": NEVER, "Gone": NEVER})

    with pytest.raises(AirflowFailException) as failed:
        REMINDERS.preflight(reminders_context())

    both = " or ".join(sorted([RAJESH, partner_id("MEERA")]))
    assert f"names Gone, Rajesh Textiles (so is {both} called), which" in str(failed.value)


def test_an_older_shop_whose_partners_have_no_handle_is_asked_for_names_alone(
    deployment: Deployment, altered_shop: Session
) -> None:
    altered_shop.execute("ALTER TABLE partner DROP COLUMN handle")
    deployment.set(partners={"rajesh textiles": NEVER})

    with pytest.raises(AirflowFailException, match=f"so is {RAJESH} called"):
        REMINDERS.preflight(reminders_context())


@pytest.mark.usefixtures("one_sender")
def test_a_setting_that_is_mistyped_while_messages_are_queued_holds_them_back(
    deployment: Deployment, log: Log, graph_api: Any
) -> None:
    planned = weekday_tick(RUN)
    deployment.set(partners={"Rajesh Textiles": NEVER})

    with pytest.raises(SettingsError, match="Setting partners names Rajesh Textiles"):
        planned.send()

    assert told(log) == [("tick 1", "queued")]
    assert taken(graph_api) == []


@pytest.mark.usefixtures("one_sender")
def test_a_mistyped_exception_holds_back_events_too(deployment: Deployment, log: Log) -> None:
    deployment.set(partners={"Rajesh Textiles": NEVER})

    with pytest.raises(AirflowFailException, match="Setting partners names Rajesh Textiles"):
        start_events(conf())
    assert start_events(conf(delivery="dry_run"))[1]["warnings"]


@pytest.mark.usefixtures("one_sender")
def test_a_partner_of_an_event_whom_the_shop_does_not_have_is_named_and_the_others_are_told(log: Log) -> None:
    listed = {"events": [conf(partner_id="01J-RAJSEH"), conf()]}
    planned = plan_events(listed)

    with pytest.raises(AirflowFailException, match="The shop has no partner 01J-RAJSEH, so nothing was sent for it"):
        EVENTS.check_runs(context("production_run_events", "run 1", listed))

    assert len(planned.message_ids) == 1
