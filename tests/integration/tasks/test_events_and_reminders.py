"""What events do to a run's reminders: withdraw them, or send one."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.database.session import Session
from sandbox.shop import partner_id, run_id
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
from support.event_runs import plan_events, tell, weekday_tick
from support.log_rows import Log, everything
from support.sending import taken

pytestmark = pytest.mark.usefixtures("one_sender")
RAJESH = partner_id("RAJESH")
MEERA = partner_id("MEERA")
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize("event", [CANCELLED, COMPLETED])
@pytest.mark.parametrize("partner", [None, "RAJESH", "NEHA"], ids=["nobody named", "named", "another one named"])
def test_a_run_that_has_ended_is_not_reminded_of_any_more(
    log: Log, shop: Session, graph_api: Any, event: str, partner: str | None
) -> None:
    reminded = weekday_tick(RUN, OTHER_RUN)
    set_run(shop, status=event.removeprefix("production_run."))

    plan_events(conf(event, partner_id=partner and partner_id(partner)))

    by_run = {one["production_run_id"]: one for one in everything(log) if one["message_kind"] == "reminder"}
    assert (by_run[RUN]["status"], by_run[RUN]["skip_reason"]) == ("skipped", "moved_on")
    assert by_run[OTHER_RUN]["status"] == "queued"
    reminded.send()
    assert taken(graph_api) == [str(by_run[OTHER_RUN]["id"])]


def test_a_cancellation_for_the_previous_partner_leaves_the_present_one_s_reminder(log: Log, shop: Session) -> None:
    set_run(shop, partner_id=MEERA, previous_partner_id=RAJESH)
    weekday_tick(RUN)

    plan_events(conf(CANCELLED, partner_id=RAJESH))

    (reminder,) = [one for one in everything(log) if one["message_kind"] == "reminder"]
    assert (reminder["status"], reminder["partner_id"]) == ("queued", MEERA)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        pytest.param(conf(CANCELLED), "state_mismatch", id="not cancelled"),
        pytest.param(conf(CANCELLED, partner_id=RAJESH), "state_mismatch", id="not cancelled, its partner named"),
        pytest.param(conf(CANCELLED, partner_id=MEERA), "state_mismatch", id="cancelled for somebody else"),
        pytest.param(conf(COMPLETED), "state_mismatch", id="not completed"),
        pytest.param(conf(COMPLETED, partner_id=RAJESH), "state_mismatch", id="not completed, its partner named"),
        pytest.param(conf(COMPLETED, partner_id=MEERA), "state_mismatch", id="completed by somebody else"),
        pytest.param(conf(COMPLETED, occurred_at=(TICK - 7 * HOUR).isoformat()), "stale_event", id="long ago"),
    ],
)
def test_an_event_that_the_run_does_not_bear_out_withdraws_nothing(
    log: Log, event: dict[str, Any], reason: str
) -> None:
    weekday_tick(RUN)

    plan_events(event)

    assert told(log) == [("run 1", reason), ("tick 1", "queued")]


def test_an_event_that_comes_again_withdraws_nothing_of_a_run_that_goes_on(log: Log, shop: Session) -> None:
    set_run(shop, status="cancelled")
    tell(conf(CANCELLED, event_id="E1"))
    set_run(shop, status="sent_to_partner")
    weekday_tick(RUN)

    plan_events(conf(CANCELLED, event_id="E1", partner_id=RAJESH), "run 2")

    assert told(log) == [("run 1", "sent"), ("run 2", "duplicate"), ("tick 1", "queued")]


def test_a_reminder_that_waits_for_tomorrow_is_withdrawn_too(log: Log, shop: Session, deployment: Deployment) -> None:
    at(deployment, "22:30")
    plan_events(conf(REMINDER))
    set_run(shop, status="cancelled")

    plan_events(conf(CANCELLED), "run 2")

    assert told(log) == [("run 1", "moved_on"), ("run 2", "queued")]


def test_a_reminder_that_the_tick_has_sent_is_not_sent_again_for_an_event(log: Log, graph_api: Any) -> None:
    weekday_tick(RUN).send()

    tell(conf(REMINDER, event_id="E1"))

    assert told(log) == [("run 1", "duplicate"), ("tick 1", "sent")]
    assert only_row(log, "run 1")["duplicate_of"] == only_row(log, "tick 1")["id"]
    assert len(taken(graph_api)) == 1


def test_a_reminder_that_an_event_asked_for_is_not_sent_again_by_the_tick(log: Log, graph_api: Any) -> None:
    tell(conf(REMINDER, event_id="E1"))

    weekday_tick(RUN).send()

    assert told(log) == [("run 1", "sent"), ("tick 1", "duplicate")]
    assert only_row(log, "tick 1")["duplicate_of"] == only_row(log, "run 1")["id"]
    assert len(taken(graph_api)) == 1


def test_a_reminder_that_the_tick_has_queued_is_taken_over_by_the_event(log: Log, graph_api: Any) -> None:
    left = weekday_tick(RUN)

    tell(conf(REMINDER, event_id="E1"))
    left.send()

    found = only_row(log, "run 1")
    assert (found["status"], found["event_name"], found["event_id"]) == ("sent", REMINDER, "E1")
    assert taken(graph_api) == left.message_ids == [str(found["id"])]
    assert only_row(log, "run 1") == everything(log)[0]


def test_a_reminder_that_an_event_has_queued_is_taken_over_by_the_tick(log: Log, graph_api: Any) -> None:
    left = plan_events(conf(REMINDER, event_id="E1"))

    weekday_tick(RUN).send()
    left.send()

    found = only_row(log, "tick 1")
    assert (found["status"], found["event_name"], found["event_id"]) == ("sent", REMINDER, "E1")
    assert taken(graph_api) == left.message_ids == [str(found["id"])]


def test_a_reminder_is_sent_however_short_the_run_has_been_stuck(log: Log) -> None:
    fresh = run_id("SENT23H")

    tell(conf(REMINDER, fresh))

    assert told(log) == [("run 1", "sent")]


def test_a_reminder_event_that_is_repeated_is_a_duplicate_of_its_reminder(log: Log, deployment: Deployment) -> None:
    tell(conf(REMINDER, event_id="E1"))
    deployment.now += 24 * HOUR

    tell(conf(REMINDER, event_id="E1"), "run 2")
    tell(conf(REMINDER, event_id="E2"), "run 3")

    assert told(log) == [("run 1", "sent"), ("run 2", "duplicate"), ("run 3", "sent")]


def test_one_event_that_asks_for_two_queued_reminders_is_told_once_and_the_list_s_other_events_too(
    log: Log, graph_api: Any
) -> None:
    weekday_tick(RUN, OTHER_RUN)
    twice = [conf(REMINDER, run, event_id="E1") for run in (RUN, OTHER_RUN)]

    for _ in range(2):  # The second try of a task that was killed sees what the first one has written.
        planned = plan_events({"events": [*twice, conf(ASSIGNED, event_id="E2")]}, "run 2")

    of_event = [one for one in everything(log) if one["event_id"] == "E1"]
    ends = sorted((one["status"], one["duplicate_of"]) for one in of_event if one["status"] == "queued")
    assert len(ends) == 1
    (told_of,) = [one for one in of_event if one["status"] == "queued"]
    assert {one["duplicate_of"] for one in of_event if one["status"] == "skipped"} == {told_of["id"]}
    planned.send()
    assert sorted(taken(graph_api)) == sorted(planned.message_ids)
    assert len(planned.message_ids) == 2
    (left,) = [one for one in everything(log) if one["status"] == "queued"]
    assert (left["dag_run_id"], left["event_id"]) == ("tick 1", None)
