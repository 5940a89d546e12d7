"""A partner writes STOP while a tick is sending: heard by a receiver of its own, it counts at the next claim."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sandbox import receiver
from sandbox.connections import connections
from sandbox.processes import pauses
from support.deployment import Deployment
from support.log_rows import Log
from support.sending import PHONE_NUMBER_ID, SendTask, messages, queue_messages, requested

LONG = 120.0
"""Seconds that nothing here takes."""


def test_who_writes_stop_while_a_tick_is_sending_is_claimed_no_more(
    send: SendTask, log: Log, graph_api: Any, deployment: Deployment, tmp_path: Path, log_url: str, shop_url: str
) -> None:
    send.set_rate(1)
    ids = queue_messages(log, 4)
    in_force = threading.Event()

    def clock() -> dt.datetime:
        # Once something has left, the next claim waits until the word is written down: no clock decides this test.
        if requested(graph_api):
            assert in_force.wait(LONG)
        return deployment.now

    made = connections(shop_url=shop_url, message_log_url=log_url, graph_api_url=graph_api.url)
    with receiver.running(tmp_path, made) as url, ThreadPoolExecutor(1) as pool:
        graph_api.subscribe(url)
        sending = pool.submit(send, ids, clock=clock)
        assert any(requested(graph_api) for _ in pauses(LONG))
        (*_, last) = (row for row in messages(log, ids) if row["status"] == "queued")
        graph_api.answer(PHONE_NUMBER_ID, last["to_phone"], "STOP")
        said = "SELECT FROM partner_preference WHERE phone = %s AND value = 'stop'"
        assert any(log.execute(said, [last["to_phone"]]).rowcount for _ in pauses(LONG))
        in_force.set()
        sending.result(LONG)

    (skipped,) = (row for row in messages(log, ids) if row["status"] == "skipped")
    assert (skipped["id"], skipped["skip_reason"]) == (last["id"], "opted_out")
    to = [one["to"] for one in graph_api.outbox(type="template")]
    assert (len(to), last["to_phone"] in to) == (3, False)
