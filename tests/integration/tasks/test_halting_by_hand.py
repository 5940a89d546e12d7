"""Sending is halted, and goes on, by a person's word: at once, for every DAG, with who and why kept and said."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from partner_messages.messages.tick import NotNow
from partner_messages.ops.halt_by_hand import who_let_it_go_on
from partner_messages.ops.summarise import NeedsAnEngineer, TaskResults, summarise
from sandbox.shop import run_id
from support.dag_tasks import UPKEEP
from support.deployment import TICK, Deployment, run_pass
from support.event_examples import ASSIGNED, RUN, conf
from support.event_runs import SendingRun, act_on_sending, context, plan_events, upkeep, weekday_tick
from support.log_rows import Log, everything
from support.sending import taken

pytestmark = pytest.mark.usefixtures("one_sender")
BOTH = (RUN, run_id("SENT10D"))


def acts_of(log: Log) -> list[tuple[str, ...]]:
    """What the audit says of sending."""
    found = log.execute("SELECT act, who, why FROM audit WHERE subject = 'sending' ORDER BY id").fetchall()
    return [(one["act"], one["who"], one["why"]) for one in found]


def summary_of(run: SendingRun) -> None:
    this_pass = run_pass(run.tick.dag_run_id, dag_id=run.tick.dag_id)
    summarise(run.tick, this_pass, [], "Run", told=TaskResults())


@pytest.mark.parametrize("delivery", ["live", "redirect"])
def test_a_halt_by_hand_stops_an_event_and_go_on_releases_it(
    log: Log, graph_api: Any, deployment: Deployment, delivery: str
) -> None:
    planned = plan_events(conf(ASSIGNED, delivery=delivery, redirect_to="+919812345678"))

    assert act_on_sending("halt") == act_on_sending("halt") == "halt"  # a retry
    with pytest.raises(NotNow, match="trigger message_log_upkeep with sending = go_on"):
        planned.send()
    assert taken(graph_api) == []

    assert act_on_sending("go_on", sending_by="lead", sending_why="repaired") == "go_on"
    planned.send()
    assert [one["status"] for one in everything(log)] == ["sent"]
    assert acts_of(log) == [("halt", "ops", "wrong text"), ("go_on", "lead", "repaired")]


def test_who_halts_last_stands_for_the_halt(log: Log) -> None:
    act_on_sending("halt")
    act_on_sending("halt", sending_by="lead", sending_why="call +91 98290 12345")

    planned = plan_events(conf(ASSIGNED))
    with pytest.raises(NotNow, match=r"by lead since 2026-11-23 .* IST: call \+91") as stopped:
        planned.send()
    assert "98290" not in str(stopped.value)
    assert [who for _, who, _ in acts_of(log)] == ["ops", "lead"]


def test_where_setting_and_hand_both_halt_each_must_be_ended(
    log: Log, graph_api: Any, deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    planned = plan_events(conf(ASSIGNED))
    deployment.set(halt=True)
    act_on_sending("halt")

    with pytest.raises(NotNow, match="setting halt; and by ops since"):
        planned.send()
    act_on_sending("go_on")
    assert "Sending is halted (setting halt): nothing is claimed; set halt to false" in caplog.text
    with pytest.raises(NotNow, match=r"\(setting halt\)"):
        planned.send()
    deployment.set(halt=False)
    planned.send()
    assert len(taken(graph_api)) == 1


def test_preflight_and_summary_say_who_has_halted_sending_and_a_dry_run_is_silent(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    act_on_sending("halt")
    caplog.clear()
    rehearsed = plan_events(conf(ASSIGNED, delivery="dry_run"), "rehearsal")
    rehearsed.send()
    summary_of(rehearsed)
    assert "Sending is halted" not in caplog.text

    planned = plan_events(conf(ASSIGNED))
    errors = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert [said.partition(" since ")[0] for said in errors] == ["Sending is halted (by ops"]

    with pytest.raises(
        NeedsAnEngineer, match=r"^Sending is halted \(by ops since .*: wrong text\)[^\n]*\n1 messages are still"
    ):
        summary_of(planned)


def test_while_sending_is_halted_by_hand_upkeep_releases_nothing(
    log: Log, deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    deployment.now = TICK + dt.timedelta(hours=12, minutes=30)
    plan_events(conf(ASSIGNED))
    deployment.now = TICK + dt.timedelta(hours=22)
    act_on_sending("halt")

    assert upkeep().batches == []
    assert "Nothing is released. Sending is halted (by ops" in caplog.text
    act_on_sending("go_on")
    assert len(upkeep("upkeep 2").batches) == 1


def test_a_cleared_run_does_not_end_a_halt_that_came_after_it(deployment: Deployment) -> None:
    act_on_sending("halt")
    deployment.now = TICK + dt.timedelta(minutes=1)
    with pytest.raises(AirflowFailException, match=r"after this run was triggered; .* anew with sending = go_on"):
        act_on_sending("go_on", run_after=TICK - dt.timedelta(hours=1))

    assert act_on_sending("go_on") == act_on_sending("go_on") == "go_on"


def test_a_halt_needs_no_setting_to_be_right(
    log: Log, deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    deployment.set(hlat=True)

    act_on_sending("halt")

    assert acts_of(log) == [("halt", "ops", "wrong text")]
    assert "What the setting halt says is not known" in caplog.text


@pytest.mark.usefixtures("a_task_each")
def test_a_halt_waits_for_no_message_that_is_being_sent(log: Log, graph_api: Any, deployment: Deployment) -> None:
    deployment.set(read_timeout=5)
    planned = weekday_tick(*BOTH)
    graph_api.hang_next(times=1)
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(planned.send)
        assert graph_api.wait_for_hanging(1) == 1
        act_on_sending("halt")
        assert not sending.done()
        graph_api.release()
        with pytest.raises(NotNow):
            sending.result(timeout=30)

    assert sorted(one["status"] for one in everything(log)) == ["queued", "sent"]


def test_runs_of_upkeep_that_meet_send_each_message_once(log: Log, graph_api: Any, deployment: Deployment) -> None:
    deployment.now = TICK + dt.timedelta(hours=12, minutes=30)
    for number, production_run in enumerate(BOTH):
        plan_events(conf(ASSIGNED, production_run_id=production_run), f"event {number}")
    deployment.now = TICK + dt.timedelta(hours=22)
    first, second = upkeep("upkeep 1"), upkeep("upkeep 2")
    together = threading.Barrier(2)

    def send(run: SendingRun) -> None:
        together.wait()
        run.send()

    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(send, run) for run in (first, second)]:
            done.result(timeout=30)

    assert [one["status"] for one in everything(log)] == ["sent"] * 2
    assert len(set(taken(graph_api))) == len(taken(graph_api)) == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sending": ""}, "sending is missing; to halt sending or let it go on, say sending, sending_by and"),
        ({"sending": "leave"}, "sending is missing"),
        ({"sending": "stop"}, 'sending": '),
        ({"sending_by": " "}, "sending_by is missing"),
        ({"sending_why": None}, "sending_why is missing"),
    ],
)
def test_halting_says_which_param_is_missing_or_wrong(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(AirflowFailException, match=said):
        act_on_sending(**{"sending": "halt", **changed})


def test_where_no_halt_is_asked_for_the_task_is_skipped() -> None:
    with pytest.raises(AirflowSkipException):
        UPKEEP.halt_sending(
            context("message_log_upkeep", "scheduled", {"sending": "leave", "sending_by": None, "sending_why": None})
        )


@pytest.mark.parametrize(
    ("params", "who"),
    [
        ({"sending": "go_on", "sending_by": "Priya", "sending_why": "repaired"}, "Priya: repaired"),
        ({"sending": "halt", "sending_by": "Priya", "sending_why": "wrong text"}, None),
        ({"sending": "leave"}, None),
        # The task that was to do it has failed for it; the summary comes all the same.
        ({"sending": "go_on"}, None),
        ({"sending": "begin", "sending_by": "Priya", "sending_why": "repaired"}, None),
    ],
)
def test_the_summary_says_who_lets_sending_go_on_and_comes_where_that_is_not_said(
    params: dict[str, str], who: str | None
) -> None:
    assert who_let_it_go_on(params) == who
