"""A STOP that is stored and that no receiver has applied, as it ended or is frozen, counts before the next claim."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from partner_messages.message_log.database import MessageLogError, open_message_log
from partner_messages.message_log.preferences import preferences
from partner_messages.webhook import heeding
from partner_messages.webhook.store import store
from sandbox.processes import pauses
from support.deployment import Deployment
from support.log_rows import Log
from support.sending import SendTask, messages, queue_messages
from support.ticks import go_through
from support.webhooks import envelope, messages_change, of_statuses, status_item, text_item

LONG = 120.0
"""Seconds that nothing here takes."""


def stop_of(phone: str, now: dt.datetime) -> bytes:
    """A webhook that says STOP."""
    return envelope(messages_change(messages=[text_item("wamid.stop", "STOP", now, **{"from": phone.lstrip("+")})]))


def test_it_is_applied_before_a_claim(send: SendTask, log: Log, graph_api: Any, deployment: Deployment) -> None:
    ids = queue_messages(log, 3)
    out = messages(log, ids)[1]
    store(log, of_statuses(status_item("wamid.of.the.shop")), deployment.now)
    store(log, stop_of(out["to_phone"], deployment.now), deployment.now)

    send(ids)

    ends = {row["id"]: (row["status"], row["skip_reason"]) for row in messages(log, ids)}
    assert ends.pop(out["id"]) == ("skipped", "opted_out")
    assert set(ends.values()) == {("sent", None)}
    assert out["to_phone"] not in [one["to"] for one in graph_api.outbox(type="template")]


@pytest.mark.parametrize(
    "held",
    [
        "SELECT FROM partner_messages.webhook_event FOR UPDATE",
        "SELECT pg_advisory_xact_lock(hashtextextended('partner_preference ' || to_phone, 0))"
        " FROM partner_messages.message_log",
    ],
    ids=["the same STOP", "another word from the same phone"],
)
def test_one_that_another_process_is_applying_is_waited_for_and_nothing_leaves_before(
    send: SendTask,
    log: Log,
    log_url: str,
    graph_api: Any,
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    held: str,
) -> None:
    monkeypatch.setattr(heeding, "WAIT_FOR_STOP", dt.timedelta(milliseconds=50))
    ids = queue_messages(log, 2)
    store(log, stop_of(messages(log, ids)[0]["to_phone"], deployment.now), deployment.now)

    with psycopg.connect(log_url) as frozen:
        frozen.execute(held)
        with pytest.raises(MessageLogError, match="What may be a STOP is held by another process"):
            send(ids)

    assert graph_api.outbox(type="template") == []
    assert {row["status"] for row in messages(log, ids)} == {"queued"}


def test_one_that_another_process_could_not_apply_after_all_is_applied_here(
    log: Log, log_url: str, deployment: Deployment
) -> None:
    phone = messages(log, queue_messages(log, 1))[0]["to_phone"]
    store(log, stop_of(phone, deployment.now), deployment.now)

    def heed() -> None:
        with open_message_log() as connection:
            heeding.heed_stops(connection, lambda: deployment.now)

    with psycopg.connect(log_url) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT FROM partner_messages.webhook_event FOR UPDATE")
        heeded = pool.submit(heed)
        waits = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'"
        assert any(log.execute(waits).rowcount for _ in pauses(LONG))
        other.rollback()
        heeded.result(LONG)

    assert preferences(log).has_stopped(phone)


def test_other_words_are_left_to_the_receiver_which_tells_of_them(
    send: SendTask, log: Log, deployment: Deployment
) -> None:
    ids = queue_messages(log, 2)
    phone = messages(log, ids)[0]["to_phone"]
    help_asked = envelope(messages_change(messages=[text_item("wamid.help", "Need help", deployment.now)]))
    store(log, help_asked, deployment.now)
    store(log, of_statuses(status_item("wamid.of.the.shop")), deployment.now)
    store(log, stop_of(phone, deployment.now), deployment.now)

    send(ids)

    waits = log.execute("SELECT may_be_stop, applied_at IS NULL AS waits FROM webhook_event ORDER BY id").fetchall()
    assert [(one["may_be_stop"], one["waits"]) for one in waits] == [(False, True), (False, True), (True, False)]


def test_planning_knows_of_it(deployment: Deployment, log: Log) -> None:
    first = next(row for row in go_through(log, {"delivery": "dry_run"}).rows if row["status"] == "rehearsed")
    store(log, stop_of(first["to_phone"], deployment.now), deployment.now)

    tick = go_through(log)

    assert tick.ends[first["production_run_id"]] == "opted_out"
    assert first["to_phone"] not in [row["to_phone"] for row in tick.rows if row["claimed_at"]]
