"""A task process that is killed while it sends: its retry sends what certainly never left, and nothing twice."""

from __future__ import annotations

import contextlib
import signal
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from support.children import Child, Death
from support.examples import tick
from support.log_rows import Log
from support.sending import (
    let_the_leases_run_out,
    let_the_shares_run_out,
    messages,
    queue_messages,
    statuses,
    still_due,
    taken,
)
from support.task_work import in_this_process, send_task

Start = Callable[..., Child]
OUTBOX = "partner_messages.message_log.outbox"


def batch(ids: Sequence[uuid.UUID]) -> dict[str, Any]:
    """What planning gives the task."""
    return {"label": "one", "sender": "in", "message_ids": [str(id_) for id_ in ids]}


def retry(ids: Sequence[uuid.UUID]) -> dict[str, int]:
    """Try the task again; nothing happens to it."""
    with in_this_process():
        return send_task(tick(), batch(ids), still_due)


@pytest.fixture
def task(start: Start) -> Callable[..., Child]:
    """Start a mapped `send_messages` task in a process of its own."""

    def run(ids: Sequence[uuid.UUID], dies: Death | None = None) -> Child:
        return start(send_task, tick(), batch(ids), still_due, dies=dies)

    return run


@pytest.mark.parametrize(
    ("dies", "left", "ends", "messages_taken"),
    [
        (Death(f"{OUTBOX}.claim", "before"), "queued", "sent", 1),
        (Death(f"{OUTBOX}.claim", "after"), "sending", "sent", 1),
        (Death(f"{OUTBOX}.let_go", "before"), "sending", "sent", 1),
        (Death(f"{OUTBOX}.let_go", "after"), "sending", "unknown", 0),
        (Death("whatsapp_provider.hooks.whatsapp.read_answer", "before"), "sending", "unknown", 1),
        (Death(f"{OUTBOX}.settle", "before"), "sending", "unknown", 1),
        (Death(f"{OUTBOX}.settle", "after"), "sent", "sent", 1),
    ],
    ids=[
        "before the claim",
        "after the claim",
        "before it is let go",
        "after it is let go",
        "as the answer comes",
        "before it is written down",
        "after that",
    ],
)
def test_one_message(
    task: Callable[..., Child], log: Log, graph_api: Any, dies: Death, left: str, ends: str, messages_taken: int
) -> None:
    ids = queue_messages(log)
    assert task(ids, dies).ended() == -signal.SIGKILL
    assert statuses(log, ids) == [left]

    retry_until_settled(log, ids)

    assert statuses(log, ids) == [ends]
    assert taken(graph_api) == [str(ids[0])] * messages_taken


@pytest.mark.parametrize("carried_out", [True, False])
def test_one_message_while_meta_has_not_answered(
    task: Callable[..., Child], log: Log, graph_api: Any, carried_out: bool
) -> None:
    graph_api.hang_next(taken=carried_out)
    ids = queue_messages(log)
    child = task(ids)
    assert graph_api.wait_for_hanging(1) == 1
    child.kill()

    retry_until_settled(log, ids)

    assert statuses(log, ids) == ["unknown"]
    assert taken(graph_api) == [str(ids[0])] * carried_out


def in_doubt(log: Log, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """What may have left without an answer."""
    return {row["id"] for row in messages(log, ids) if row["status"] == "sending" and not row["still_here"]}


def retry_until_settled(log: Log, ids: Sequence[uuid.UUID]) -> None:
    """Retry as Airflow does: while the lease lasts there is nothing to do; after it the rows can be judged."""
    let_the_shares_run_out(log)
    if "sending" in statuses(log, ids):
        with pytest.raises(AirflowException, match="to be tried again later") as error:
            retry(ids)
        assert not isinstance(error.value, AirflowFailException)
        assert "sending" in statuses(log, ids)
        let_the_leases_run_out(log)
    doubtful = bool(in_doubt(log, ids))
    if doubtful:
        with pytest.raises(AirflowFailException, match="unknown"):
            retry(ids)
    else:
        retry(ids)


@pytest.mark.parametrize(
    "dies",
    [
        Death(f"{OUTBOX}.claim", "after", call=2),
        Death(f"{OUTBOX}.let_go", "before", call=3),
        Death(f"{OUTBOX}.let_go", "after", call=3),
        Death(f"{OUTBOX}.settle", "before", call=3),
        Death(f"{OUTBOX}.settle", "after", call=3),
        Death("whatsapp_provider.hooks.whatsapp.read_answer", "before", call=7),
    ],
    ids=[
        "after its second claim",
        "before it lets the third lot go",
        "after that",
        "before its third settling",
        "after that settling",
        "as the seventh answer comes",
    ],
)
def test_a_chunk(task: Callable[..., Child], log: Log, graph_api: Any, dies: Death) -> None:
    ids = queue_messages(log, 40)
    assert task(ids, dies).ended() == -signal.SIGKILL
    assert 0 < statuses(log, ids).count("sending") < 40
    assert all(row["meta_message_id"] for row in messages(log, ids) if row["status"] == "sent")
    doubtful = in_doubt(log, ids)

    retry_until_settled(log, ids)

    ends = dict(zip(ids, statuses(log, ids), strict=True))
    gone = taken(graph_api)
    assert len(gone) == len(set(gone))
    assert {id_ for id_, end in ends.items() if end == "unknown"} == doubtful
    assert set(map(str, ids)) - set(gone) <= set(map(str, doubtful)), "what never left is sent by the retry"
    assert set(ends.values()) <= {"sent", "unknown"}


def test_two_tasks_at_once_of_which_one_is_killed(task: Callable[..., Child], log: Log, graph_api: Any) -> None:
    ids = queue_messages(log, 40)
    dying = task(ids, Death(f"{OUTBOX}.settle", "before", call=2))
    other = task(ids)
    assert dying.ended() in (-signal.SIGKILL, 0)
    let_the_shares_run_out(log)
    other.ended()

    let_the_leases_run_out(log)
    with contextlib.suppress(AirflowException):
        retry(ids)

    gone = taken(graph_api)
    assert len(gone) == len(set(gone))
    assert set(statuses(log, ids)) <= {"sent", "unknown"}


def test_sigterm_writes_down_what_is_under_way_and_the_retry_sends_the_rest(
    task: Callable[..., Child], log: Log, graph_api: Any
) -> None:
    graph_api.hang_next(times=15, taken=True)
    ids = queue_messages(log, 60)
    child = task(ids)
    assert graph_api.wait_for_hanging(15) >= 15
    child.process.terminate()
    graph_api.release()
    with pytest.raises(AirflowException, match="are to be tried again later"):
        child.result()

    ends = statuses(log, ids)
    assert set(ends) == {"sent", "queued"}
    assert ends.count("sent") == len(taken(graph_api))

    assert retry(ids) == {"sent": 60}
    assert sorted(taken(graph_api)) == sorted(map(str, ids))
