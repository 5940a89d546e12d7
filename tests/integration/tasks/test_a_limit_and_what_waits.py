"""A second run of the day with a limit, and the digests that wait for their recipient's day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from psycopg.rows import DictRow

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.database.session import Session
from sandbox.shop import run_id
from support.deployment import Deployment
from support.event_runs import upkeep, weekday_tick
from support.log_rows import Log, everything, row
from support.submitted import submit_templates

ROME, SECOND, THIRD, OLDEST = (run_id(one) for one in ("START72H1S", "SENT25H", "ACCEPT25H", "SENT10D"))
"""Three runs of a partner in Rome, where the tick is at half past five, and the most urgent one of all, in India."""


@pytest.fixture(autouse=True)
def _three_in_rome(shop: Session, deployment: Deployment) -> None:
    shop.execute(
        "UPDATE production_runs SET partner_id = (SELECT partner_id FROM production_runs WHERE id = %s)"
        " WHERE id = ANY (%s)",
        [ROME, [SECOND, THIRD]],
    )
    deployment.set(partner_send_window=["08:00", "20:00"], digest=True)
    submit_templates()
    submit_templates(["jyt_production_run_digest_v1"])


def waiting_digest(log: Log, *run_ids: str) -> DictRow:
    """The digest of these runs, which an earlier run of the day has queued for the morning of Rome."""
    assert weekday_tick(*run_ids).batches == []
    (found,) = everything(log)
    assert (found["message_kind"], found["status"]) == ("digest", "queued")
    return found


def told_by_the_afternoon(log: Log, deployment: Deployment) -> set[str]:
    """The runs that somebody was told of once upkeep has sent what came due."""
    deployment.now = dt.datetime(2026, 11, 23, 12, 30, tzinfo=SCHEDULE_TIMEZONE)
    upkeep().send()
    found = log.execute(
        "SELECT r.production_run_id FROM message_run AS r JOIN message_log AS m ON m.id = r.message_id"
        " WHERE m.status = 'sent'"
    ).fetchall()
    return {one["production_run_id"] for one in found}


def test_a_digest_goes_on_waiting_though_the_limited_run_looks_at_one_of_its_runs_alone(
    log: Log, deployment: Deployment
) -> None:
    waits = waiting_digest(log, ROME, SECOND)
    deployment.set(max_messages_per_run=1)

    weekday_tick(ROME, OLDEST, run_id="tick 2").send()

    assert row(log, waits["id"]) == waits
    assert told_by_the_afternoon(log, deployment) == {ROME, SECOND, OLDEST}


def test_a_digest_that_was_left_queued_is_not_put_off_by_a_limited_run_that_looks_at_one_of_its_runs_alone(
    log: Log, deployment: Deployment
) -> None:
    deployment.set(partner_send_window=["00:00", "23:59"])
    stopped = weekday_tick(ROME, SECOND)
    deployment.set(max_messages_per_run=1)

    weekday_tick(ROME, OLDEST, run_id="tick 2").send()
    stopped.send()  # its tasks are cleared

    assert {one["production_run_id"] or one["message_kind"]: one["status"] for one in everything(log)} == {
        OLDEST: "sent",
        "digest": "sent",
    }


@pytest.mark.parametrize(
    ("settings", "looked_at"),
    [
        pytest.param({"digest": False}, [ROME, SECOND, OLDEST], id="by messages of their own"),
        pytest.param({}, [ROME, SECOND, THIRD, OLDEST], id="by a digest of more runs"),
    ],
)
def test_what_takes_the_place_of_a_digest_that_waited_is_not_put_off(
    log: Log, graph_api: Any, deployment: Deployment, settings: dict[str, Any], looked_at: list[str]
) -> None:
    waits = waiting_digest(log, ROME, SECOND)
    deployment.set(max_messages_per_run=1, **settings)

    limited = weekday_tick(*looked_at, run_id="tick 2")
    limited.send()

    assert row(log, waits["id"])["skip_reason"] == "moved_on"
    assert len(limited.message_ids) == 1
    assert told_by_the_afternoon(log, deployment) == set(looked_at)
