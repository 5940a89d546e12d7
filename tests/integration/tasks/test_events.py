"""Events from the conf to Meta: what is written, and what leaves."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from partner_messages.database.session import Session
from sandbox.shop import partner_id, run_id
from support.dag_tasks import EVENTS
from support.deployment import TICK, Deployment
from support.event_examples import (
    ASSIGNED,
    CANCELLED,
    COMPLETED,
    OTHER_RUN,
    REMINDER,
    RUN,
    at,
    conf,
    only_row,
    set_run,
    told,
)
from support.event_runs import context, plan_events, start_events, tell
from support.log_rows import Log, slots
from support.sending import taken

pytestmark = pytest.mark.usefixtures("one_sender")
RAJESH = partner_id("RAJESH")
MEERA = partner_id("MEERA")
TEST_PHONE = "+919812399999"
HOUR = dt.timedelta(hours=1)


@pytest.mark.usefixtures("a_task_each")
@pytest.mark.parametrize(
    ("event", "status", "template"),
    [
        (ASSIGNED, "sent_to_partner", "jyt_production_run_assigned_v1"),
        (CANCELLED, "cancelled", "jyt_production_run_cancelled_v1"),
        (COMPLETED, "completed", "jyt_production_run_completed_v1"),
    ],
)
def test_an_event_is_written_down_and_told_to_the_run_s_partner(
    log: Log, shop: Session, graph_api: Any, event: str, status: str, template: str
) -> None:
    set_run(shop, status=status)

    planned = plan_events(conf(event, event_id="E1"))
    queued = only_row(log, "run 1")
    (outcome,) = planned.send()

    assert (queued["status"], queued["message_kind"], queued["delivery"]) == ("queued", "event", "live")
    assert (queued["event_name"], queued["event_id"]) == (event, "E1")
    assert (queued["context_type"], queued["context_id"]) == ("production_run", f"{RUN}:{event}:{RAJESH}")
    assert (queued["production_run_id"], queued["partner_id"]) == (RUN, RAJESH)
    assert (queued["template_name"], queued["language"], queued["sender"]) == (template, "hi", "in")
    assert queued["variables"]["design_name"] == "Block Print Kameez"
    about = event.removeprefix("production_run.")
    assert planned.batches[0]["label"] == f"Rajesh Textiles · Block Print Kameez · {about}"
    assert outcome.counts == {"sent": 1}
    assert taken(graph_api) == [str(queued["id"])]
    assert slots(log) == {RUN: queued["id"]}  # kept for its run, though no reminder meets it there


def test_the_reason_of_a_cancelled_run_is_the_shop_s_where_the_event_gives_none(log: Log, shop: Session) -> None:
    set_run(shop, status="cancelled", cancelled_reason="Out of stock")

    plan_events(conf(CANCELLED))

    assert only_row(log, "run 1")["variables"]["notes"] == "Out of stock"


@pytest.mark.parametrize("event", [ASSIGNED, REMINDER])
def test_nothing_is_told_of_a_run_that_is_left_alone(
    log: Log, graph_api: Any, deployment: Deployment, event: str
) -> None:
    deployment.set(runs={RUN: {"paused_until": "2026-11-24", "why": "The order is being changed"}})

    tell(conf(event))
    tell(conf(event, OTHER_RUN), "run 2")

    assert told(log) == [("run 1", "paused"), ("run 2", "sent")]
    assert len(taken(graph_api)) == 1


def test_the_previous_partner_of_a_reassigned_run_is_told_that_it_is_cancelled(log: Log, shop: Session) -> None:
    set_run(shop, partner_id=MEERA, previous_partner_id=RAJESH)

    tell(conf(CANCELLED, partner_id=RAJESH))

    assert (only_row(log, "run 1")["partner_id"], only_row(log, "run 1")["status"]) == (RAJESH, "sent")


def test_an_older_shop_that_knows_no_previous_partner_tells_the_run_s_own(log: Log, altered_shop: Session) -> None:
    altered_shop.execute("ALTER TABLE production_runs DROP COLUMN previous_partner_id CASCADE")

    tell(conf(CANCELLED, partner_id=RAJESH))
    set_run(altered_shop, status="cancelled")
    tell(conf(CANCELLED, partner_id=RAJESH), "run 2")
    tell(conf(CANCELLED, partner_id=MEERA), "run 3")

    assert told(log) == [("run 1", "state_mismatch"), ("run 2", "sent"), ("run 3", "state_mismatch")]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (conf("accepted"), "no_template_for_event"),
        (conf(partner_id=MEERA), "state_mismatch"),
        (conf(CANCELLED), "state_mismatch"),
        (conf(production_run_id=run_id("ACCEPTSENT")), "state_mismatch"),
        (conf("reminder_idle"), "state_mismatch"),
        (conf(occurred_at=(TICK - 7 * HOUR).isoformat()), "stale_event"),
        (conf(COMPLETED), "state_mismatch"),
        (conf(COMPLETED, run_id("PARKED")), "state_mismatch"),
        (conf(production_run_id=run_id("NEHA30H")), "no_phone"),
        (conf("reminder_idle", run_id("REKHA80H")), "no_consent"),
    ],
)
def test_what_is_not_to_be_said_leaves_a_row_with_its_reason(
    log: Log, graph_api: Any, event: dict[str, Any], reason: str
) -> None:
    planned = plan_events(event)

    assert planned.batches == []
    assert told(log) == [("run 1", reason)]
    assert only_row(log, "run 1")["event_name"] is not None
    assert taken(graph_api) == []


def test_an_event_of_a_dag_that_was_unpaused_too_late_is_not_told(log: Log) -> None:
    plan_events(conf(), run_after=TICK - 6 * HOUR)

    assert told(log) == [("run 1", "stale_event")]


@pytest.mark.parametrize("absent", ["prod_run_of_nobody", run_id("ERASED")])
def test_a_run_that_the_shop_does_not_have_is_named_and_the_others_are_told(log: Log, absent: str) -> None:
    listed = {"events": [conf(production_run_id=absent), conf()]}
    planned = plan_events(listed)

    with pytest.raises(AirflowFailException, match=absent) as failed:
        EVENTS.check_runs(context("production_run_events", "run 1", listed))

    assert RUN not in str(failed.value)
    assert len(planned.message_ids) == 1
    assert told(log) == [("run 1", "queued")]


def test_runs_that_the_shop_has_are_counted() -> None:
    listed = {"events": [conf(), conf(CANCELLED), conf(production_run_id=OTHER_RUN)]}

    assert EVENTS.check_runs(context("production_run_events", "run 1", listed)) == 2


@pytest.mark.parametrize(
    "broken", [{}, {"event": "cancelled"}, {"events": [conf()] * 1_001}, {**conf(), "events": [conf()]}]
)
def test_a_malformed_conf_fails_without_a_retry_and_writes_nothing(log: Log, broken: dict[str, Any]) -> None:
    with pytest.raises(AirflowFailException, match="DAG run params"):
        start_events(broken)

    assert log.execute("SELECT FROM tick").rowcount == 0


def test_a_dry_run_rehearses_at_any_hour(log: Log, graph_api: Any, deployment: Deployment) -> None:
    at(deployment, "23:00")

    (outcome,) = plan_events(conf(delivery="dry_run")).send()

    assert outcome.counts == {"rehearsed": 1}
    assert taken(graph_api) == []


def test_a_redirected_event_goes_to_the_test_phone_at_any_hour_of_its_partner(
    log: Log, shop: Session, graph_api: Any, deployment: Deployment
) -> None:
    at(deployment, "23:00")

    (outcome,) = plan_events(conf(delivery="redirect", redirect_to=TEST_PHONE)).send()

    assert outcome.counts == {"sent": 1}
    assert only_row(log, "run 1")["to_phone"] == TEST_PHONE
