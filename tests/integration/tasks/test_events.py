"""Events from the conf to Meta: what is written, what a repeat meets, what a run that has moved on comes to."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException
from psycopg.rows import DictRow

from partner_messages.settings import SCHEDULE_TIMEZONE
from partner_messages.tasks import production_run_events as events
from partner_messages.tick import NotNow
from partner_messages.whatsapp.operator import raise_for
from sandbox.shop import partner_id, run_id
from support.children import children
from support.deployment import TICK, Deployment
from support.event_runs import (
    context,
    plan_events,
    start_events,
    tell,
    tell_together,
    upkeep,
    weekday_tick,
)
from support.log_rows import Log, change, everything, slots
from support.sending import taken
from support.submitted import submit_templates

Shop = psycopg.Connection[DictRow]

RUN, OTHER_RUN = run_id("SENT25H"), run_id("SENT24H1S")
"""Both sent a day ago and not accepted: one to RAJESH, one to MEERA."""
IDLE_RUN = run_id("START73H")
RAJESH, MEERA = partner_id("RAJESH"), partner_id("MEERA")
ASSIGNED, CANCELLED, COMPLETED = (f"production_run.{what}" for what in ("sent_to_partner", "cancelled", "completed"))
REMINDER = "production_run.reminder_assignment_pending"
TEST_PHONE = "+919812399999"
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _one_sender(deployment: Deployment) -> None:
    deployment.set(senders=["in"])
    submit_templates()


def conf(event: str = ASSIGNED, production_run_id: str = RUN, **more: Any) -> dict[str, Any]:
    return {"event": event, "production_run_id": production_run_id, **more}


def at(deployment: Deployment, clock: str, day: int = 23) -> None:
    """Set the wall clock to a time of India's in November 2026."""
    time = dt.time.fromisoformat(clock)
    deployment.now = dt.datetime.combine(dt.date(2026, 11, day), time, SCHEDULE_TIMEZONE).astimezone(dt.UTC)


def set_run(shop: Shop, production_run_id: str = RUN, **columns: Any) -> None:
    assignments = ", ".join(f"{name} = %({name})s" for name in columns)
    shop.execute(
        f"UPDATE production_runs SET {assignments} WHERE id = %(id)s",
        {**columns, "id": production_run_id},
    )


def told(log: Log) -> list[tuple[str, str]]:
    """Which DAG run's decision came to what, in the order of the DAG runs' names."""
    found = [(one["dag_run_id"], one["skip_reason"] or one["status"]) for one in everything(log)]
    return sorted(found)


def only_row(log: Log, dag_run_id: str) -> DictRow:
    (found,) = [one for one in everything(log) if one["dag_run_id"] == dag_run_id]
    return found


# What is written, and what leaves


@pytest.mark.parametrize(
    ("event", "status", "template"),
    [
        (ASSIGNED, "sent_to_partner", "jyt_production_run_assigned_v1"),
        (CANCELLED, "cancelled", "jyt_production_run_cancelled_v1"),
        (COMPLETED, "completed", "jyt_production_run_completed_v1"),
    ],
)
def test_an_event_is_written_down_and_told_to_the_run_s_partner(
    log: Log, shop: Shop, graph_api: Any, event: str, status: str, template: str
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
    assert planned.batches[0]["label"] == f"Rajesh Textiles · {event.removeprefix('production_run.')}"
    assert outcome.counts == {"sent": 1}
    assert taken(graph_api) == [str(queued["id"])]
    assert slots(log) == {RUN: queued["id"]}  # kept for its run, though no reminder meets it there


def test_the_reason_of_a_cancelled_run_is_the_shop_s_where_the_event_gives_none(log: Log, shop: Shop) -> None:
    set_run(shop, status="cancelled", cancelled_reason="Out of stock")

    plan_events(conf(CANCELLED))

    assert only_row(log, "run 1")["variables"]["notes"] == "Out of stock"


def test_the_previous_partner_of_a_reassigned_run_is_told_that_it_is_cancelled(log: Log, shop: Shop) -> None:
    set_run(shop, partner_id=MEERA, previous_partner_id=RAJESH)

    tell(conf(CANCELLED, partner_id=RAJESH))

    assert (only_row(log, "run 1")["partner_id"], only_row(log, "run 1")["status"]) == (RAJESH, "sent")


def test_an_older_shop_that_knows_no_previous_partner_tells_the_run_s_own(log: Log, altered_shop: Shop) -> None:
    altered_shop.execute("ALTER TABLE production_runs DROP COLUMN previous_partner_id CASCADE")

    tell(conf(CANCELLED, partner_id=RAJESH))
    tell(conf(CANCELLED, partner_id=MEERA), "run 2")

    assert told(log) == [("run 1", "sent"), ("run 2", "state_mismatch")]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (conf("accepted"), "no_template_for_event"),
        (conf(partner_id=MEERA), "state_mismatch"),
        (conf(CANCELLED), "state_mismatch"),
        (conf(production_run_id=run_id("ACCEPTSENT")), "state_mismatch"),
        (conf("reminder_idle"), "state_mismatch"),
        (conf(occurred_at=(TICK - 7 * HOUR).isoformat()), "stale_event"),
        (conf(COMPLETED, run_id("PARKED")), "no_partner"),
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
        events.check_runs(context("production_run_events", "run 1", listed))

    assert RUN not in str(failed.value)
    assert len(planned.message_ids) == 1
    assert told(log) == [("run 1", "queued")]


def test_runs_that_the_shop_has_are_counted() -> None:
    listed = {"events": [conf(), conf(CANCELLED), conf(production_run_id=OTHER_RUN)]}

    assert events.check_runs(context("production_run_events", "run 1", listed)) == 2


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
    log: Log, shop: Shop, graph_api: Any, deployment: Deployment
) -> None:
    at(deployment, "23:00")

    (outcome,) = plan_events(conf(delivery="redirect", redirect_to=TEST_PHONE)).send()

    assert outcome.counts == {"sent": 1}
    assert only_row(log, "run 1")["to_phone"] == TEST_PHONE


# Repeats


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


def test_what_was_held_up_until_a_repeat_has_been_told_is_not_told_with_it(
    log: Log, deployment: Deployment, graph_api: Any
) -> None:
    held_up = plan_events(conf(event_id="E1"))
    deployment.now += 90 * MINUTE
    tell(conf(event_id="E2"), "run 2")

    deployment.now += 59 * MINUTE
    held_up.send()

    first, second = only_row(log, "run 1"), only_row(log, "run 2")
    assert (first["skip_reason"], first["duplicate_of"]) == ("duplicate", second["id"])
    assert taken(graph_api) == [str(second["id"])]


def test_what_was_held_up_is_told_where_the_repeat_was_told_long_ago(
    log: Log, deployment: Deployment, graph_api: Any
) -> None:
    held_up = plan_events(conf(event_id="E1"))
    deployment.now += 90 * MINUTE
    tell(conf(event_id="E2"), "run 2")

    deployment.now += 60 * MINUTE
    held_up.send()

    assert told(log) == [("run 1", "sent"), ("run 2", "sent")]


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


def test_a_reassignment_is_told_at_once_and_so_is_another_event_of_the_run(log: Log, shop: Shop) -> None:
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


# Planning again


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
    first = events.plan_messages(of_task, tick)
    before = {one["id"]: (one["event_id"], one["skip_reason"] or one["status"]) for one in everything(log)}

    again = events.plan_messages(of_task, tick)

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


# A run's reminders


@pytest.mark.parametrize("event", [CANCELLED, COMPLETED])
@pytest.mark.parametrize("partner", [None, "RAJESH", "NEHA"], ids=["nobody named", "named", "another one named"])
def test_a_run_that_has_ended_is_not_reminded_of_any_more(
    log: Log, shop: Shop, graph_api: Any, event: str, partner: str | None
) -> None:
    reminded = weekday_tick(RUN, OTHER_RUN)
    set_run(shop, status=event.removeprefix("production_run."))

    plan_events(conf(event, partner_id=partner and partner_id(partner)))

    by_run = {one["production_run_id"]: one for one in everything(log) if one["message_kind"] == "reminder"}
    assert (by_run[RUN]["status"], by_run[RUN]["skip_reason"]) == ("skipped", "moved_on")
    assert by_run[OTHER_RUN]["status"] == "queued"
    reminded.send()
    assert taken(graph_api) == [str(by_run[OTHER_RUN]["id"])]


def test_a_cancellation_for_the_previous_partner_leaves_the_present_one_s_reminder(log: Log, shop: Shop) -> None:
    set_run(shop, partner_id=MEERA, previous_partner_id=RAJESH)
    weekday_tick(RUN)

    plan_events(conf(CANCELLED, partner_id=RAJESH))

    (reminder,) = [one for one in everything(log) if one["message_kind"] == "reminder"]
    assert (reminder["status"], reminder["partner_id"]) == ("queued", MEERA)


def test_a_cancellation_for_the_run_s_partner_counts_before_the_shop_says_so_itself(log: Log) -> None:
    weekday_tick(RUN)

    plan_events(conf(CANCELLED, partner_id=RAJESH))

    (reminder,) = [one for one in everything(log) if one["message_kind"] == "reminder"]
    assert reminder["skip_reason"] == "moved_on"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        pytest.param(conf(CANCELLED), "state_mismatch", id="not cancelled"),
        pytest.param(conf(CANCELLED, partner_id=MEERA), "state_mismatch", id="cancelled for somebody else"),
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


def test_a_reminder_that_waits_for_tomorrow_is_withdrawn_too(log: Log, shop: Shop, deployment: Deployment) -> None:
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


# At the claim


@pytest.mark.parametrize(
    ("event", "before", "since", "reason"),
    [
        pytest.param(ASSIGNED, {}, {"accepted_at": TICK}, "state_mismatch", id="accepted meanwhile"),
        pytest.param(ASSIGNED, {}, {"status": "cancelled"}, "state_mismatch", id="cancelled meanwhile"),
        pytest.param(ASSIGNED, {}, {"partner_id": MEERA}, "state_mismatch", id="somebody else's meanwhile"),
        pytest.param(ASSIGNED, {}, {"deleted_at": TICK}, "moved_on", id="deleted meanwhile"),
        pytest.param(
            CANCELLED,
            {"status": "cancelled"},
            {"partner_id": MEERA, "previous_partner_id": None},
            "state_mismatch",
            id="never his",
        ),
        pytest.param(COMPLETED, {"status": "completed"}, {"partner_id": None}, "state_mismatch", id="nobody's"),
        pytest.param(REMINDER, {}, {"status": "in_progress"}, "moved_on", id="a reminder that is not due any more"),
    ],
)
def test_an_event_whose_run_has_moved_on_since_planning_is_not_told(
    log: Log, shop: Shop, graph_api: Any, event: str, before: dict[str, Any], since: dict[str, Any], reason: str
) -> None:
    set_run(shop, **{"status": "sent_to_partner", **before})
    planned = plan_events(conf(event))
    set_run(shop, **since)

    (outcome,) = planned.send()

    assert outcome.nothing_sent
    assert told(log) == [("run 1", reason)]
    assert taken(graph_api) == []


@pytest.mark.parametrize(
    ("change_of_partner", "reason"),
    [
        ("status = 'inactive'", "partner_inactive"),
        ("whatsapp_number = '+919829099999'", "moved_on"),
    ],
)
@pytest.mark.parametrize("event", [ASSIGNED, REMINDER])
def test_a_partner_who_is_not_reached_there_any_more_is_not_told(
    log: Log, shop: Shop, graph_api: Any, event: str, change_of_partner: str, reason: str
) -> None:
    planned = plan_events(conf(event))
    shop.execute(f"UPDATE partner SET {change_of_partner} WHERE id = %s", [RAJESH])

    planned.send()

    assert told(log) == [("run 1", reason)]
    assert taken(graph_api) == []


def test_a_message_whose_night_has_come_since_planning_waits_for_the_morning(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    at(deployment, "21:59")
    planned = plan_events(conf())
    at(deployment, "22:00")

    (outcome,) = planned.send()

    raise_for(outcome)  # green
    assert outcome.counts == {"held": 1}
    found = only_row(log, "run 1")
    assert (found["status"], found["attempts"]) == ("queued", 0)
    assert found["not_before"] == dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.UTC)
    assert found["day"] == dt.date(2026, 11, 24)
    assert taken(graph_api) == []


def test_a_reminder_whose_night_has_come_since_planning_has_had_its_day(
    log: Log, graph_api: Any, deployment: Deployment
) -> None:
    at(deployment, "21:59")
    planned = plan_events(conf(REMINDER))
    at(deployment, "22:00")

    planned.send()

    assert told(log) == [("run 1", "expired")]
    assert taken(graph_api) == []


@pytest.mark.parametrize("event", [ASSIGNED, REMINDER])
def test_what_an_event_asked_for_keeps_the_recipient_s_hours_and_not_the_send_window(
    log: Log, deployment: Deployment, event: str
) -> None:
    at(deployment, "21:30")

    tell(conf(event))

    assert told(log) == [("run 1", "sent")]


@pytest.mark.parametrize("setting", [{"halt": True}, {"delivery": "dry_run"}])
def test_the_guards_hold_for_events_too(
    log: Log, graph_api: Any, deployment: Deployment, setting: dict[str, Any]
) -> None:
    planned = plan_events(conf())
    deployment.set(**setting)

    with pytest.raises(NotNow):
        planned.send()

    assert told(log) == [("run 1", "queued")]
    assert taken(graph_api) == []
