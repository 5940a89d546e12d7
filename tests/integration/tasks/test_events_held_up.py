"""Events that were held up (a stopped sender, a task cleared late), and their repeats."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.database.session import Session
from partner_messages.message_log import outbox
from sandbox.shop import partner_id
from support.deployment import Deployment
from support.event_examples import at, conf, only_row, told
from support.event_runs import plan_events, tell, upkeep
from support.log_rows import Log, everything
from support.sending import taken

pytestmark = pytest.mark.usefixtures("one_sender")
RAJESH = partner_id("RAJESH")
MINUTE = dt.timedelta(minutes=1)


def test_a_repeat_of_what_the_night_held_up_at_the_last_minute_is_told_in_its_place(
    log: Log, deployment: Deployment, graph_api: Any
) -> None:
    at(deployment, "21:59")
    planned = plan_events(conf(event_id="E1"))
    at(deployment, "22:00")
    planned.send()
    at(deployment, "06:30", day=24)
    plan_events(conf(event_id="E2"), "run 2")

    at(deployment, "07:00", day=24)
    upkeep().send()

    first, second = sorted(everything(log), key=lambda one: one["event_id"])
    assert (first["skip_reason"], first["duplicate_of"], second["status"]) == ("duplicate", second["id"], "sent")
    assert taken(graph_api) == [str(second["id"])]


def test_an_event_waits_for_the_day_after_its_partner_s_own_holiday_and_is_told_once(
    log: Log, deployment: Deployment, graph_api: Any
) -> None:
    deployment.set(partners={RAJESH: {"holidays": ["JP"]}})  # the 23rd is Labor Thanksgiving Day
    at(deployment, "12:00")
    plan_events(conf(event_id="E1")).send()
    at(deployment, "18:00")
    upkeep().send()
    assert taken(graph_api) == []

    at(deployment, "07:00", day=24)
    upkeep().send()

    (row,) = everything(log)
    assert (row["status"], row["day"].day) == ("sent", 24)
    assert taken(graph_api) == [str(row["id"])]


def test_what_is_queued_when_its_partner_gets_a_holiday_waits_for_the_day_after_it(
    log: Log, deployment: Deployment, graph_api: Any
) -> None:
    at(deployment, "12:00")
    planned = plan_events(conf(event_id="E1"))
    deployment.set(partners={RAJESH: {"holidays": ["JP"]}})
    planned.send()
    assert taken(graph_api) == []

    at(deployment, "07:00", day=24)
    upkeep().send()

    (row,) = everything(log)
    assert (row["status"], taken(graph_api)) == ("sent", [str(row["id"])])


@pytest.mark.parametrize(("after", "end"), [(59 * MINUTE, "duplicate"), (60 * MINUTE, "sent")])
def test_what_was_held_up_until_a_repeat_has_been_told_is_not_told_within_its_hour(
    log: Log, deployment: Deployment, graph_api: Any, after: dt.timedelta, end: str
) -> None:
    held_up = plan_events(conf(event_id="E1"))
    deployment.now += 90 * MINUTE
    tell(conf(event_id="E2"), "run 2")

    deployment.now += after
    held_up.send()

    first, second = only_row(log, "run 1"), only_row(log, "run 2")
    assert told(log) == [("run 1", end), ("run 2", "sent")]
    assert first["duplicate_of"] == (second["id"] if end == "duplicate" else None)
    assert taken(graph_api) == [str(second["id"]), *([str(first["id"])] if end == "sent" else [])]


@pytest.mark.parametrize(("after", "end"), [(59 * MINUTE, "duplicate"), (60 * MINUTE, "sent")])
def test_a_repeat_of_what_was_held_up_is_one_for_an_hour_from_when_it_was_told(
    log: Log, deployment: Deployment, after: dt.timedelta, end: str
) -> None:
    held_up = plan_events(conf(event_id="E1"))
    deployment.now += 90 * MINUTE
    held_up.send()
    deployment.now += after

    tell(conf(event_id="E2"), "run 2")

    assert told(log) == [("run 1", "sent"), ("run 2", end)]


@pytest.mark.parametrize(
    "order", [["run 1", "run 2"], ["run 2", "run 1"]], ids=["the first is sent first", "the repeat is sent first"]
)
def test_of_two_repeats_that_were_both_held_up_the_first_to_leave_is_told(
    log: Log, deployment: Deployment, graph_api: Any, order: list[str]
) -> None:
    planned = {"run 1": plan_events(conf(event_id="E1"))}
    deployment.now += 90 * MINUTE
    planned["run 2"] = plan_events(conf(event_id="E2"), "run 2")
    deployment.now += 5 * MINUTE

    for name in order:
        planned[name].send()

    by_run = {one["dag_run_id"]: one for one in everything(log)}
    first, second = (by_run[name] for name in order)
    assert (first["status"], second["skip_reason"], second["duplicate_of"]) == ("sent", "duplicate", first["id"])
    assert taken(graph_api) == [str(first["id"])]


def test_what_was_held_up_into_the_night_does_not_wait_for_the_morning_where_a_repeat_was_told(
    log: Log, deployment: Deployment
) -> None:
    deployment.now = dt.datetime(2026, 11, 23, 20, 30, tzinfo=SCHEDULE_TIMEZONE)
    held_up = plan_events(conf(event_id="E1"))
    deployment.now += 80 * MINUTE
    tell(conf(event_id="E2"), "run 2")
    deployment.now += 15 * MINUTE

    held_up.send()

    assert told(log) == [("run 1", "duplicate"), ("run 2", "sent")]


def test_what_was_claimed_while_a_repeat_of_it_was_planned_is_seen_by_that_one(
    log: Log, deployment: Deployment, graph_api: Any
) -> None:
    plan_events(conf(event_id="E1"))
    (first,) = everything(log)
    deployment.now += 90 * MINUTE
    second = plan_events(conf(event_id="E2"), "run 2")
    deployment.now += MINUTE
    assert outbox.claim(log, [first["id"]], uuid.uuid4(), deployment.now)  # without having seen the repeat

    second.send()

    assert told(log) == [("run 1", "sending"), ("run 2", "duplicate")]
    assert taken(graph_api) == []


def test_a_repeat_stays_queued_where_what_it_repeats_is_not_told(
    log: Log, shop: Session, deployment: Deployment
) -> None:
    first = plan_events(conf(event_id="E1"))
    deployment.now += 90 * MINUTE
    shop.execute("UPDATE partner SET whatsapp_number = '+919829099999' WHERE id = %s", [partner_id("RAJESH")])
    second = plan_events(conf(event_id="E2"), "run 2")

    first.send()
    second.send()

    assert told(log) == [("run 1", "moved_on"), ("run 2", "sent")]


@pytest.mark.parametrize(("after", "end"), [(59 * MINUTE, "duplicate"), (60 * MINUTE, "sent")])
def test_the_hour_of_what_was_held_up_is_kept_though_a_repeat_was_told_meanwhile(
    log: Log, deployment: Deployment, after: dt.timedelta, end: str
) -> None:
    held_up = plan_events(conf(event_id="E1"))
    deployment.now += 90 * MINUTE
    tell(conf(event_id="E2"), "run 2")
    deployment.now += 60 * MINUTE
    held_up.send()
    deployment.now += after

    tell(conf(event_id="E3"), "run 3")

    assert told(log) == [("run 1", "sent"), ("run 2", "sent"), ("run 3", end)]
