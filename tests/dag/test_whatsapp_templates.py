"""The real DAG `whatsapp_templates` over accounts that have no templates yet."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import requests

from support.submitted import ALL_THREE, V1, there
from support.ticks import note_of, run_dag, xcoms_of
from support.webhook_receiver import receiver


@pytest.fixture
def run(dags, deployed, log):
    """Run the DAG once, as triggered from the command line; the keywords are its conf."""

    def once(**conf):
        return run_dag("whatsapp_templates", log, conf, logical_date=None)

    return once


def returned(run_id, task_id):
    """What a task of a run returned."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.query(XComModel.value).filter_by(run_id=run_id, task_id=task_id, key="return_value").one()
    value = found.value
    while isinstance(value, str):
        value = json.loads(value)
    return value


def test_a_dry_run_is_green_and_shows_the_plan_in_the_log_and_as_its_return_value(run, bare_api, caplog):
    caplog.set_level("INFO")

    dry = run()

    assert dry.state == "success"
    rows = returned(dry.run_id, "report")
    assert returned(dry.run_id, "plan") == rows
    planned = Counter(row["account"] for row in rows if row["action"] == "create" and row["name"].endswith("_v1"))
    assert planned["IN"] == 2 * planned["AU"] == 2 * planned["Europe"] > 0
    assert set(bare_api.requests()["by_operation"]) == {"list_templates"}
    assert {state for task, state in dry.tasks.items() if task.startswith("submit")} == {"skipped"}
    lines = [record.getMessage() for record in caplog.records]
    assert sum(line.startswith("AU (211000000000002): ") for line in lines) == 1, "once, as nothing has changed since"
    assert any("jyt_production_run_reminder_idle_v1" in line and " create" in line for line in lines)
    first, *asked = note_of(dry.run_id).split("\n\n")
    assert first.startswith("**Template run (dry-run) — ")
    assert [line.partition(" create: ")[2] for line in asked] == ["missing there; mode upsert creates them."]


def test_upsert_submits_what_is_missing_and_a_second_one_finds_nothing_to_do(run, bare_api):
    first = run(mode="upsert", templates=V1)
    asked = bare_api.requests()["by_operation"]["create_template"]
    second = run(mode="upsert", templates=V1)

    assert (first.state, second.state) == ("success", "success")
    assert there(bare_api) == ALL_THREE
    assert bare_api.requests()["by_operation"]["create_template"] == asked == 12
    assert {row["action"] for row in returned(second.run_id, "report")} == {"same", "not_for_this_account"}


def test_a_dead_token_fails_the_run_and_stops_no_other_account(run, bare_api, caplog):
    token = bare_api.accounts["AU"].token
    bare_api.kill_token(token)

    broken = run(mode="upsert", templates=V1)

    assert broken.state == "failed"
    assert there(bare_api) == {"IN": 6, "Europe": 3}
    assert broken.tasks["list_templates[1]"] == broken.tasks["report"] == "failed"
    assert "\n\nNeeds a person: AU " in note_of(broken.run_id)
    assert "whatsapp_au: the access token has expired" in caplog.text
    assert token not in caplog.text + xcoms_of(broken.run_id)


def test_airflow_tries_again_what_got_lost_on_the_way(run, bare_api):
    india = bare_api.accounts["IN"].waba_id
    bare_api.babble_next(operation="list_templates", object_id=india)
    bare_api.drop_next(operation="create_template", object_id=india, taken=True)
    bare_api.drop_next(operation="create_template", object_id=india)

    done = run(mode="upsert", templates=V1)

    assert done.state == "success"
    assert there(bare_api) == ALL_THREE


def test_what_is_wrong_before_the_first_request_ends_the_run_without_one(run, bare_api):
    broken = run(senders=["us"])

    assert broken.state == "failed"
    assert bare_api.requests()["total"] == 0
    assert broken.tasks["preflight"] == broken.tasks["report"] == "failed"
    assert note_of(broken.run_id).startswith('DAG run params: senders has "us", but there is only in, au, europe.')


def test_the_mode_subscribe_makes_what_is_missing_and_names_the_account_that_would_be_silent(run, bare_api, deployment):
    australia = deployment.connection("whatsapp_au")
    deployment.connect("whatsapp_au", {**australia, "extra": {**australia["extra"], "app_id": "999"}})

    with receiver() as ours:
        bare_api.subscribe(ours.url, labels=[])
        subscribing = run(mode="subscribe")

    assert subscribing.state == "failed"
    note = note_of(subscribing.run_id)
    assert "Account 211000000000002 (au) would be silent" in note
    assert note.count("would be silent") == 1
    hears = {
        label: requests.get(
            f"{bare_api.url}/v25.0/{account.waba_id}/subscribed_apps",
            headers={"Authorization": f"Bearer {account.token}"},
            timeout=30,
        ).json()["data"]
        for label, account in bare_api.accounts.items()
    }
    apps = {label: [one["whatsapp_business_api_data"]["id"] for one in data] for label, data in hears.items()}
    assert apps == {label: [account.app_id] for label, account in bare_api.accounts.items()}


def test_the_mode_check_says_of_each_number_what_the_command_says_and_of_a_dead_token_why(run, bare_api):
    bare_api.kill_token(bare_api.accounts["AU"].token)

    checked = run(mode="check")

    assert checked.state == "failed"
    note = note_of(checked.run_id)
    assert "whatsapp_in: JYT India (+91•••••0001): quality GREEN, limit 2,000 people in 24 hours." in note
    assert "whatsapp_au: the access token has expired" in note
    assert "submit failed: whatsapp_au: the access token has" in note
    assert there(bare_api) == {}
