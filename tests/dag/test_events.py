"""The real DAGs `production_run_events` and `message_log_upkeep` over the sample shop and the local Graph API."""

from __future__ import annotations

import datetime as dt
import functools

import jwt
import pytest

from sandbox.connections import PORTAL, PORTAL_SECRET
from sandbox.shop.expectations import run_id
from support.submitted import submit_templates
from support.ticks import look_after, run_dag, xcoms_of

RUN = run_id("SENT10D")
ASSIGNED, CANCELLED = "production_run.sent_to_partner", "production_run.cancelled"


@pytest.fixture
def run_events(dags, deployment, log):
    """Run `production_run_events` once, as triggered from the command line; its templates are approved."""
    submit_templates()
    return functools.partial(run_dag, "production_run_events", log, logical_date=None)


def test_one_event_is_told_once_with_a_link_that_signs_its_partner_in(run_events, graph_api, log, caplog):
    conf = {"event": ASSIGNED, "production_run_id": RUN, "event_id": "E1"}

    first = run_events(conf)
    passed = xcoms_of(first.run_id)
    again = run_events(conf)

    assert (first.state, [row["status"] for row in first.rows]) == (
        "success",
        ["sent"],
    )
    assert (again.state, [row["skip_reason"] for row in again.rows]) == ("success", ["duplicate"])
    assert again.rows[0]["duplicate_of"] == first.rows[0]["id"]
    (message,) = graph_api.outbox()
    assert message["template_name"] == "jyt_production_run_assigned_v1"
    link = message["buttons"][0]["url"]
    token = link.removeprefix(f"{PORTAL}/production-runs/{RUN}?wa_token=")
    claims = jwt.decode(token, PORTAL_SECRET, algorithms=["HS256"], options={"verify_exp": False})
    assert (claims["sub"], claims["run_id"]) == (first.rows[0]["partner_id"], RUN)
    everything = log.execute("SELECT string_agg(message_log::text, ' ') AS said FROM message_log").fetchone()["said"]
    assert token not in everything + passed + caplog.text


def test_a_list_is_told_run_by_run_and_a_run_that_is_not_there_is_named(run_events, graph_api, shop):
    cancelled = run_id("ACCEPT25H")
    shop.execute("UPDATE production_runs SET status = 'cancelled', cancelled_at = now() WHERE id = %s", [cancelled])

    run = run_events(
        {
            "events": [
                {"event": ASSIGNED, "production_run_id": RUN},
                {"event": CANCELLED, "production_run_id": cancelled, "notes": "The customer\nwithdrew"},
                {"event": "production_run.accepted", "production_run_id": RUN},
                {"event": ASSIGNED, "production_run_id": "prod_run_of_nobody"},
            ]
        }
    )

    ends = {row["event_name"]: row["skip_reason"] or row["status"] for row in run.rows}
    assert ends == {ASSIGNED: "sent", CANCELLED: "sent", "production_run.accepted": "no_template_for_event"}
    assert any("The customer withdrew" in message["text"] for message in graph_api.outbox())
    assert run.state == "failed", "a run that the shop does not have needs an engineer"
    assert run.tasks["check_runs"] == "failed"


def test_what_waits_for_the_morning_is_sent_by_upkeep_once(run_events, deployment, graph_api, log):
    deployment.now = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)  # 22:30 in India
    held = run_events({"event": ASSIGNED, "production_run_id": RUN}, run_after=deployment.now)

    assert (held.state, held.returned["held"]) == ("success", 1)
    assert graph_api.outbox() == []

    deployment.now = dt.datetime(2026, 11, 24, 1, 15, tzinfo=dt.UTC)  # 06:45
    assert look_after().tasks["summarise"] == "success"
    assert graph_api.outbox() == []
    deployment.now = dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.UTC)  # 07:00
    released = run_dag("message_log_upkeep", log, logical_date=None)

    assert (released.state, released.returned["dispatched"]) == ("success", 1)
    again = run_dag("message_log_upkeep", log, logical_date=None)
    assert (again.state, again.returned["dispatched"]) == ("success", 0)
    assert len(graph_api.outbox()) == 1
