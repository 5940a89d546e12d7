"""Events whose planning is tried again, whose DAG run is cleared, or whose DAG run's name is used again."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from typing import Any

import pytest

from support.children import children
from support.dag_tasks import EVENTS
from support.deployment import Deployment
from support.event_examples import OTHER_RUN, REMINDER, RUN, at, conf, only_row, told
from support.event_runs import plan_events, start_events, tell, tell_together, upkeep
from support.log_rows import Log, everything
from support.sending import taken

pytestmark = pytest.mark.usefixtures("one_sender")
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


LISTED = {
    "events": [
        conf(event_id="E1"),
        conf(event_id="E2"),
        conf(event_id="E1"),
        conf("accepted", event_id="E3"),
        conf(production_run_id=OTHER_RUN),
        conf(REMINDER, event_id="E4"),
        conf(REMINDER),
    ]
}
LISTED_ENDS = [
    (OTHER_RUN, None, "queued"),
    (RUN, None, "duplicate"),
    (RUN, "E1", "duplicate"),
    (RUN, "E1", "queued"),
    (RUN, "E2", "duplicate"),
    (RUN, "E3", "no_template_for_event"),
    (RUN, "E4", "queued"),
]


def ends(log: Log) -> list[tuple[str, str | None, str]]:
    found = [
        (one["production_run_id"], one["event_id"], one["skip_reason"] or one["status"]) for one in everything(log)
    ]
    return sorted(found, key=str)


def test_in_a_list_the_second_event_of_a_context_is_a_duplicate(log: Log, graph_api: Any) -> None:
    planned = plan_events(LISTED)

    # Which of two with the same context comes first is nobody's matter, but it is one of them.
    assert sorted(end for *_, end in ends(log)) == sorted(end for *_, end in LISTED_ENDS)
    by_id = {one["id"]: one for one in everything(log)}
    for one in by_id.values():
        if one["duplicate_of"]:
            assert by_id[one["duplicate_of"]]["status"] == "queued"
            assert by_id[one["duplicate_of"]]["context_id"] == one["context_id"]
    planned.send()
    assert len(taken(graph_api)) == len(planned.message_ids) == 3


def test_a_planning_that_is_tried_again_loses_and_doubles_nothing(log: Log) -> None:
    of_task, tick = start_events(LISTED)
    first = EVENTS.plan_messages(of_task, tick)
    before = {one["id"]: (one["event_id"], one["skip_reason"] or one["status"]) for one in everything(log)}

    again = EVENTS.plan_messages(of_task, tick)

    assert sorted(id_ for batch in again for id_ in batch["message_ids"]) == sorted(
        id_ for batch in first for id_ in batch["message_ids"]
    )
    assert {one["id"]: (one["event_id"], one["skip_reason"] or one["status"]) for one in everything(log)} == before


def test_a_run_that_is_cleared_before_it_has_sent_sends_the_same_messages(log: Log, graph_api: Any) -> None:
    first = plan_events(LISTED)

    cleared = plan_events(LISTED, clear_number=1)
    cleared.send()

    assert sorted(cleared.message_ids) == sorted(first.message_ids) == sorted(taken(graph_api))
    assert {outcome.nothing_sent for outcome in first.send()} == {True}
    assert len(taken(graph_api)) == 3


def test_a_run_that_is_cleared_after_it_has_sent_sends_nothing(log: Log, graph_api: Any) -> None:
    listed = {"events": [conf(event_id="E1"), conf(production_run_id=OTHER_RUN), conf(REMINDER)]}
    tell(listed)

    cleared = plan_events(listed, clear_number=1)

    assert cleared.batches == []
    assert len(taken(graph_api)) == 3
    assert sorted(one["skip_reason"] or one["status"] for one in everything(log)) == ["duplicate"] * 3 + ["sent"] * 3


def test_a_run_that_is_cleared_hours_later_tells_nothing_again(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    due = deployment.now
    tell(conf(), run_after=due)
    deployment.now += 90 * MINUTE

    tell(conf(), clear_number=1, run_after=due)

    assert told(log) == [("run 1", "duplicate"), ("run 1", "sent")]
    assert len(taken(graph_api)) == 1


def test_a_run_that_is_cleared_hours_later_tells_what_has_failed(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    due = deployment.now
    planned = plan_events(conf(), run_after=due)
    graph_api.fail_next(100)
    planned.send()
    deployment.now += 90 * MINUTE

    tell(conf(), clear_number=1, run_after=due)

    assert told(log) == [("run 1", "failed"), ("run 1", "sent")]


def test_a_queued_message_stays_the_one_of_its_own_event_whatever_order_they_are_planned_in(log: Log) -> None:
    plan_events(conf(event_id="E1"))

    plan_events({"events": [conf(event_id="E2"), conf(event_id="E1")]}, clear_number=1)

    assert ends(log) == [(RUN, "E1", "queued"), (RUN, "E2", "duplicate")]


@pytest.mark.parametrize("order", [1, -1])
def test_a_queued_reminder_stays_the_one_of_its_own_event_too(log: Log, order: int) -> None:
    asked = [conf(REMINDER, event_id="E4"), conf(REMINDER)]
    plan_events({"events": asked})
    before = ends(log)

    plan_events({"events": asked[::order]}, clear_number=1)

    kept, duplicates = (RUN, "E4", "queued"), (RUN, None, "duplicate")
    assert before == [kept, duplicates]
    assert ends(log) == [kept, duplicates, duplicates]


def test_what_is_planned_again_at_night_moves_to_the_day_on_which_it_leaves(log: Log, deployment: Deployment) -> None:
    at(deployment, "21:59")
    plan_events(conf(event_id="E1"))
    at(deployment, "22:01")

    cleared = plan_events(conf(event_id="E1"), clear_number=1, run_after=deployment.now - 2 * MINUTE)

    found = only_row(log, "run 1")
    assert cleared.batches == []
    assert (found["status"], found["day"]) == ("queued", dt.date(2026, 11, 24))
    assert found["not_before"] == dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.UTC)


def test_what_waited_and_is_planned_again_by_day_leaves_now(log: Log, deployment: Deployment, graph_api: Any) -> None:
    at(deployment, "05:00")
    plan_events(conf(event_id="E1"))
    at(deployment, "08:00")

    plan_events(conf(event_id="E1"), clear_number=1, run_after=deployment.now - 3 * HOUR).send()

    found = only_row(log, "run 1")
    assert (found["status"], found["day"], found["not_before"]) == ("sent", dt.date(2026, 11, 23), None)


@pytest.mark.parametrize("event_id", ["E1", None])
def test_two_dag_runs_at_the_same_instant_tell_it_once(
    log: Log, deployment: Deployment, graph_api: Any, event_id: str | None
) -> None:
    together = multiprocessing.get_context("forkserver").Barrier(2, timeout=60)

    with children(deployment.now) as start:
        both = [start(tell_together, conf(event_id=event_id), name, together) for name in ("run 1", "run 2")]
        for child in both:
            child.result()

    sent, duplicate = sorted(everything(log), key=lambda one: one["status"])  # "sent", "skipped"
    assert (sent["status"], duplicate["skip_reason"]) == ("sent", "duplicate")
    assert duplicate["duplicate_of"] == sent["id"]
    assert taken(graph_api) == [str(sent["id"])]


def test_a_cleared_run_tells_nothing_again_that_upkeep_has_told_for_it(
    log: Log, deployment: Deployment, graph_api: Any
) -> None:
    due = at(deployment, "04:00", 24)
    plan_events(conf(), run_after=due)
    at(deployment, "07:00", 24)
    upkeep().send()
    at(deployment, "08:30", 24)

    tell(conf(), clear_number=1, run_after=due)

    assert told(log) == [("run 1", "duplicate"), ("upkeep 1", "sent")]
    assert len(taken(graph_api)) == 1


def test_a_cleared_run_tells_nothing_again_that_another_has_told_since(log: Log, deployment: Deployment) -> None:
    due = deployment.now
    tell(conf(), run_after=due)
    log.execute("UPDATE message_log SET status = 'failed'")
    deployment.now += 90 * MINUTE
    tell(conf(), "run 2")
    deployment.now += 90 * MINUTE

    tell(conf(), clear_number=1, run_after=due)

    assert told(log) == [("run 1", "duplicate"), ("run 1", "failed"), ("run 2", "sent")]


def test_a_cleared_run_takes_up_its_own_message_and_not_a_repeat_that_is_queued_elsewhere(
    log: Log, deployment: Deployment
) -> None:
    due = deployment.now
    plan_events(conf(), run_after=due)
    deployment.now += 90 * MINUTE
    plan_events(conf(), "run 2")

    tell(conf(), clear_number=1, run_after=due)

    assert told(log) == [("run 1", "sent"), ("run 2", "duplicate")]


def test_a_new_run_of_an_old_one_s_name_tells_what_is_new(log: Log, deployment: Deployment) -> None:
    tell(conf())
    deployment.now += 5 * HOUR

    tell(conf())

    assert told(log) == [("run 1", "sent"), ("run 1", "sent")]
