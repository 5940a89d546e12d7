"""The message log goes away in the middle: what was answered is written down as soon as it is back."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from partner_messages.messages import outbox
from partner_messages.messages.database import MessageLogError, open_message_log
from partner_messages.whatsapp import dispatch
from partner_messages.whatsapp.answers import Accepted, Answer, Refused
from support.log_rows import Log
from support.sending import ScriptedMeta, SendTask, dispatch_of, messages, queue_messages, requested, statuses, taken


@pytest.fixture
def session(log_url: str, deployment: object) -> Iterator[Log]:
    """A session with the message log for a test to lose."""
    with contextlib.suppress(psycopg.Error), open_message_log() as connection:
        yield connection


def cut_off(log: Log, session: Log) -> None:
    """End a session from the server's side, and return when it has ended."""
    pid = session.info.backend_pid
    log.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


def test_answers_that_come_while_the_session_is_lost_are_written_over_another(
    send: SendTask, log: Log, graph_api: Any, session: Log
) -> None:
    send.set_rate(20)
    graph_api.hang_next(times=5, taken=True)
    ids = queue_messages(log, 5)
    with ThreadPoolExecutor() as pool:
        task = pool.submit(send.sender(session, ids).send)
        assert graph_api.wait_for_hanging(5) == 5
        cut_off(log, session)
        graph_api.release()
        assert isinstance(task.exception(timeout=30), psycopg.OperationalError)

    assert statuses(log, ids) == ["sent"] * 5
    assert {row["meta_message_id"] for row in messages(log, ids)} == {one["id"] for one in graph_api.outbox()}

    assert send(ids).counts == {"sent": 5}
    assert requested(graph_api) == 5


def test_what_was_not_asked_yet_goes_out_with_the_next_try(
    log: Log, session: Log, send: SendTask, graph_api: Any
) -> None:
    def lose_it(_: dict[str, Any]) -> Answer:
        if len(meta.requests) == 2:
            cut_off(log, session)
        return Accepted("wamid.A")

    ids = queue_messages(log, 8)
    meta = ScriptedMeta(lose_it)

    with pytest.raises(psycopg.OperationalError):
        dispatch_of(session, meta, per_second=20).send(ids)

    ends = statuses(log, ids)
    assert set(ends) == {"sent", "queued"}
    assert ends.count("sent") == len(meta.requests)
    assert send(ids).counts == {"sent": 8}
    assert requested(graph_api) == 8 - len(meta.requests)


@pytest.mark.parametrize("carried_out", [True, False], ids=["the claim was carried out", "the claim was lost"])
def test_a_claim_whose_result_was_lost_is_given_back(
    log: Log, session: Log, monkeypatch: pytest.MonkeyPatch, carried_out: bool
) -> None:
    claim = outbox.claim

    def lost(connection: Log, ids: Any, token: uuid.UUID, now: Any) -> Any:
        if carried_out:
            claim(connection, ids, token, now)
        cut_off(log, session)
        return claim(connection, ids, token, now)

    monkeypatch.setattr(outbox, "claim", lost)
    ids = queue_messages(log, 3)
    meta = ScriptedMeta()

    with pytest.raises(psycopg.OperationalError):
        dispatch_of(session, meta).send(ids)

    assert statuses(log, ids) == ["queued"] * 3
    assert meta.requests == []


def test_a_refusal_that_is_written_down_twice_keeps_its_wait(
    log: Log, session: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = outbox.settle

    def then_lost(connection: Log, *what: Any) -> None:
        settle(connection, *what)
        if connection is session:
            cut_off(log, session)
            connection.execute("SELECT")

    monkeypatch.setattr(outbox, "settle", then_lost)
    ids = queue_messages(log)

    with pytest.raises(psycopg.OperationalError):
        dispatch_of(session, ScriptedMeta(lambda _: Refused(80007, retry_after=600))).send(ids)

    (row,) = messages(log, ids)
    assert (row["status"], row["error_code"]) == ("queued", 80007)
    assert row["not_before"] is not None


def test_a_database_that_comes_back_late_is_waited_for(log: Log, session: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "RECONNECT_PAUSES", (0, 0, 0))
    tries: list[int] = []

    @contextlib.contextmanager
    def late() -> Iterator[Log]:
        tries.append(1)
        if len(tries) < 3:
            raise MessageLogError("message_log_db: OperationalError: the database system is starting up")
        with open_message_log() as connection:
            yield connection

    def lose_it(_: dict[str, Any]) -> Answer:
        cut_off(log, session)
        return Accepted("wamid.A")

    ids = queue_messages(log)

    with pytest.raises(psycopg.OperationalError):
        dispatch_of(session, ScriptedMeta(lose_it), reopen=late).send(ids)

    assert len(tries) == 3
    assert statuses(log, ids) == ["sent"]


def test_where_the_database_stays_away_a_message_is_unknown_after_its_lease_and_not_sent_again(
    send: SendTask, log: Log, graph_api: Any, session: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "RECONNECT_PAUSES", (0, 0))

    @contextlib.contextmanager
    def gone() -> Iterator[Log]:
        raise MessageLogError("message_log_db: OperationalError: connection refused")
        yield

    def lose_it(_: dict[str, Any]) -> Answer:
        cut_off(log, session)
        return Accepted("wamid.A")

    ids = queue_messages(log)
    with pytest.raises(psycopg.OperationalError):
        dispatch_of(session, ScriptedMeta(lose_it), reopen=gone).send(ids)

    assert send(ids).counts == {"sending": 1}
    log.execute("UPDATE message_log SET claimed_at = claimed_at - interval '10 minutes'")
    assert send(ids).counts == {"unknown": 1}
    assert taken(graph_api) == []


def test_requests_that_wait_for_their_turn_do_not_leave_without_a_database(log: Log, session: Log) -> None:
    first = threading.Event()

    def answered(_: dict[str, Any]) -> Answer:
        if not first.is_set():
            first.set()
            cut_off(log, session)
        return Accepted("wamid.A")

    ids = queue_messages(log, 20)
    meta = ScriptedMeta(answered)

    with pytest.raises(psycopg.OperationalError):
        dispatch_of(session, meta, per_second=20).send(ids)

    ends = statuses(log, ids)
    assert ends.count("sent") == len(meta.requests) < 20
    assert ends.count("queued") == 20 - len(meta.requests)
