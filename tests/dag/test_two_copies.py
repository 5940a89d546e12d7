"""A wheel beside a copied folder is named by each DAG's first task and in its run's note, also where that fails."""

from __future__ import annotations

import pytest

from support.submitted import submit_templates
from support.ticks import note_of, run_dag
from support.two_copies import PLUGINS, install_wheels

DAGS = {
    "message_log_upkeep": {},
    "production_run_events": {"event": "production_run.cancelled", "production_run_id": "prod_run_1"},
    "production_run_reminders": {},
    "whatsapp_templates": {},
}
NAMED = [f"{package} is there twice, as the wheel " for package in ("partner_messages", "whatsapp_provider")]


@pytest.fixture
def run(dags, deployment, graph_api, log, monkeypatch, tmp_path):
    submit_templates()
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(PLUGINS))
    install_wheels(monkeypatch, tmp_path, runs=False)
    return lambda dag_id: run_dag(dag_id, log, DAGS[dag_id], logical_date=None)


@pytest.mark.parametrize("dag_id", DAGS)
def test_two_copies_are_named_where_the_first_task_lets_the_run_pass(run, dag_id, caplog):
    note = note_of(run(dag_id).run_id)

    assert [said for said in NAMED if f"\n\nTo be looked at: {said}" not in note] == []
    assert [said for said in NAMED if said not in caplog.text] == []


@pytest.mark.parametrize("dag_id", DAGS)
def test_two_copies_are_named_where_the_first_task_fails_for_something_else(run, dag_id, deployment, caplog):
    deployment.set(tick_graces=30)

    note = note_of(run(dag_id).run_id)

    assert "tick_graces" in note
    assert [said for said in NAMED if said not in note] == []
    assert [said for said in NAMED if said not in caplog.text] == []
