"""A sender that Meta refuses as a whole is asked once, and later with one message alone."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from partner_messages.config.ends import RepairNeeded, TryLater
from partner_messages.message_log import stops
from partner_messages.sending import dispatch
from partner_messages.sending.gate import SenderStopped
from support.at_once import at_once
from support.deployment import Deployment, run_pass
from support.log_rows import Log
from support.sending import (
    ScriptedMeta,
    SendTask,
    dispatch_of,
    messages,
    queue_messages,
    requested,
    statuses,
    taken,
)

TOKEN = "sandbox-token-in-0123456789"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks look again at once whether another one's probe was answered."""
    monkeypatch.setattr(dispatch, "LOOK_AGAIN_SECONDS", 0.005)


@pytest.fixture
def stopped(send: SendTask, log: Log, graph_api: Any) -> list[uuid.UUID]:
    """Messages that an earlier run (`by=1`) left queued, because the token was dead; it lives again."""
    ids = queue_messages(log, 6)
    graph_api.kill_token(TOKEN)
    with contextlib.suppress(SenderStopped):
        send(ids)
    graph_api.revive_token(TOKEN)
    graph_api.reset()
    return ids


def stop_rows(log: Log) -> list[dict[str, Any]]:
    return log.execute("SELECT * FROM sender_stop").fetchall()


@pytest.mark.parametrize("code", [190, 131031, 368, 131042, 133010, 131048, 10, 2635, 2500, 104, 32, 102])
def test_a_stopped_sender_leaves_its_rows_queued_and_says_what_to_do(
    send: SendTask, log: Log, graph_api: Any, code: int
) -> None:
    ids = queue_messages(log, 3)
    graph_api.fail_next(code, times=50)

    with pytest.raises(SenderStopped, match=rf"^Sender in is stopped: .*\({code}: .*\)\. .*\.$"):
        send(ids)

    assert statuses(log, ids) == ["queued"] * 3
    assert taken(graph_api) == []
    assert [(row["sender"], row["error_code"], row["lifted_at"]) for row in stop_rows(log)] == [("in", code, None)]


def test_an_id_that_the_token_may_not_see_stops_the_sender(
    send: SendTask, log: Log, graph_api: Any, deployment: Deployment
) -> None:
    connection = deployment.connection("whatsapp_in")
    deployment.connect(
        "whatsapp_in", {**connection, "extra": {**connection["extra"], "phone_number_id": "111000000000002"}}
    )

    with pytest.raises(SenderStopped, match="may not see it"):
        send(queue_messages(log))


def test_no_task_of_the_same_run_asks_again_but_other_senders_go_on(send: SendTask, log: Log, graph_api: Any) -> None:
    first, second = queue_messages(log), queue_messages(log, 5)
    graph_api.kill_token(TOKEN)
    with pytest.raises(SenderStopped):
        send(first)
    asked = requested(graph_api)
    graph_api.revive_token(TOKEN)

    with pytest.raises(SenderStopped, match="Sender in is stopped for this run: The access token"):
        send(second)
    assert requested(graph_api) == asked
    assert statuses(log, second) == ["queued"] * 5
    assert {row["attempts"] for row in messages(log, second)} == {0}

    others = queue_messages(log, 2, sender="au", to_phone="+61412345678", language="en")
    assert send(others, sender_label="au").counts == {"sent": 2}


def test_a_refusal_is_met_by_few_messages_of_a_large_batch(send: SendTask, log: Log, graph_api: Any) -> None:
    graph_api.kill_token(TOKEN)
    ids = queue_messages(log, 60)

    with pytest.raises(SenderStopped):
        send(ids)

    assert requested(graph_api) < 30
    assert set(statuses(log, ids)) == {"queued"}


@pytest.mark.parametrize("later", [{"by": 2}, {"clear_number": 1}], ids=["another run", "the same run, cleared"])
def test_a_later_run_lifts_the_stop_and_sends_everything(
    send: SendTask, log: Log, graph_api: Any, stopped: list[uuid.UUID], later: dict[str, int]
) -> None:
    assert send(stopped, **later).counts == {"sent": 6}

    assert [row["lifted_at"] is not None for row in stop_rows(log)] == [True]
    assert sorted(taken(graph_api)) == sorted(map(str, stopped))


def next_try(send: SendTask, ids: list[uuid.UUID], number: int) -> Any:
    return send(ids, run=run_pass(try_number=number))


def test_a_token_that_was_rotated_in_mid_run_is_taken_by_the_next_try(send: SendTask, log: Log, graph_api: Any) -> None:
    first, second = queue_messages(log, 2), queue_messages(log, 2)
    graph_api.kill_token(TOKEN)
    for ids in (first, second):
        with pytest.raises(SenderStopped) as stopped:
            send(ids)
        assert isinstance(stopped.value, TryLater)
    graph_api.revive_token(TOKEN)

    assert next_try(send, second, 2).counts == {"sent": 2}
    assert next_try(send, first, 2).counts == {"sent": 2}
    assert [row["lifted_at"] is not None for row in stop_rows(log)] == [True]


def test_while_the_token_is_dead_each_try_of_the_run_asks_once(send: SendTask, log: Log, graph_api: Any) -> None:
    first, second = queue_messages(log, 2), queue_messages(log, 2)
    graph_api.kill_token(TOKEN)
    for number in (1, 2, 3):
        for ids in (first, second):
            with pytest.raises(SenderStopped):
                next_try(send, ids, number)

    assert requested(graph_api) <= 2 + 1 + 1  # A first try does not know; each later one probes with one message.
    assert statuses(log, [*first, *second]) == ["queued"] * 4


@pytest.mark.parametrize("code", [131031, 131048, 2635])
def test_what_is_no_matter_of_the_token_is_not_asked_again_by_the_next_try(
    send: SendTask, log: Log, graph_api: Any, code: int
) -> None:
    ids = queue_messages(log)
    graph_api.fail_next(code)
    for number in (1, 2):
        with pytest.raises(SenderStopped) as stopped:
            next_try(send, ids, number)
        assert isinstance(stopped.value, RepairNeeded)

    assert requested(graph_api) == 1


def in_background(pool: ThreadPoolExecutor, *actions: Callable[[], Any]) -> list[Future[Any]]:
    return [pool.submit(action) for action in actions]


def test_several_tasks_of_a_later_run_probe_with_one_message_between_them(
    send: SendTask, log: Log, graph_api: Any, stopped: list[uuid.UUID], impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = threading.Semaphore(0)
    become_prober = stops.become_prober

    def counted(*asked: Any) -> bool:
        looks.release()
        return become_prober(*asked)

    monkeypatch.setattr(stops, "become_prober", counted)
    graph_api.hang_next()
    with ThreadPoolExecutor() as pool:
        tasks = in_background(
            pool, *[lambda part=part: send(part, by=2) for part in (stopped[:2], stopped[2:4], stopped[4:])]
        )
        assert graph_api.wait_for_hanging(1) == 1
        for _ in range(20):  # Every one of them has looked more than once by then.
            assert looks.acquire(timeout=30)
        assert requested(graph_api) == 1
        graph_api.release()
        assert [task.result(timeout=30).counts for task in tasks] == [{"sent": 2}] * 3

    assert sorted(taken(graph_api)) == sorted(map(str, stopped))


def test_when_the_probe_is_refused_all_tasks_stop_again(
    send: SendTask, log: Log, graph_api: Any, stopped: list[uuid.UUID], impatient: None
) -> None:
    graph_api.kill_token(TOKEN)

    def task(part: list[uuid.UUID]) -> str:
        with pytest.raises(SenderStopped) as error:
            send(part, by=2)
        return str(error.value)

    said = at_once(*[lambda part=part: task(part) for part in (stopped[:2], stopped[2:4], stopped[4:])])

    assert requested(graph_api) == 1
    assert len([text for text in said if "for this run" in text]) == 2
    assert set(statuses(log, stopped)) == {"queued"}
    assert [(row["dag_run_id"], row["lifted_at"]) for row in stop_rows(log)] == [("run 2", None)]


def test_a_probe_that_is_refused_for_its_recipients_sake_lifts_the_stop(
    send: SendTask, log: Log, graph_api: Any, stopped: list[uuid.UUID]
) -> None:
    graph_api.fail_next(131026)

    assert send(stopped, by=2).counts == {"sent": 5, "failed": 1}


def test_a_probe_that_is_not_answered_is_followed_by_another(
    send: SendTask, log: Log, graph_api: Any, stopped: list[uuid.UUID]
) -> None:
    graph_api.babble_next(taken=True)

    assert send(stopped, by=2).counts == {"unknown": 1, "sent": 5}
    assert len(taken(graph_api)) == 6


def test_a_task_that_ends_while_it_probes_lets_others_probe(
    send: SendTask, log: Log, graph_api: Any, stopped: list[uuid.UUID]
) -> None:
    graph_api.babble_next()
    send(stopped[:1], by=2)

    assert [(row["probe_token"], row["lifted_at"]) for row in stop_rows(log)] == [(None, None)]
    assert send(stopped[1:], by=2).counts == {"sent": 5}


def test_a_prober_whose_messages_are_gone_probes_with_the_next_one(log: Log) -> None:
    stops.stop_sender(log, "in", run_pass("earlier"), 190, "The token is dead")
    gone = queue_messages(log, 3)
    log.execute("UPDATE message_log SET not_before = clock_timestamp() + interval '1 hour'")
    due = queue_messages(log, 2)
    meta = ScriptedMeta()

    dispatch_of(log, meta).send([*gone, *due])

    assert statuses(log, [*gone, *due]) == ["queued"] * 3 + ["sent"] * 2


def test_a_task_that_looked_before_the_probe_was_refused_does_not_probe_after_it(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_pass()
    stops.stop_sender(log, "in", run_pass("earlier"), 190, "The token is dead")
    open_stop = stops.open_stop

    def then_refused(*asked: Any) -> Any:
        seen = open_stop(*asked)
        if seen and not seen.of_this_run:
            stops.stop_sender(log, "in", run, 190, "The token is still dead")
        return seen

    monkeypatch.setattr(stops, "open_stop", then_refused)
    monkeypatch.setattr(dispatch, "LOOK_AGAIN_SECONDS", 0.001)
    meta = ScriptedMeta()

    with pytest.raises(SenderStopped, match="still dead"):
        dispatch_of(log, meta).send(queue_messages(log, 2))

    assert meta.requests == []


def test_a_prober_that_vanished_is_replaced_when_its_lease_has_run_out(
    send: SendTask, log: Log, graph_api: Any, stopped: list[uuid.UUID], impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stop,) = stop_rows(log)
    log.execute("UPDATE sender_stop SET probe_token = gen_random_uuid(), probed_at = clock_timestamp()")
    looked = threading.Event()
    become_prober = stops.become_prober

    def noticed(*asked: Any) -> bool:
        became = become_prober(*asked)
        looked.set()
        return became

    monkeypatch.setattr(stops, "become_prober", noticed)
    with ThreadPoolExecutor() as pool:
        (task,) = in_background(pool, lambda: send(stopped, by=2))
        assert looked.wait(30)
        assert requested(graph_api) == 0
        log.execute("UPDATE sender_stop SET probed_at = probed_at - interval '2 minutes'")
        assert task.result(timeout=30).counts == {"sent": 6}
    assert [row["id"] for row in stop_rows(log)] == [stop["id"]]


def test_a_task_that_waits_for_anothers_probe_ends_when_it_is_told_to(
    send: SendTask, log: Log, graph_api: Any, stopped: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "LOOK_AGAIN_SECONDS", 3600)
    log.execute("UPDATE sender_stop SET probe_token = gen_random_uuid(), probed_at = clock_timestamp()")
    sender = send.sender(log, stopped, by=2)
    looked = threading.Event()
    open_stop = stops.open_stop

    def noticed(*asked: Any) -> Any:
        looked.set()
        return open_stop(*asked)

    monkeypatch.setattr(stops, "open_stop", noticed)
    with ThreadPoolExecutor() as pool:
        (task,) = in_background(pool, sender.send)
        assert looked.wait(30)
        sender.stop()
        task.result(timeout=30)

    assert requested(graph_api) == 0
    assert set(statuses(log, stopped)) == {"queued"}
