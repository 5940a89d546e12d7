"""What was redirected to one test phone is no duplicate of what is redirected to another: each has its own history."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import Tick
from sandbox.shop import run_id
from support.dag_tasks import REMINDERS
from support.deployment import Deployment
from support.event_examples import CANCELLED, RUN, conf
from support.event_runs import SendingRun, context, plan_events, tell, weekday_tick
from support.log_rows import Log, everything
from support.submitted import submit_templates

pytestmark = pytest.mark.usefixtures("one_sender")
FIRST, SECOND = "+919812399999", "+919812388888"
DIGEST_OF = [run_id(one) for one in ("SENT25H", "SENT10D", "ACCEPT25H")]


def to(phone: str, **more: Any) -> dict[str, Any]:
    """The conf of an event's run that is redirected to a phone."""
    return conf(delivery="redirect", redirect_to=phone, **more)


def redirected_tick(phone: str, name: str, *production_run_ids: str) -> SendingRun:
    """A run of `production_run_reminders` that is redirected to a phone, up to where it sends."""
    params = {"delivery": "redirect", "redirect_to": phone, "production_run_ids": list(production_run_ids or [RUN])}
    of_run = context("production_run_reminders", name, params)
    tick = REMINDERS.preflight(of_run)
    for kind in ReminderKind:
        REMINDERS.find_stuck_runs(of_run, tick, kind.value)
    return SendingRun(Tick.from_xcom(tick), REMINDERS.plan_messages(of_run, tick), params)


def told(log: Log) -> list[tuple[str, str, str | None]]:
    """What became of each run's messages, in the order in which they were written."""
    written = sorted(everything(log), key=lambda one: one["created_at"])
    return [(one["dag_run_id"], one["skip_reason"] or one["status"], one["to_phone"]) for one in written]


def test_a_reminder_is_sent_once_a_day_to_each_test_phone_and_to_the_partner(log: Log, graph_api: Any) -> None:
    for phone, name in ((FIRST, "a"), (SECOND, "b"), (FIRST, "c"), (SECOND, "d")):
        redirected_tick(phone, name).send()
    weekday_tick(RUN, run_id="live").send()

    assert [message["to"] for message in graph_api.outbox()][:2] == [FIRST, SECOND]
    assert [(name, end) for name, end, _ in told(log)] == [
        ("a", "sent"),
        ("b", "sent"),
        ("c", "duplicate"),
        ("d", "duplicate"),
        ("live", "sent"),
    ]
    marks = {one["dag_run_id"]: one["redirected"] for one in everything(log)}
    assert marks["a"] == marks["c"] != marks["b"] == marks["d"]
    assert marks["live"] == ""
    assert not any(phone[-5:] in mark for phone in (FIRST, SECOND) for mark in marks.values())


def test_what_a_redirect_has_queued_is_left_to_it_by_one_to_another_phone(log: Log, graph_api: Any) -> None:
    first, second = redirected_tick(FIRST, "a"), redirected_tick(SECOND, "b")
    tell(to(SECOND, event=CANCELLED), "cancelled")

    second.send()
    first.send()

    assert told(log)[0] == ("a", "sent", FIRST)
    assert [one["dag_run_id"] for one in everything(log) if one["to_phone"] == FIRST] == ["a"]


def test_the_same_phone_takes_over_what_it_has_queued(log: Log, graph_api: Any) -> None:
    redirected_tick(FIRST, "a")
    redirected_tick(FIRST, "b").send()

    assert told(log) == [("b", "sent", FIRST)]


def test_a_digest_is_sent_to_each_test_phone(log: Log, graph_api: Any, deployment: Deployment) -> None:
    deployment.set(digest=True)
    submit_templates(["jyt_production_run_digest_v1"])
    for phone, name in ((FIRST, "a"), (SECOND, "b"), (FIRST, "c")):
        redirected_tick(phone, name, *DIGEST_OF).send()

    assert [message["to"] for message in graph_api.outbox()] == [FIRST, SECOND]
    digests = [one for one in everything(log) if one["message_kind"] == "digest" and one["status"] == "sent"]
    assert len({one["context_id"] for one in digests}) == 1
    assert {end for name, end, _ in told(log) if name == "c"} == {"duplicate"}


@pytest.mark.parametrize("event_id", [None, "E1"])
def test_an_event_is_told_to_each_test_phone_and_to_the_partner(log: Log, graph_api: Any, event_id: str | None) -> None:
    for phone, name in ((FIRST, "a"), (SECOND, "b"), (FIRST, "c")):
        tell(to(phone, event_id=event_id), name)
    tell(conf(event_id=event_id), "live")

    assert [message["to"] for message in graph_api.outbox()][:2] == [FIRST, SECOND]
    assert [(name, end) for name, end, _ in told(log)] == [
        ("a", "sent"),
        ("b", "sent"),
        ("c", "duplicate"),
        ("live", "sent"),
    ]


def test_events_that_are_planned_before_either_leaves_both_leave(log: Log, graph_api: Any) -> None:
    runs = [plan_events(to(phone), name) for phone, name in ((FIRST, "a"), (SECOND, "b"))]
    for run in runs:
        run.send()

    assert sorted(told(log)) == [("a", "sent", FIRST), ("b", "sent", SECOND)]
