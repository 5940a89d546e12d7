"""What was told since a DAG run of events was due, where that run is cleared late or its name is used again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.settings import SCHEDULE_TIMEZONE
from sandbox.shop import run_id
from support.deployment import Deployment
from support.event_runs import plan_events, tell, upkeep
from support.log_rows import Log, everything
from support.sending import taken
from support.submitted import submit_templates

ASSIGNED = {"event": "production_run.sent_to_partner", "production_run_id": run_id("SENT25H")}
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _one_sender(deployment: Deployment) -> None:
    deployment.set(senders=["in"])
    submit_templates()


def told(log: Log) -> list[tuple[str, str]]:
    """Which DAG run's decision came to what, in the order of the DAG runs' names."""
    return sorted((one["dag_run_id"], one["skip_reason"] or one["status"]) for one in everything(log))


def at(deployment: Deployment, clock: str) -> dt.datetime:
    """Set the wall clock to a time of India's tomorrow; return it."""
    deployment.now = dt.datetime.combine(dt.date(2026, 11, 24), dt.time.fromisoformat(clock), SCHEDULE_TIMEZONE)
    return deployment.now


def test_a_cleared_run_tells_nothing_again_that_upkeep_has_told_for_it(
    log: Log, deployment: Deployment, graph_api: Any
) -> None:
    due = at(deployment, "04:00")
    plan_events(ASSIGNED, run_after=due)
    at(deployment, "07:00")
    upkeep().send()
    at(deployment, "08:30")

    tell(ASSIGNED, clear_number=1, run_after=due)

    assert told(log) == [("run 1", "duplicate"), ("upkeep 1", "sent")]
    assert len(taken(graph_api)) == 1


def test_a_cleared_run_tells_nothing_again_that_another_has_told_since(log: Log, deployment: Deployment) -> None:
    due = deployment.now
    tell(ASSIGNED, run_after=due)
    log.execute("UPDATE message_log SET status = 'failed'")
    deployment.now += 90 * MINUTE
    tell(ASSIGNED, "run 2")
    deployment.now += 90 * MINUTE

    tell(ASSIGNED, clear_number=1, run_after=due)

    assert told(log) == [("run 1", "duplicate"), ("run 1", "failed"), ("run 2", "sent")]


def test_a_cleared_run_takes_up_its_own_message_and_not_a_repeat_that_is_queued_elsewhere(
    log: Log, deployment: Deployment
) -> None:
    due = deployment.now
    plan_events(ASSIGNED, run_after=due)
    deployment.now += 90 * MINUTE
    plan_events(ASSIGNED, "run 2")

    tell(ASSIGNED, clear_number=1, run_after=due)

    assert told(log) == [("run 1", "sent"), ("run 2", "duplicate")]


def test_a_new_run_of_an_old_one_s_name_tells_what_is_new(log: Log, deployment: Deployment) -> None:
    tell(ASSIGNED)
    deployment.now += 5 * HOUR

    tell(ASSIGNED)

    assert told(log) == [("run 1", "sent"), ("run 1", "sent")]
