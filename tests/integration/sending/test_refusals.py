"""What Meta's refusals do to a message, to the others, and to the task."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from partner_messages.sending.dispatch import MetaUnreachable
from support.deployment import TICK, Deployment
from support.log_rows import Log
from support.sending import (
    PHONE_NUMBER_ID,
    ScriptedMeta,
    SendTask,
    dispatch_of,
    messages,
    queue_messages,
    requested,
    statuses,
    taken,
)
from whatsapp_provider.api.answers import Accepted, Answer, Refused, Unknown
from whatsapp_provider.api.errors import Action, NextStep

pytestmark = pytest.mark.usefixtures("whole_rate")


def due_in(log: Log, id_: uuid.UUID) -> dt.timedelta:
    """How long a message must wait, by the clock of `deployment` (which stands still)."""
    now = TICK + dt.timedelta(minutes=1)
    found = log.execute("SELECT not_before - %s AS wait FROM message_log WHERE id = %s", [now, id_]).fetchone()
    assert found is not None
    wait: dt.timedelta = found["wait"]
    return wait


@pytest.mark.parametrize("code", [130429, 131056, 2, 131016, 133004, 1, 131000])
def test_what_may_be_repeated_now_is_repeated_and_then_accepted(
    send: SendTask, log: Log, graph_api: Any, steps: list[NextStep], code: int
) -> None:
    graph_api.fail_next(code)
    (id_,) = queue_messages(log)

    assert send([id_]).counts == {"sent": 1}

    (row,) = messages(log, [id_])
    assert (row["attempts"], row["error_code"], row["error_detail"]) == (2, None, None)
    assert row["meta_message_id"] == graph_api.outbox()[0]["id"]
    assert row["sent_at"] is not None
    assert [step.action for step in steps] == [Action.RETRY_NOW]
    assert taken(graph_api) == [str(id_)]


def test_a_repetition_waits_for_as_long_as_meta_asks(
    send: SendTask, log: Log, graph_api: Any, steps: list[NextStep]
) -> None:
    graph_api.fail_next(131000, retry_after="7")

    send(queue_messages(log))

    assert steps == [NextStep(Action.RETRY_NOW, 7)]


def test_a_wait_that_is_too_long_for_a_task_is_kept_by_the_row(
    send: SendTask, log: Log, graph_api: Any, deployment: Deployment
) -> None:
    graph_api.fail_next(130429, retry_after="90")
    ids = queue_messages(log)

    assert send(ids).counts == {"queued": 1}
    assert dt.timedelta(seconds=80) < due_in(log, ids[0]) <= dt.timedelta(seconds=90)

    assert send(ids).counts == {"queued": 1}, "a second try comes too early"
    assert requested(graph_api) == 1

    log.execute("UPDATE message_log SET not_before = %s", [deployment.now])
    assert send(ids).counts == {"sent": 1}


@pytest.mark.parametrize("code", [4, 80007, 131057])
def test_what_is_put_off_stays_queued_with_its_reason(send: SendTask, log: Log, graph_api: Any, code: int) -> None:
    graph_api.fail_next(code)
    ids = queue_messages(log)

    outcome = send(ids)

    assert (outcome.to_retry, outcome.broken) == (1, 0)
    (row,) = messages(log, ids)
    assert (row["status"], row["error_code"], row["failed_at"]) == ("queued", code, None)
    assert due_in(log, ids[0]) > dt.timedelta(seconds=50)


def test_when_meta_puts_off_one_after_the_other_the_rest_is_not_even_asked(
    send: SendTask, log: Log, graph_api: Any
) -> None:
    graph_api.fail_next(80007, times=50)
    send.set_rate(20)
    ids = queue_messages(log, 10)

    with pytest.raises(MetaUnreachable, match=r"Meta takes no messages of sender in now: .*80007"):
        send(ids)

    assert 3 <= requested(graph_api) < 10
    assert set(statuses(log, ids)) == {"queued"}


def test_what_meta_cannot_explain_fails_after_two_repetitions(
    send: SendTask, log: Log, graph_api: Any, steps: list[NextStep]
) -> None:
    graph_api.fail_next(131000, times=3)
    ids = queue_messages(log)

    outcome = send(ids)

    assert (dict(outcome.counts), outcome.broken) == ({"failed": 1}, 1)
    assert requested(graph_api) == 3
    assert taken(graph_api) == []


@pytest.mark.parametrize("code", [131026, 131049, 131050, 130472, 130403, 130497])
def test_a_refusal_for_the_recipients_sake_fails_alone_and_breaks_nothing(
    send: SendTask, log: Log, graph_api: Any, code: int
) -> None:
    ids = queue_messages(log, 3)
    graph_api.fail_next(code, to=messages(log, ids)[1]["to_phone"])

    outcome = send(ids)

    assert statuses(log, ids) == ["sent", "failed", "sent"]
    assert outcome.broken == 0
    row = messages(log, ids)[1]
    assert row["error_code"] == code
    assert row["failed_at"] is not None


@pytest.mark.parametrize("code", [132000, 100, 131030, 999_999])
def test_what_is_given_up_fails_alone_and_is_told(send: SendTask, log: Log, graph_api: Any, code: int) -> None:
    ids = queue_messages(log, 3)
    graph_api.fail_next(code, to=messages(log, ids)[1]["to_phone"])

    outcome = send(ids)

    assert statuses(log, ids) == ["sent", "failed", "sent"]
    assert outcome.broken == 1


def test_a_message_that_failed_is_not_sent_again_and_its_slot_is_free(send: SendTask, log: Log, graph_api: Any) -> None:
    graph_api.fail_next(132001)
    ids = queue_messages(log)
    send(ids)

    assert send(ids).counts == {"failed": 1}
    assert requested(graph_api) == 1
    assert [row["holds_slot"] for row in log.execute("SELECT holds_slot FROM message_run")] == [False]


def test_a_pair_that_is_too_fast_holds_up_nobody_else(
    send: SendTask, log: Log, graph_api: Any, steps: list[NextStep]
) -> None:
    ids = queue_messages(log, 5)
    graph_api.fail_next(131056, times=4, to=messages(log, ids)[0]["to_phone"])

    assert send(ids).counts == {"sent": 4, "queued": 1}
    assert statuses(log, ids)[0] == "queued"
    assert due_in(log, ids[0]) > dt.timedelta(seconds=50)


def test_a_strange_answer_is_written_down_and_does_no_harm_to_the_others(send: SendTask, log: Log) -> None:
    ids = queue_messages(log, 3)
    said: dict[uuid.UUID, Answer] = {
        ids[0]: Refused(132000, None, "half of a \ud83d, and a \0"),
        ids[2]: Unknown("\udc80"),
    }
    meta = ScriptedMeta(lambda payload: said.get(uuid.UUID(payload["id"]), Accepted("wamid.A")))

    dispatch_of(log, meta).send(ids)

    assert statuses(log, ids) == ["failed", "sent", "unknown"]
    assert messages(log, ids)[0]["error_detail"].endswith("half of a ?, and a )")


def test_a_row_that_cannot_become_a_request_fails_alone(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = [*queue_messages(log), *queue_messages(log, template_name="gone_v1"), *queue_messages(log)]

    outcome = send(ids)

    assert statuses(log, ids) == ["sent", "failed", "sent"]
    assert outcome.broken == 1
    assert messages(log, ids)[1]["error_detail"] == "No request could be built: the catalog has no template gone_v1"
    assert graph_api.requests()["by_object_id"] == {PHONE_NUMBER_ID: 2}
