"""A follow-up opens a run to its partner: it keeps to what holds for the run and the partner when it is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from partner_messages.database.session import Session
from partner_messages.planning.plan_followups import plan_followups
from sandbox.shop import partner_id, run_id
from support.deployment import Deployment
from support.event_runs import SendingRun, tell
from support.log_rows import Log, everything, put
from support.sending import PHONE_NUMBER_ID
from support.submitted import submit_templates

RUN = run_id("SENT24H1S")
"""Meera's, who has just written to us."""
MEERA, RAJESH = partner_id("MEERA"), partner_id("RAJESH")
PHONE = "+919829012346"


@pytest.fixture
def queued(log: Log, shop: Session, graph_api: Any, deployment: Deployment) -> SendingRun:
    """The follow-ups of an assignment that Meta took, before they are sent."""
    deployment.set(senders=["in"])
    submit_templates()
    graph_api.open_window(PHONE_NUMBER_ID, PHONE)
    told = tell({"event": "production_run.sent_to_partner", "production_run_id": RUN})
    batches = plan_followups(told.tick)
    assert len(batches) == 1
    return replace(told, batches=batches)


def end(log: Log) -> str:
    (found,) = [one for one in everything(log) if one["message_kind"] == "followup"]
    return found["skip_reason"] or found["status"]


def test_it_is_sent_where_nothing_has_changed(log: Log, queued: SendingRun) -> None:
    queued.send()

    assert end(log) == "sent"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            f"UPDATE production_runs SET partner_id = '{RAJESH}' WHERE id = '{RUN}'", "moved_on", id="reassigned"
        ),
        pytest.param(f"UPDATE production_runs SET deleted_at = now() WHERE id = '{RUN}'", "moved_on", id="deleted"),
        pytest.param(f"UPDATE production_runs SET status = 'cancelled' WHERE id = '{RUN}'", "moved_on", id="cancelled"),
        pytest.param(f"UPDATE production_runs SET finished_at = now() WHERE id = '{RUN}'", "moved_on", id="finished"),
        pytest.param(f"UPDATE partner SET status = 'inactive' WHERE id = '{MEERA}'", "partner_inactive", id="inactive"),
        pytest.param(
            f"UPDATE partner SET whatsapp_number = '+919829099999' WHERE id = '{MEERA}'", "moved_on", id="another phone"
        ),
    ],
)
def test_what_has_changed_in_the_shop_since_withdraws_it(
    log: Log, shop: Session, queued: SendingRun, change: str, reason: str
) -> None:
    assert shop.execute(change.encode()).rowcount == 1

    queued.send()

    assert end(log) == reason


@pytest.mark.parametrize("setting", [{"partners": {MEERA: {"never": True}}}, {"runs": {RUN: {"never": True}}}])
def test_a_partner_or_run_that_is_paused_since_then_gets_none(
    log: Log, deployment: Deployment, queued: SendingRun, setting: dict[str, Any]
) -> None:
    deployment.set(**setting)

    queued.send()

    assert end(log) == "paused"


def test_a_phone_that_meta_has_refused_since_then_gets_none(log: Log, queued: SendingRun) -> None:
    put(log, "failed", "ANOTHER", to_phone=PHONE, delivery="live", error_code=131050)

    queued.send()

    assert end(log) == "refused_today"
