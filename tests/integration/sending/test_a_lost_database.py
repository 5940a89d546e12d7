"""The message log goes away in the middle: what was answered is written down as soon as it is back."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from partner_messages.message_log import ledger, outbox
from partner_messages.message_log.database import MessageLogError, open_message_log
from partner_messages.message_log.spool import Spool
from partner_messages.messages.values import Message
from partner_messages.sending import batch
from support.log_rows import Log
from support.sending import (
    ScriptedMeta,
    SendTask,
    dispatch_of,
    ledger_of,
    messages,
    queue_messages,
    requested,
    statuses,
    taken,
)
from whatsapp_provider.api.answers import Accepted, Answer, NotSent, Refused

pytestmark = pytest.mark.opens_sessions


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

    def lost(*given: Any, **more: Any) -> Any:
        if carried_out:
            claim(*given, **more)
        cut_off(log, session)
        return claim(*given, **more)

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
    monkeypatch.setattr(ledger, "pauses", lambda _: (0, 0, 0))
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
        dispatch_of(session, ScriptedMeta(lose_it), ledger=ledger_of(reopen=late)).send(ids)

    assert len(tries) == 3
    assert statuses(log, ids) == ["sent"]


@contextlib.contextmanager
def gone() -> Iterator[Log]:
    raise MessageLogError("message_log_db: OperationalError: connection refused")
    yield


@pytest.fixture
def left_on_the_disk(
    log: Log, session: Log, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> tuple[list[uuid.UUID], Spool]:
    """A task that was told of three messages (taken, refused, put off) and never reached the message log again."""
    monkeypatch.setattr(ledger, "pauses", lambda _: (0, 0))
    ids = queue_messages(log, 3)
    answers = dict(
        zip(
            map(str, ids),
            (Accepted("wamid.HBgMOTE5ODI5MDAwMDAx"), Refused(132001, details="+919829000001"), NotSent("no route")),
            strict=True,
        )
    )

    spool = Spool(tmp_path / "answers")
    all_asked = threading.Barrier(3, lambda: cut_off(log, session), timeout=30)

    def together(payload: dict[str, Any]) -> Answer:
        all_asked.wait()
        return answers[payload["id"]]

    with pytest.raises(psycopg.OperationalError):
        dispatch_of(session, ScriptedMeta(together), ledger=ledger_of(reopen=gone, spool=spool)).send(ids)
    assert statuses(log, ids) == ["sending"] * 3
    return ids, spool


def test_the_next_try_on_the_same_worker_writes_down_what_was_left_on_its_disk(
    send: SendTask, log: Log, graph_api: Any, left_on_the_disk: tuple[list[uuid.UUID], Spool]
) -> None:
    ids, spool = left_on_the_disk

    assert send(ids, spool=spool).counts == {"sent": 2, "failed": 1}

    assert statuses(log, ids) == ["sent", "failed", "sent"]
    assert messages(log, ids)[1]["error_code"] == 132001
    assert taken(graph_api) == [str(ids[2])], "what was not sent goes out at once"
    assert list(spool.folder.iterdir()) == []


def test_on_another_worker_it_is_unknown_after_its_lease_and_not_sent_again(
    send: SendTask, log: Log, graph_api: Any, left_on_the_disk: tuple[list[uuid.UUID], Spool], tmp_path: Path
) -> None:
    ids, _ = left_on_the_disk
    elsewhere = Spool(tmp_path / "of another worker")

    assert send(ids, spool=elsewhere).counts == {"sending": 3}
    log.execute("UPDATE message_log SET claimed_at = claimed_at - interval '10 minutes'")
    assert send(ids, spool=elsewhere).counts == {"unknown": 3}
    assert taken(graph_api) == []


def test_what_the_disk_says_late_is_still_news_but_nothing_is_sent_again(
    send: SendTask, log: Log, graph_api: Any, left_on_the_disk: tuple[list[uuid.UUID], Spool], tmp_path: Path
) -> None:
    ids, spool = left_on_the_disk
    log.execute("UPDATE message_log SET claimed_at = claimed_at - interval '10 minutes'")
    assert send(ids, spool=Spool(tmp_path / "of another worker")).counts == {"unknown": 3}

    assert send(ids, spool=spool).counts == {"sent": 1, "failed": 2}
    assert taken(graph_api) == []


def test_the_disk_holds_no_number_and_belongs_to_its_owner_alone(
    left_on_the_disk: tuple[list[uuid.UUID], Spool],
) -> None:
    ids, spool = left_on_the_disk
    (file,) = spool.folder.iterdir()

    assert (spool.folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    text = file.read_text()
    assert all(str(id_) in text for id_ in ids)
    assert "wamid" not in text
    assert "919829" not in text


def set_back(log: Log, ids: list[uuid.UUID]) -> None:
    """Let the log forget that these were ever claimed, as a standby does that lacks the last seconds."""
    log.execute("SET session_replication_role = replica")
    log.execute(
        "UPDATE message_log SET status = 'queued', claim_token = NULL, claimed_at = NULL, meta_message_id = NULL,"
        " sent_at = NULL, error_code = NULL, error_detail = NULL, still_here = false WHERE id = ANY (%s)",
        [ids],
    )
    log.execute("RESET session_replication_role")


def test_what_a_log_that_went_back_forgot_is_written_down_again_and_not_sent_again(
    send: SendTask, log: Log, graph_api: Any, session: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "LOT_SECONDS", 0.05)  # lots of four messages
    ids = queue_messages(log, 12)
    lots: list[list[uuid.UUID]] = []

    def third_time_lost(_tick: object, lot: Sequence[Message], *_: object) -> dict[uuid.UUID, Any]:
        lots.append([message.id for message in lot])
        if len(lots) == 3:
            set_back(log, [*lots[0], *lots[1]])
            cut_off(log, session)
        return {}

    with pytest.raises(psycopg.OperationalError):
        send.sender(session, ids, no_longer_due=third_time_lost).send()

    told = [*lots[0], *lots[1]]
    assert statuses(log, told) == ["sent"] * 8
    assert all(row["meta_message_id"] for row in messages(log, told))
    assert send(ids).counts == {"sent": 12}
    assert sorted(taken(graph_api)) == sorted(map(str, ids))


def test_a_log_that_went_back_after_the_last_answer_is_told_again(
    send: SendTask, log: Log, graph_api: Any, session: Log
) -> None:
    ids = queue_messages(log, 3)
    sender = send.sender(session, ids)
    sender.send()
    set_back(log, ids)
    cut_off(log, session)

    with pytest.raises(psycopg.OperationalError):
        sender.outcome()

    assert send(ids).counts == {"sent": 3}
    assert sorted(taken(graph_api)) == sorted(map(str, ids))


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
