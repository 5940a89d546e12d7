"""The buttons on the tasks' pages, asked for as Airflow's UI does, and where they lead."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from airflow.api_fastapi.common.dagbag import create_dag_bag
from fastapi import FastAPI
from starlette.testclient import TestClient

from partner_messages.deployment import page_addresses
from support.deployment import TICK, Deployment
from support.log_rows import Log, put
from support.pages import visitor
from support.ticks import Tick

DAG = "production_run_reminders"


def buttons(run_id: str, task: str, map_index: int = -1) -> Mapping[str, str | None]:
    """The extra links of a task, as Airflow's REST API gives them to its UI."""
    # Here: it comes with the whole REST API, a quarter of what the tests' collection would import in each process.
    from airflow.api_fastapi.core_api.routes.public.extra_links import extra_links_router

    app = FastAPI()
    app.include_router(extra_links_router)
    app.state.dag_bag = create_dag_bag()
    client = TestClient(app, cookies=visitor("viewer").client.cookies)
    answer = client.get(f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/{task}/links", params={"map_index": map_index})
    assert answer.status_code == 200, answer.text
    links: dict[str, str | None] = answer.json()["extra_links"]
    return links


def behind(link: str | None) -> str:
    """The page that a link shows in Airflow's frame."""
    frame = "/plugin/partner-messages/partner-messages/"
    assert link is not None
    assert link.startswith(frame)
    return visitor("op").get("/" + link.removeprefix(frame))


def message_ids(html: str) -> set[str]:
    return set(re.findall(r"/messages/([0-9a-f-]{36})", html))


def test_a_task_has_a_button_that_leads_to_what_it_has_done(
    run_tick: Callable[..., Tick], few_runs: object, deployment: Deployment
) -> None:
    tick = run_tick()

    (planned,) = (name := buttons(tick.run_id, "plan_messages")).values()
    assert list(name) == ["Who and why"]
    assert message_ids(behind(planned)) == {str(row["id"]) for row in tick.rows + tick.followups}

    dealt = [
        message_ids(behind(buttons(tick.run_id, "send_messages", int(index))["These messages"]))
        for index in re.findall(r"send_messages\[(\d+)\]", " ".join(tick.tasks))
    ]
    sent = {str(row["id"]) for row in tick.rows if row["status"] == "sent"}
    assert len(dealt) > 1
    assert set().union(*dealt) == sent
    assert sum(map(len, dealt)) == len(sent)

    (called,) = (name := buttons(tick.run_id, "escalate")).values()
    assert list(name) == ["Needs a person"]
    assert tick.run_id in behind(called)
    assert buttons(tick.run_id, "summarise") == {}


def test_what_airflow_has_forgotten_is_said_and_a_task_of_no_dag_run_is_refused(
    dags: object, deployment: Deployment, log: Log
) -> None:
    message = put(log, day=TICK.date() - dt.timedelta(days=3), dag_run_id="run of old")
    op = visitor("op")
    of_run = f"/messages?dag={DAG}&dag_run=run of old"

    assert "it has forgotten that run" in op.get(f"{of_run}&task=send_messages&batch=0", status=400)
    assert "say which DAG" in op.get("/messages?task=send_messages", status=400)
    assert "say of which" in op.get(f"{of_run}&batch=0", status=400)
    assert "is none of send_messages" in op.get(f"{of_run}&task=send_everything", status=400)
    assert 'name="since" value="2026-11-20"' in op.get(of_run)
    assert message_ids(op.get(of_run)) == {str(message)}
    assert message_ids(op.get(of_run.replace(DAG, "message_log_upkeep"))) == set()


@pytest.mark.parametrize(
    ("airflow", "link", "whole"),
    [
        ("", "/plugin/partner-messages/partner-messages/people?dag_run=a%2Bb", ""),
        (
            "https://air.example.com/flow/",
            "/flow/plugin/partner-messages/partner-messages/people?dag_run=a%2Bb",
            "https://air.example.com/flow/plugin/partner-messages/partner-messages/people?dag_run=a%2Bb",
        ),
    ],
)
def test_a_page_is_found_under_the_path_of_its_airflow(
    monkeypatch: pytest.MonkeyPatch, airflow: str, link: str, whole: str
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", airflow)
    asked: dict[str, Any] = {"dag_run": "a+b", "day": None}
    assert page_addresses.page_in_airflow("/people", **asked) == link
    assert page_addresses.whole_address("/people", **asked) == whole
