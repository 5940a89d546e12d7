"""Which settings a live event obeys: those that operations see and change in Airflow, or none."""

from __future__ import annotations

import functools
import json

import pytest
from airflow.models.variable import Variable

from partner_messages.config.settings import VARIABLE
from sandbox.shop.expectations import run_id
from support.submitted import submit_templates
from support.ticks import run_dag

EVENT = {"event": "production_run.sent_to_partner", "production_run_id": run_id("SENT10D")}


@pytest.fixture
def store(dags, deployment):
    """Store the deployment's settings in Airflow's database, with changes."""
    yield lambda **changes: Variable.set(VARIABLE, json.dumps({**deployment.settings, **changes}))
    Variable.delete(VARIABLE)


@pytest.fixture
def run_event(store, log):
    """Tell one live event through the real DAG."""
    submit_templates()
    return functools.partial(run_dag, "production_run_events", log, EVENT, logical_date=None)


@pytest.fixture
def said(caplog, capsys):
    """All that was logged: what a task raises, Airflow prints."""
    return lambda: caplog.text + capsys.readouterr().out


def test_halt_in_the_stored_variable_stops_a_live_event_though_the_environment_says_go_on(
    run_event, store, graph_api, said
):
    store(halt=True)

    event = run_event()

    assert graph_api.outbox() == []
    assert (event.state, event.tasks["preflight"]) == ("failed", "failed")
    assert "AIRFLOW_VAR_PARTNER_MESSAGES hides the Variable partner_messages" in said()


def test_the_stored_variable_alone_is_obeyed(run_event, store, deployment, graph_api, said):
    store(halt=True)
    deployment.patch.delenv(f"AIRFLOW_VAR_{VARIABLE.upper()}")

    event = run_event()

    assert graph_api.outbox() == []
    assert (event.tasks["preflight"], event.tasks["send_messages[0]"]) == ("success", "failed")
    logged = said()
    assert "Sending is halted" in logged
    assert "cannot be changed in Airflow's UI" not in logged


def test_preflight_says_that_settings_in_the_environment_alone_cannot_be_changed_in_the_ui(run_event, graph_api, said):
    run_event()

    assert len(graph_api.outbox()) == 1
    assert "The settings are in AIRFLOW_VAR_PARTNER_MESSAGES" in said()
