"""A message belongs to one claimer at a time, whoever else wants it."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from partner_messages.message_log import outbox
from partner_messages.messages.skip_reasons import SkipReason
from support.at_once import at_once
from support.log_rows import Log, put
from support.sending import (
    ScriptedMeta,
    SendTask,
    dispatch_of,
    messages,
    queue_messages,
    requested,
    statuses,
    take_over,
    taken,
)
from whatsapp_provider.api.answers import Accepted, Answer, NotSent, Refused

LONG_AGO = dt.timedelta(minutes=10)


def claimed_by_somebody(
    log: Log, ids: list[uuid.UUID], ago: dt.timedelta = dt.timedelta(), *, let_go: bool = True
) -> None:
    token = uuid.uuid4()
    outbox.claim(log, ids, token, dt.datetime.now(dt.UTC))
    if let_go:
        outbox.let_go(log, ids, token)
    log.execute("UPDATE message_log SET claimed_at = claimed_at - %s WHERE id = ANY (%s)", [ago, ids])


@pytest.mark.parametrize("copies", [2, 4])
def test_copies_of_a_task_at_once_send_each_message_once(send: SendTask, log: Log, graph_api: Any, copies: int) -> None:
    graph_api.set_rate(100_000)
    send.set_rate(150)
    ids = queue_messages(log, 60)

    at_once(*[lambda: send(ids)] * copies)

    assert statuses(log, ids) == ["sent"] * 60
    assert sorted(taken(graph_api)) == sorted(map(str, ids))


@pytest.mark.parametrize(
    "status", ["sending", "sent", "delivered", "read", "failed", "unknown", "skipped", "rehearsed"]
)
def test_only_what_is_queued_can_be_sent(log: Log, status: str) -> None:
    meta = ScriptedMeta()
    id_ = put(log, status, claim_token=uuid.uuid4(), claimed_at=dt.datetime.now(dt.UTC))

    dispatch_of(log, meta).send([id_])

    assert meta.requests == []
    assert statuses(log, [id_]) == [status]


def test_what_another_process_is_sending_is_left_alone_while_its_lease_lasts(
    send: SendTask, log: Log, graph_api: Any
) -> None:
    ids = queue_messages(log, 3)
    claimed_by_somebody(log, ids[:2], dt.timedelta(seconds=60))

    outcome = send(ids)

    assert statuses(log, ids) == ["sending", "sending", "sent"]
    assert outcome.to_retry == 2
    assert requested(graph_api) == 1


def test_a_late_task_leaves_alone_what_a_newer_run_has_taken_over(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = queue_messages(log, 3)
    take_over(log, ids[:2], by=2)

    outcome = send(ids, withdrawn=dict.fromkeys(ids[:2], SkipReason.MOVED_ON))

    assert statuses(log, ids) == ["queued", "queued", "sent"]
    assert dict(outcome.counts) == {"sent": 1}
    assert requested(graph_api) == 1


def test_what_a_dead_process_was_sending_is_unknown_after_its_lease_and_not_sent_again(
    send: SendTask, log: Log, graph_api: Any
) -> None:
    ids = queue_messages(log, 3)
    claimed_by_somebody(log, ids[:2], LONG_AGO)

    outcome = send(ids)

    assert (dict(outcome.counts), outcome.to_retry) == ({"unknown": 2, "sent": 1}, 0)
    assert requested(graph_api) == 1
    assert messages(log, ids)[0]["error_detail"]


def test_what_a_dead_process_had_claimed_but_not_let_go_is_sent_after_its_lease(
    send: SendTask, log: Log, graph_api: Any
) -> None:
    ids = queue_messages(log, 3)
    claimed_by_somebody(log, ids[:2], LONG_AGO, let_go=False)

    outcome = send(ids)

    assert dict(outcome.counts) == {"sent": 3}
    assert sorted(taken(graph_api)) == sorted(map(str, ids))


def test_a_process_that_slept_past_its_lease_sends_nothing_that_was_taken_back_from_it(
    send: SendTask, log: Log, graph_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, others = outbox.let_go, queue_messages(log, 2)
    ids = queue_messages(log, 3)

    def after_a_long_sleep(connection: Log, its: Sequence[uuid.UUID], token: uuid.UUID) -> set[uuid.UUID]:
        monkeypatch.setattr(outbox, "let_go", let_go)
        log.execute("UPDATE message_log SET claimed_at = claimed_at - %s WHERE id = ANY (%s)", [LONG_AGO, ids[:2]])
        assert send(ids[:2]).counts == {"sent": 2}
        return let_go(connection, its, token)

    monkeypatch.setattr(outbox, "let_go", after_a_long_sleep)
    meta = ScriptedMeta()
    dispatch_of(log, meta).send([*ids, *others])

    assert sorted(meta.requests) == sorted(map(str, [ids[2], *others]))
    assert sorted(taken(graph_api)) == sorted(map(str, ids[:2]))
    assert statuses(log, [*ids, *others]) == ["sent"] * 5


def test_the_lease_is_as_long_as_the_time_outs_and_a_minute(send: SendTask, log: Log) -> None:
    send.deployment.set(connect_timeout=100, read_timeout=200)
    ids = queue_messages(log)
    claimed_by_somebody(log, ids, dt.timedelta(seconds=355))
    assert send(ids).counts == {"sending": 1}

    log.execute("UPDATE message_log SET claimed_at = claimed_at - interval '10 seconds'")
    assert send(ids).counts == {"unknown": 1}


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (Accepted("wamid.A"), "sent"),
        (Refused(132001), "failed"),
        (NotSent("refused"), "failed"),
        (Refused(190), "failed"),
    ],
)
def test_an_answer_that_comes_after_the_lease_is_still_news_but_nothing_is_sent_again(
    send: SendTask, log: Log, graph_api: Any, answer: Answer, end: str
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(_: dict[str, Any]) -> Answer:
        asked.set()
        assert go_on.wait(30)
        return answer

    ids = queue_messages(log)
    with ThreadPoolExecutor() as pool:
        slow_task = pool.submit(lambda: dispatch_of(log, ScriptedMeta(slow)).send(ids))
        assert asked.wait(30)
        log.execute("UPDATE message_log SET claimed_at = claimed_at - interval '10 minutes'")
        assert send(ids).counts == {"unknown": 1}
        go_on.set()
        slow_task.exception(timeout=30)

    assert statuses(log, ids) == [end]
    assert requested(graph_api) == 0


def test_a_message_that_waited_too_long_for_its_turn_is_claimed_anew(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partner_messages.sending.carriers.LATEST_START", -1.0)
    ids = queue_messages(log)
    given_back = threading.Event()
    settle = outbox.settle

    def then_in_time(*what: Any) -> None:
        settle(*what)
        given_back.set()
        monkeypatch.setattr("partner_messages.sending.carriers.LATEST_START", 30.0)

    monkeypatch.setattr(outbox, "settle", then_in_time)
    meta = ScriptedMeta()

    dispatch_of(log, meta).send(ids)

    assert given_back.is_set()
    assert [(row["status"], row["attempts"]) for row in messages(log, ids)] == [("sent", 2)]
    assert len(meta.requests) == 1


def test_a_message_is_withdrawn_by_a_webhook_or_another_run_without_harm(
    send: SendTask, log: Log, graph_api: Any
) -> None:
    ids = queue_messages(log, 2)

    def skip_meanwhile(*_: Any) -> dict[uuid.UUID, Any]:
        log.execute("UPDATE message_log SET status = 'skipped', skip_reason = 'opted_out' WHERE id = %s", [ids[0]])
        return {}

    outcome = send(ids, no_longer_due=skip_meanwhile)

    assert outcome.counts == {"skipped": 1, "sent": 1}
    assert taken(graph_api) == [str(ids[1])]


def test_a_webhook_that_is_faster_than_the_answer_is_not_overwritten(log: Log) -> None:
    ids = queue_messages(log)

    def told_by_webhook(payload: dict[str, Any]) -> Answer:
        log.execute(
            "UPDATE message_log SET status = 'sent', sent_at = '2026-11-23 04:31Z' WHERE id = %s", [payload["id"]]
        )
        log.execute("UPDATE message_log SET status = 'delivered', delivered_at = now() WHERE id = %s", [payload["id"]])
        return Accepted("wamid.A")

    dispatch_of(log, ScriptedMeta(told_by_webhook)).send(ids)

    (row,) = messages(log, ids)
    assert (row["status"], row["meta_message_id"]) == ("delivered", "wamid.A")
    assert row["sent_at"] == dt.datetime(2026, 11, 23, 4, 31, tzinfo=dt.UTC)


def test_threads_end_with_their_work(log: Log) -> None:
    dispatch_of(log, ScriptedMeta()).send(queue_messages(log, 30))

    assert [thread.name for thread in threading.enumerate() if thread.name.startswith(("send-", "dispatch"))] == []


def test_a_machine_without_threads_to_spare_loses_no_message(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def few(thread: threading.Thread) -> None:
        if thread.name == "send-3":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", few)
    ids = queue_messages(log, 10)

    with pytest.raises(RuntimeError, match="can't start new thread"):
        dispatch_of(log, ScriptedMeta()).send(ids)

    assert [(row["status"], row["attempts"]) for row in messages(log, ids)] == [("queued", 0)] * 10
