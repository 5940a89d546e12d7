"""A message whose answer was lost is never sent again; one that never left is."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from partner_messages.sending.dispatch import MetaUnreachable
from support.deployment import Deployment
from support.log_rows import Log
from support.sending import ScriptedMeta, SendTask, dispatch_of, messages, queue_messages, requested, statuses, taken
from whatsapp_provider.api.answers import Accepted, Answer, NotSent, Unknown

pytestmark = pytest.mark.usefixtures("whole_rate")


@pytest.mark.parametrize("taken_first", [True, False])
@pytest.mark.parametrize("fault", ["drop_next", "babble_next", "forget_id_next", "hang_next"])
def test_a_lost_answer_is_unknown_and_is_never_asked_for_again(
    send: SendTask, log: Log, graph_api: Any, deployment: Deployment, fault: str, taken_first: bool
) -> None:
    deployment.set(read_timeout=0.3)
    getattr(graph_api, fault)(taken=taken_first)
    ids = queue_messages(log)

    for _ in range(3):
        outcome = send(ids)
        assert (dict(outcome.counts), outcome.to_retry) == ({"unknown": 1}, 0)

    (row,) = messages(log, ids)
    assert (row["meta_message_id"], row["sent_at"], row["holds_slot"]) == (None, None, True)
    assert row["error_detail"]
    assert requested(graph_api) == 1


def test_a_lost_answer_stops_nobody_else(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = queue_messages(log, 5)
    graph_api.drop_next(to=messages(log, ids)[1]["to_phone"])

    send(ids)

    assert statuses(log, ids) == ["sent", "unknown", "sent", "sent", "sent"]


def test_when_no_answer_comes_at_all_the_rest_is_left_for_later(send: SendTask, log: Log, graph_api: Any) -> None:
    graph_api.babble_next(times=100)
    send.set_rate(20)
    ids = queue_messages(log, 10)

    with pytest.raises(MetaUnreachable, match="No answer comes from http://127"):
        send(ids)

    ends = statuses(log, ids)
    assert ends.count("unknown") == requested(graph_api)
    assert ends.count("queued") == 10 - requested(graph_api) > 0


def test_what_cannot_leave_stays_queued_and_goes_out_with_the_next_try(
    send: SendTask, log: Log, graph_api: Any, deployment: Deployment
) -> None:
    connection = deployment.connection("whatsapp_in")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    deployment.connect("whatsapp_in", {**connection, "host": f"http://127.0.0.1:{port}"})
    ids = queue_messages(log, 5)

    with pytest.raises(MetaUnreachable, match="No request reaches http://127"):
        send(ids)
    assert set(statuses(log, ids)) == {"queued"}
    assert {row["not_before"] for row in messages(log, ids)} == {None}

    deployment.connect("whatsapp_in", connection)
    assert send(ids).counts == {"sent": 5}
    assert len(taken(graph_api)) == 5


def test_a_request_that_did_not_leave_once_is_repeated_in_the_same_task(log: Log) -> None:
    answers: list[Answer] = [NotSent("refused"), NotSent("refused"), Accepted("wamid.A")]
    (id_,) = queue_messages(log)
    meta = ScriptedMeta(lambda _: answers.pop(0))

    dispatch_of(log, meta).send([id_])

    (row,) = messages(log, [id_])
    assert (row["status"], row["attempts"], row["error_detail"]) == ("sent", 3, None)


def test_who_turns_requests_away_for_a_while_is_left_alone_that_long(log: Log) -> None:
    ids = queue_messages(log, 3)
    meta = ScriptedMeta(lambda _: NotSent("HTTP 429 from something between here and Meta", 90))

    with pytest.raises(MetaUnreachable):
        dispatch_of(log, meta, per_second=4).send(ids)

    rows = messages(log, ids)
    assert [row["status"] for row in rows] == ["queued"] * 3
    assert sum(row["not_before"] is not None for row in rows) == len(meta.requests) < 3


@pytest.mark.parametrize("error", [RuntimeError("broken"), SystemExit(3), KeyboardInterrupt()])
def test_a_request_that_breaks_in_our_own_code_is_unknown_too(log: Log, error: BaseException) -> None:
    def broken(payload: dict[str, Any]) -> Answer:
        if payload["id"] == str(ids[0]):
            raise error
        return Accepted("wamid.A")

    ids = queue_messages(log, 3)

    dispatch_of(log, ScriptedMeta(broken)).send(ids)

    assert statuses(log, ids) == ["unknown", "sent", "sent"]
    assert messages(log, ids)[0]["error_detail"].startswith(type(error).__name__)


def test_an_answer_in_between_means_that_meta_can_be_reached(log: Log) -> None:
    ids = queue_messages(log, 8)
    meta = ScriptedMeta(lambda _: Unknown("lost") if len(meta.requests) % 2 else Accepted("wamid.A"))

    dispatch_of(log, meta, per_second=40).send(ids)

    assert sorted(statuses(log, ids)) == ["sent"] * 4 + ["unknown"] * 4
