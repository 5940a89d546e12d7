"""What the sandbox asks of Airflow's REST API, against answers as Airflow gives them."""

import threading

import pytest

from sandbox.console import Console, DagRun
from sandbox.processes import ProcessFailedError, SandboxError
from support.http_server import airflow_api

RUNS = "/api/v2/dags/tick/dagRuns"


@pytest.fixture
def airflow():
    with airflow_api() as api:
        yield api


def test_it_logs_in_as_the_administrator_and_shows_its_token_from_then_on(airflow):
    airflow.table["PATCH", "/api/v2/variables/settings"] = [(200, {})]

    Console(airflow.url, check=lambda: None).set_variable("settings", {"halt": True})

    login, change = airflow.asked
    assert login[2:] == ({"username": "admin", "password": "admin-sandbox"}, None)
    assert change[2:] == ({"key": "settings", "value": '{"halt": true}'}, "Bearer a-token")


def test_a_dag_is_unpaused_once_it_has_been_read(airflow):
    airflow.table["GET", "/api/v2/dags"] = [(200, {"dags": []}), (200, {"dags": [{"dag_id": "tick"}]})]
    airflow.table["PATCH", "/api/v2/dags/tick"] = [(200, {})]

    Console(airflow.url, check=lambda: None).unpause("tick")

    assert [asked[:3] for asked in airflow.asked[1:]] == [
        ("GET", "/api/v2/dags", None),
        ("GET", "/api/v2/dags", None),
        ("PATCH", "/api/v2/dags/tick", {"is_paused": False}),
    ]


def test_a_run_is_waited_for_and_timed_by_airflows_own_clock(airflow):
    going = {"state": "running", "start_date": "2026-11-23T04:30:00.500Z", "end_date": None}
    over = {**going, "state": "success", "end_date": "2026-11-23T04:31:10Z"}
    airflow.table["POST", RUNS] = [(200, {"dag_run_id": "run-1"})]
    airflow.table["GET", f"{RUNS}/run-1"] = [(200, going), (200, over)]

    run = Console(airflow.url, check=lambda: None).run("tick", {"delivery": "live"})

    assert run == DagRun("success", 69.5)
    assert airflow.asked[1][2] == {"logical_date": None, "conf": {"delivery": "live"}}


def test_what_airflow_refuses_is_told(airflow):
    airflow.table["POST", RUNS] = [(404, {"detail": "no such DAG"})]

    with pytest.raises(SandboxError, match=r"Airflow answered POST .*/dagRuns with 404: .*no such DAG"):
        Console(airflow.url, check=lambda: None).run("tick", {})


def test_an_airflow_that_died_is_not_waited_for(airflow):
    airflow.table["POST", RUNS] = [(200, {"dag_run_id": "run-1"})]

    def check():
        raise ProcessFailedError("Airflow's scheduler ended with status 1")

    with pytest.raises(ProcessFailedError, match="scheduler ended"):
        Console(airflow.url, check).run("tick", {})


def test_one_answer_that_takes_too_long_is_asked_for_again(airflow, monkeypatch):
    monkeypatch.setattr("sandbox.console.CALL_SECONDS", 0.2)
    late = threading.Event()
    airflow.table["POST", RUNS] = [(200, {"dag_run_id": "run-1"})]
    airflow.table["GET", f"{RUNS}/run-1"] = [
        (200, {"state": "success", "start_date": "2026-11-23T04:30:00Z", "end_date": "2026-11-23T04:31:00Z"})
    ]
    airflow.late = [late]
    try:
        assert Console(airflow.url, check=lambda: None).run("tick", {}) == DagRun("success", 60.0)
    finally:
        late.set()
