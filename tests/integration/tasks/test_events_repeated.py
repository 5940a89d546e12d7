"""What a repeat of an event meets."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.database.session import Session
from sandbox.shop import partner_id
from support.deployment import TICK, Deployment
from support.event_examples import CANCELLED, at, conf, only_row, set_run, told
from support.event_runs import plan_events, tell
from support.log_rows import Log, change

pytestmark = pytest.mark.usefixtures("one_sender")
RAJESH = partner_id("RAJESH")
MEERA = partner_id("MEERA")
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "still queued"])
def test_an_event_comes_once_whatever_the_dag_run(log: Log, sent: bool) -> None:
    first = plan_events(conf(event_id="E1"))
    if sent:
        first.send()

    again = plan_events(conf(event_id="E1"), "run 2")

    assert again.batches == []
    repeat = only_row(log, "run 2")
    assert (repeat["skip_reason"], repeat["event_id"]) == ("duplicate", "E1")
    assert repeat["duplicate_of"] == only_row(log, "run 1")["id"]


def test_an_event_id_is_told_of_once_for_ever(log: Log, deployment: Deployment) -> None:
    tell(conf(event_id="E1"))
    deployment.now = TICK + 5 * 24 * HOUR

    tell(conf(event_id="E1"), "run 2")

    assert told(log) == [("run 1", "sent"), ("run 2", "duplicate")]


@pytest.mark.parametrize("event_id", [None, "E2"])
@pytest.mark.parametrize(
    ("after", "end"), [(59 * MINUTE + 59 * MINUTE / 60, "duplicate"), (60 * MINUTE, "sent"), (3 * HOUR, "sent")]
)
def test_the_same_event_of_a_run_is_a_repeat_for_an_hour(
    log: Log, deployment: Deployment, event_id: str | None, after: dt.timedelta, end: str
) -> None:
    tell(conf(event_id="E1"))
    deployment.now += after

    tell(conf(event_id=event_id), "run 2")

    assert told(log) == [("run 1", "sent"), ("run 2", end)]
    first, second = only_row(log, "run 1"), only_row(log, "run 2")
    assert second["duplicate_of"] == (first["id"] if end == "duplicate" else None)


@pytest.mark.parametrize(
    ("clock", "end"), [("23:45", "duplicate"), ("06:59", "duplicate"), ("07:59", "duplicate"), ("08:00", "sent")]
)
def test_a_repeat_of_what_waits_for_the_morning_does_not_arrive_with_it(
    log: Log, deployment: Deployment, graph_api: Any, clock: str, end: str
) -> None:
    at(deployment, "22:30")
    plan_events(conf(event_id="E1"))
    at(deployment, clock, day=23 if clock > "22:30" else 24)

    tell(conf(event_id="E2"), "run 2")

    assert told(log) == [("run 1", "queued"), ("run 2", end)]


def test_a_repeat_by_night_of_what_was_sent_within_the_hour_is_a_duplicate(log: Log, deployment: Deployment) -> None:
    at(deployment, "21:50")
    tell(conf())
    at(deployment, "22:49")

    tell(conf(), "run 2")

    assert told(log) == [("run 1", "sent"), ("run 2", "duplicate")]


def test_an_hour_that_is_over_in_the_log_holds_nothing(log: Log) -> None:
    tell(conf())
    log.execute("UPDATE message_log SET event_hour = tstzrange(lower(event_hour) - '1h'::interval, lower(event_hour))")

    tell(conf(), "run 2")

    assert told(log) == [("run 1", "sent"), ("run 2", "sent")]


def test_a_reassignment_is_told_at_once_and_so_is_another_event_of_the_run(log: Log, shop: Session) -> None:
    tell(conf(event_id="E1"))
    set_run(shop, partner_id=MEERA, previous_partner_id=RAJESH)
    tell(conf(event_id="E2"), "run 2")
    tell(conf(CANCELLED, partner_id=RAJESH, event_id="E3"), "run 3")
    tell(conf(event_id="E4"), "run 4")

    assert told(log) == [("run 1", "sent"), ("run 2", "sent"), ("run 3", "sent"), ("run 4", "duplicate")]
    assert [only_row(log, f"run {number}")["partner_id"] for number in (1, 2, 3)] == [RAJESH, MEERA, RAJESH]


def test_an_event_whose_message_failed_can_be_replayed(log: Log, graph_api: Any) -> None:
    planned = plan_events(conf(event_id="E1"))
    graph_api.fail_next(100)
    planned.send()

    tell(conf(event_id="E1"), "run 2")
    tell(conf(event_id="E1"), "run 3")

    assert told(log) == [("run 1", "failed"), ("run 2", "sent"), ("run 3", "duplicate")]
    assert only_row(log, "run 3")["duplicate_of"] == only_row(log, "run 2")["id"]


def test_a_failed_message_that_was_once_delivered_cannot(log: Log, graph_api: Any) -> None:
    tell(conf(event_id="E1"))
    change(log, only_row(log, "run 1")["id"], status="failed", delivered_at=TICK)

    tell(conf(event_id="E1"), "run 2")

    assert told(log) == [("run 1", "failed"), ("run 2", "duplicate")]


def test_a_rehearsal_stands_in_nobody_s_way(log: Log) -> None:
    tell(conf(event_id="E1", delivery="dry_run"))
    tell(conf(event_id="E1"), "run 2")

    assert told(log) == [("run 1", "rehearsed"), ("run 2", "sent")]
