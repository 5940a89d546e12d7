"""A scheduled tick that waits: it is approved on its page, and sends."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import requests
from playwright.sync_api import expect

from partner_messages.pages.render import PREFIX
from sandbox import stack
from support.airflow_up import AirflowUp, wait_for
from support.browser import Tab

pytestmark = pytest.mark.takes_a_minute

RUNS = f"/api/v2/dags/{stack.DAG}/dagRuns"
GATE = "wait_for_approval"


@pytest.fixture
def approve_first(up: AirflowUp) -> Iterator[requests.Session]:
    """Scheduled ticks wait for approval, and find runs that were sent an hour ago; who asks is logged in."""
    # (The test has no time to wait for what ends the day: two minutes before midnight in India it cannot run.)
    waits = {"approve_first": True, "approve_until": "23:58", "send_window": ["00:00", "23:59"], "delivery": "live"}
    in_chunks = {"task_each_up_to": 0}
    # What failed in the day's tick is left to the test that sends it again.
    failed = up.log.execute("SELECT production_run_id FROM message_log WHERE id = ANY (%s)", [up.messages("failed")])
    left_alone = {row["production_run_id"]: {"never": True} for row in failed}
    with up.settings(**waits, **in_chunks, thresholds={"assignment_pending": 1}, runs=left_alone) as ask:
        yield ask


@pytest.fixture
def waiting(up: AirflowUp, approve_first: requests.Session) -> Iterator[str]:
    """The id of a run of the reminders' DAG that waits for approval."""
    # It is 10:00 once a day: a run that was triggered while the DAG is paused becomes one of the schedule.
    run: str = approve_first.post(f"{up.url}{RUNS}", json={"logical_date": None, "conf": {}}, timeout=30).json()[
        "dag_run_id"
    ]
    with psycopg.connect(up.metadata_url) as metadata:
        metadata.execute("UPDATE dag_run SET run_type = 'scheduled' WHERE run_id = %s", [run])
    with up.unpaused(approve_first):
        yield run


def test_a_scheduled_tick_waits_is_approved_on_the_page_and_sends(
    up: AirflowUp, alone: Tab, approve_first: requests.Session, waiting: str
) -> None:
    def state(of: str = "") -> str | None:
        found = approve_first.get(f"{up.url}{RUNS}/{waiting}{of}", timeout=30).json()
        return found.get("state")

    # Were it to begin again before the scheduler knows its end, Airflow would take it for lost, and retry it later.
    wait_for(lambda: state(f"/taskInstances/{GATE}") == "up_for_reschedule" and up.has_ended(GATE, waiting))
    queued = [
        row["id"]
        for row in up.log.execute(
            "SELECT id FROM message_log WHERE dag_run_id = %s AND status = 'queued' ORDER BY id", [waiting]
        )
    ]
    assert queued
    alone.page.goto(PREFIX + "/before")
    expect(alone.page.get_by_role("heading", level=1)).to_contain_text("not sent yet")
    form = alone.page.locator("form", has_text="may leave with the tick")
    form.get_by_label("What you looked at, or why").fill("looked at each")
    form.get_by_role("button", name="Approve these").click()
    expect(alone.page.get_by_role("status")).to_contain_text(f"Approved: {len(queued)} message")
    with psycopg.connect(up.metadata_url) as metadata:  # Not a minute's wait: it asks again at once.
        metadata.execute("UPDATE task_reschedule SET reschedule_date = now()")
    wait_for(lambda: state() in ("success", "failed"))
    assert state(f"/taskInstances/{GATE}") == "success"
    left = up.log.execute("SELECT status FROM message_log WHERE id = ANY (%s)", [queued])
    assert {one["status"] for one in left.fetchall()} <= {"sent", "delivered", "read"}
