"""A sender of whom too much fails is left alone, and its other messages stay queued."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.sending.gate import SenderStopped
from support.deployment import Deployment
from support.log_rows import Log
from support.sending import SendTask, queue_messages, requested, statuses

BROKEN, NOT_ON_WHATSAPP = 131000, 131026
"""Codes that fail one message: something at Meta, and the recipient's own."""


def fails(graph_api: Any, times: int, code: int = 132000, skip: int = 0) -> None:
    graph_api.fail_next(code, times=times, skip=skip)


def test_failures_in_a_row_stop_the_sender_for_all_tasks_of_the_run(
    send: SendTask, log: Log, graph_api: Any, deployment: Deployment
) -> None:
    deployment.set(stop_after=3)
    send.set_rate(4)  # So that each answer is there before the next message leaves.
    fails(graph_api, 50)
    ids = queue_messages(log, 12)

    with pytest.raises(SenderStopped, match=r"Sender in is left alone: \d+ messages in a row failed.*132000"):
        send(ids[:10])
    asked = requested(graph_api)
    with pytest.raises(SenderStopped, match="stopped for this run"):
        send(ids[10:])

    assert statuses(log, ids).count("failed") == asked < 10
    assert statuses(log, ids[10:]) == ["queued"] * 2


def test_failures_count_across_tasks_of_one_message_each(
    send: SendTask, log: Log, graph_api: Any, deployment: Deployment
) -> None:
    deployment.set(stop_after=3)
    fails(graph_api, 50)
    ids = queue_messages(log, 4)

    for id_ in ids[:2]:
        assert send([id_]).broken == 1
    with pytest.raises(SenderStopped):
        send([ids[2]])

    assert statuses(log, ids) == ["failed"] * 3 + ["queued"]


def test_a_message_that_is_taken_begins_the_count_again(
    send: SendTask, log: Log, graph_api: Any, deployment: Deployment
) -> None:
    deployment.set(stop_after=3)
    ids = queue_messages(log, 5)
    for id_, good in zip(ids, (False, False, True, False, False), strict=True):
        if not good:
            fails(graph_api, 1)
        send([id_])

    assert statuses(log, ids) == ["failed", "failed", "sent", "failed", "failed"]


def test_a_bad_start_stops_the_sender_too(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = queue_messages(log, 14)
    for number, id_ in enumerate(ids[:12]):
        if number % 9:  # Never ten in a row.
            fails(graph_api, 1)
        send([id_])
    fails(graph_api, 1)
    with pytest.raises(SenderStopped, match="11 of the first 20 messages failed"):
        send([ids[12]])

    assert statuses(log, ids[13:]) == ["queued"]


def test_refusals_that_concern_one_recipient_do_not_count(
    send: SendTask, log: Log, graph_api: Any, deployment: Deployment
) -> None:
    deployment.set(stop_after=2)
    fails(graph_api, 6, NOT_ON_WHATSAPP)

    assert send(queue_messages(log, 8)).counts == {"failed": 6, "sent": 2}
