"""A STOP that is stored and that no receiver has applied, as it ended or is frozen, counts before the next claim."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
import pytest

from partner_messages.message_log.database import MessageLogError
from partner_messages.webhook import heeding
from partner_messages.webhook.store import store
from support.deployment import Deployment
from support.log_rows import Log
from support.sending import SendTask, messages, queue_messages
from support.ticks import go_through
from support.webhooks import envelope, messages_change, of_statuses, status_item, text_item


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


def test_one_that_another_process_is_applying_is_waited_for_and_nothing_leaves_before(
    send: SendTask, log: Log, log_url: str, graph_api: Any, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heeding, "WAIT_FOR_STOP", dt.timedelta(milliseconds=50))
    ids = queue_messages(log, 2)
    store(log, stop_of(messages(log, ids)[0]["to_phone"], deployment.now), deployment.now)

    with psycopg.connect(log_url) as frozen:
        frozen.execute("SELECT FROM partner_messages.webhook_event FOR UPDATE")
        with pytest.raises(MessageLogError, match="What may be a STOP is held by another process"):
            send(ids)

    assert graph_api.outbox(type="template") == []
    assert {row["status"] for row in messages(log, ids)} == {"queued"}


def test_planning_knows_of_it(deployment: Deployment, log: Log) -> None:
    first = next(row for row in go_through(log, {"delivery": "dry_run"}).rows if row["status"] == "rehearsed")
    store(log, stop_of(first["to_phone"], deployment.now), deployment.now)

    tick = go_through(log)

    assert tick.ends[first["production_run_id"]] == "opted_out"
    assert first["to_phone"] not in [row["to_phone"] for row in tick.rows if row["claimed_at"]]
