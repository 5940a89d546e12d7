"""The whole Airflow, up and down again."""

import datetime as dt
import json
import re
import signal

import pytest
import requests


@pytest.mark.takes_a_minute
def test_everything_comes_up_can_be_used_and_goes_down_with_all_it_started(start, left_behind, wait_for, tmp_path):
    program = start("-m", "sandbox.up", SANDBOX_FOLDER=str(tmp_path), HISTORY="1")
    said = ""
    while "Ctrl-C ends" not in said:
        line = program.stdout.readline()
        assert line, said
        said += line
    airflow, phones = re.search(r"Airflow +(http\S+)", said)[1], re.search(r"Phones +(http\S+)", said)[1]

    assert requests.get(phones, timeout=10).ok
    login = {"username": "ops", "password": "ops-sandbox"}
    token = requests.post(f"{airflow}/auth/token", json=login, timeout=30).json()["access_token"]
    ask = requests.Session()
    ask.headers["Authorization"] = f"Bearer {token}"
    dags = ask.get(f"{airflow}/api/v2/dags", timeout=30).json()["dags"]
    assert [dag["dag_id"] for dag in dags if dag["is_paused"]] == ["production_run_reminders"]
    entered = ask.get(f"{airflow}/api/v2/connections", timeout=30).json()["connections"]
    assert {one["connection_id"] for one in entered} >= {
        *("production_db", "message_log_db", "shop_inbox_db", "partner_portal", "whatsapp_in"),
    }
    settings = ask.get(f"{airflow}/api/v2/variables/partner_messages", timeout=30).json()
    assert '"allow_any_time": true' in settings["value"]

    assert "History: 5 of 5 weekdays" in said
    last_days = {"since": str(dt.datetime.now(dt.UTC).date() - dt.timedelta(days=9)), "status": "read"}
    page = ask.get(f"{airflow}/partner-messages/messages", params=last_days, timeout=30)
    assert page.ok, page.text
    assert "No message answers to this" not in page.text

    conf = json.loads(re.search(r"trigger production_run_events --conf '(.+)'", said)[1])
    ask.post(
        f"{airflow}/api/v2/dags/production_run_events/dagRuns", json={"logical_date": None, "conf": conf}, timeout=30
    )
    taken = wait_for(lambda: requests.get(f"{phones}/_sandbox/outbox", timeout=10).json()["messages"])
    assert taken[0]["template_name"] == "jyt_production_run_assigned_v1"

    program.send_signal(signal.SIGTERM)
    rest, _ = program.communicate(timeout=60)

    assert program.returncode == 128 + signal.SIGTERM
    assert "everything that was started has ended" in rest
    assert left_behind() == []
    assert not list(tmp_path.glob("up/*.json"))
