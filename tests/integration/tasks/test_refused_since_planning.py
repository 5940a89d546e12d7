"""What Meta has refused for the recipient's own sake is not tried again that day, though it was planned before."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sandbox.shop import run_id
from support.deployment import Deployment
from support.event_runs import SendingRun, plan_events, weekday_tick
from support.examples import DAY
from support.log_rows import Log, everything, put
from support.sending import taken
from support.submitted import submit_templates
from whatsapp_provider.api.errors import RECIPIENT_CODES

ASSIGNED, REMINDER = "production_run.sent_to_partner", "production_run.reminder_assignment_pending"
ONE, OTHER = run_id("SENT25H"), run_id("SENT10D")
"""Two runs of one partner."""


@pytest.fixture(autouse=True)
def _with_digests(one_sender: None) -> None:
    submit_templates(["jyt_production_run_digest_v1"])


def planned(what: str, deployment: Deployment) -> SendingRun:
    if what in (ASSIGNED, REMINDER):
        return plan_events({"event": what, "production_run_id": ONE})
    deployment.set(digest=what == "digest")
    return weekday_tick(ONE, OTHER)


def refuse(log: Log, **columns: Any) -> None:
    """Let Meta refuse another message to the same phone."""
    phone = everything(log)[0]["to_phone"]
    put(log, "failed", "ANOTHER", **{"to_phone": phone, "delivery": "live", "error_code": 131050, **columns})


@pytest.mark.parametrize("what", ["reminders", "digest", ASSIGNED, REMINDER])
def test_what_is_still_queued_for_the_phone_is_withdrawn(
    log: Log, graph_api: Any, deployment: Deployment, what: str
) -> None:
    run = planned(what, deployment)
    refuse(log)

    run.send()

    assert {one["skip_reason"] for one in everything(log)} == {None, "refused_today"}
    assert "queued" not in {one["status"] for one in everything(log)}
    assert taken(graph_api) == []


@pytest.mark.parametrize(
    "otherwise",
    [
        pytest.param({"to_phone": "+919829077777"}, id="another phone"),
        pytest.param({"day": DAY - dt.timedelta(days=1)}, id="another day"),
        pytest.param({"delivery": "dry_run"}, id="another delivery"),
        pytest.param({"error_code": 132000}, id="for another reason"),
    ],
)
@pytest.mark.parametrize("what", ["digest", ASSIGNED])
def test_a_refusal_that_does_not_concern_it_withdraws_nothing(
    log: Log, graph_api: Any, deployment: Deployment, what: str, otherwise: dict[str, Any]
) -> None:
    assert 132000 not in RECIPIENT_CODES
    run = planned(what, deployment)
    refuse(log, **otherwise)

    run.send()

    assert len(taken(graph_api)) == 1
