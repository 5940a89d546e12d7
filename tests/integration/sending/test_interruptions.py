"""A time-out, Ctrl-C or SIGTERM in the middle: answers under way are written down, the rest goes back to the queue."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowTaskTimeout

from partner_messages.message_log import outbox
from partner_messages.message_log.database import open_message_log
from partner_messages.sending import recheck
from partner_messages.sending.dispatch import Dispatch
from partner_messages.sending.template_operator import WhatsAppTemplateOperator
from support.deployment import Deployment, airflow_run
from support.examples import tick
from support.log_rows import Log
from support.sending import (
    ScriptedMeta,
    SendTask,
    dispatch_of,
    messages,
    queue_messages,
    requested,
    statuses,
    still_due,
    taken,
)
from whatsapp_provider.api.answers import Accepted, Answer

pytestmark = [pytest.mark.opens_sessions, pytest.mark.usefixtures("whole_rate")]


def strike() -> None:
    """Interrupt the main thread, as Airflow's time-out does."""
    os.kill(os.getpid(), signal.SIGALRM)


@pytest.fixture
def time_out() -> Iterator[None]:
    """`strike` raises in the main thread what Airflow's time-out raises."""

    def handler(_signum: int, _frame: FrameType | None) -> None:
        raise AirflowTaskTimeout("Timeout")

    before = signal.signal(signal.SIGALRM, handler)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def told_to_stop(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once the sending was told to stop: a signal reaches the main thread some time after it was sent."""
    told, stop = threading.Event(), Dispatch.stop

    def telling(dispatch: Dispatch) -> None:
        stop(dispatch)
        told.set()

    monkeypatch.setattr(Dispatch, "stop", telling)
    return told


def test_a_time_out_waits_for_what_is_under_way_and_gives_back_the_rest(
    send: SendTask, log: Log, graph_api: Any, time_out: None, told_to_stop: threading.Event
) -> None:
    send.set_rate(20)
    graph_api.hang_next(times=10)
    ids = queue_messages(log, 30)

    def time_out_then_answers() -> int:
        hanging: int = graph_api.wait_for_hanging(10)
        strike()
        assert told_to_stop.wait(60)
        graph_api.release()
        return hanging

    with ThreadPoolExecutor() as pool:
        others = pool.submit(time_out_then_answers)
        with pytest.raises(AirflowTaskTimeout):
            send(ids)
        assert others.result() == 10

    assert sorted(statuses(log, ids)) == ["queued"] * 20 + ["sent"] * 10
    assert len(taken(graph_api)) == 10
    assert send(ids).counts == {"sent": 30}
    assert requested(graph_api) == 30


@pytest.mark.parametrize("at", [1, 2, 5, 24])
@pytest.mark.parametrize("what", ["claim", "settle", "answer"])
def test_a_time_out_at_any_moment_loses_nothing_and_doubles_nothing(
    log: Log, time_out: None, monkeypatch: pytest.MonkeyPatch, what: str, at: int, deployment: Deployment
) -> None:
    count, armed = 0, True

    def struck(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **more: Any) -> Any:
            nonlocal count
            count += armed
            if armed and count == at:
                strike()
            return function(*given, **more)

        return wrapped

    meta = ScriptedMeta()
    if what == "answer":
        monkeypatch.setattr(meta, "send_message", struck(meta.send_message))
    else:
        monkeypatch.setattr(outbox, what, struck(getattr(outbox, what)))
    ids = queue_messages(log, 24)

    try:
        with open_message_log() as connection:
            dispatch_of(connection, meta, per_second=400).send(ids)
    except AirflowTaskTimeout:
        pass

    ends = statuses(log, ids)
    assert sorted(set(ends)) in (["queued", "sent"], ["sent"], ["queued"])
    assert ends.count("sent") == len(meta.requests) == len(set(meta.requests))

    armed = False
    with open_message_log() as connection:
        dispatch_of(connection, meta).send(ids)
    assert sorted(meta.requests) == sorted(map(str, ids))


class OneTurnAlone:
    """A pacer that lets one request leave; the others' turn does not come."""

    per_second, seconds_left = 80.0, 0.0

    def __init__(self, _per_second: float, wait: Callable[[float], bool]) -> None:
        self.turns = 0
        self._wait = wait
        self._first = threading.Lock()

    def keep_to(self, _per_second: float) -> None:
        """It has no rate."""

    def take_turn(self) -> None:
        if not self._first.acquire(blocking=False):
            self._wait(3600)
        self.turns += 1


def test_requests_that_wait_for_their_turn_go_back_to_the_queue_at_once(
    log: Log, time_out: None, monkeypatch: pytest.MonkeyPatch, deployment: Deployment
) -> None:
    monkeypatch.setattr("partner_messages.sending.carriers.Pacer", OneTurnAlone)
    ids = queue_messages(log, 10)

    def struck(_: dict[str, Any]) -> Answer:
        assert statuses(log, ids) == ["sending"] * 10
        strike()
        return Accepted("wamid.A")

    meta = ScriptedMeta(struck)
    with open_message_log() as connection, pytest.raises(AirflowTaskTimeout):
        dispatch_of(connection, meta).send(ids)

    assert len(meta.requests) == 1
    assert sorted(statuses(log, ids)) == ["queued"] * 9 + ["sent"]


def test_ctrl_c_is_no_different(log: Log, deployment: Deployment) -> None:
    ids = queue_messages(log, 10)

    def struck(_: dict[str, Any]) -> Answer:
        os.kill(os.getpid(), signal.SIGINT)
        return Accepted("wamid.A")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            dispatch_of(log, ScriptedMeta(struck), per_second=0.1).send(ids)
    finally:
        signal.signal(signal.SIGINT, before)

    assert sorted(statuses(log, ids)) == ["queued"] * 9 + ["sent"]


def test_work_that_is_told_to_stop_before_it_begins_claims_nothing(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = queue_messages(log, 3)
    sender = send.sender(log, ids)
    sender.stop()

    sender.send()

    assert [(row["status"], row["attempts"]) for row in messages(log, ids)] == [("queued", 0)] * 3
    assert requested(graph_api) == 0


# The operator


def operator_for(ids: Any) -> WhatsAppTemplateOperator:
    return WhatsAppTemplateOperator(
        task_id="send_messages",
        tick=tick().to_xcom(),
        batch={"label": "one", "sender": "in", "message_ids": [str(id_) for id_ in ids]},
    )


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Airflow tells a task of its run, whose messages are all still due."""
    monkeypatch.setattr(recheck, "no_longer_due", still_due)
    run = airflow_run("run 1")
    return {"dag_run": run, "params": {}}


@pytest.fixture
def sigterm() -> Iterator[Callable[[WhatsAppTemplateOperator], None]]:
    """Let SIGTERM reach an operator as Airflow's task runner does: it calls `on_kill` and goes on."""
    before = signal.getsignal(signal.SIGTERM)

    def reach(operator: WhatsAppTemplateOperator) -> None:
        signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())

    yield reach
    signal.signal(signal.SIGTERM, before)


def test_sigterm_ends_a_task_whose_answers_are_written_down_and_it_is_retried(
    send: SendTask, log: Log, graph_api: Any, context: dict[str, Any], sigterm: Any, told_to_stop: threading.Event
) -> None:
    send.set_rate(20)
    graph_api.hang_next(times=10, taken=True)
    ids = queue_messages(log, 30)
    operator = operator_for(ids)
    sigterm(operator)

    def told_to_end_then_answers() -> None:
        assert graph_api.wait_for_hanging(10) == 10
        os.kill(os.getpid(), signal.SIGTERM)
        assert told_to_stop.wait(60)
        graph_api.release()

    with ThreadPoolExecutor() as pool:
        others = pool.submit(told_to_end_then_answers)
        with pytest.raises(AirflowException, match="20 messages are to be tried again later") as error:
            operator.execute(context)
        others.result()

    assert not isinstance(error.value, AirflowFailException)
    assert sorted(statuses(log, ids)) == ["queued"] * 20 + ["sent"] * 10
    assert len(taken(graph_api)) == 10


def test_sigterm_before_the_work_has_begun_leaves_everything_queued(
    log: Log, graph_api: Any, context: dict[str, Any], send: SendTask
) -> None:
    ids = queue_messages(log, 3)
    operator = operator_for(ids)
    operator.on_kill()

    with pytest.raises(AirflowException, match="3 messages are to be tried again later"):
        operator.execute(context)

    assert requested(graph_api) == 0


def test_sigterm_after_the_last_answer_changes_nothing(
    log: Log, graph_api: Any, context: dict[str, Any], send: SendTask
) -> None:
    operator = operator_for(queue_messages(log, 3))

    assert operator.execute(context) == {"sent": 3}
    operator.on_kill()


def test_a_signal_may_come_several_times(
    log: Log, graph_api: Any, context: dict[str, Any], send: SendTask, sigterm: Any
) -> None:
    ids = queue_messages(log, 3)
    operator = operator_for(ids)
    sigterm(operator)
    graph_api.hang_next(times=3)

    def told_often() -> None:
        assert graph_api.wait_for_hanging(3) == 3
        for _ in range(50):
            os.kill(os.getpid(), signal.SIGTERM)
        graph_api.release()

    with ThreadPoolExecutor() as pool:
        others = pool.submit(told_often)
        assert operator.execute(context) == {"sent": 3}
        others.result()
