"""(b) Sending from one process, as fast as a sender's rate allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.bench.report import Row, Target, memory_row
from sandbox.bench.workplace import BenchError, Workplace
from sandbox.graph_api import server as graph_api
from sandbox.graph_api.server import LocalGraphApi

TOO_FAST = 130429
TARGETS = {80: Target("at least", 95, "%"), 1_000: Target("at least", 40, "%")}
"""What of a sender's rate, messages a second, is to be reached."""


def measure(workplace: Workplace) -> list[Row]:
    """A row for each rate, and one for the memory of sending."""
    messages = workplace.sizes.messages
    now = workplace.make_shop(runs=10 * messages, stuck=messages, partners=messages)
    rows, peaks = [], []
    for rate, target in TARGETS.items():
        with graph_api.running(rate=rate) as api:
            steps = workplace.steps(api.url, rate, task_each_up_to=0, chunk_size=messages)
            tick = steps.run("find", now=now.isoformat(), repeats=1)["tick"]
            steps.run("forget messages")
            batches = steps.run("plan", tick=tick, repeats=1)["batches"]
            workplace.tell(f"Sending {messages:,} messages at {rate:,} a second")
            sending = steps.run("send", tick=tick, batch=_all_in_one(batches))
            refusals = refusals_of(api, messages)
        if sending["counts"] != {"sent": messages}:
            raise BenchError(f"Of {messages} messages at {rate} a second these were sent: {sending['counts']}.")
        peaks.append(sending["peak_mb"])
        rows.append(_row(messages, rate, target, sending, refusals))
    return [*rows, memory_row("send", max(peaks))]


def _all_in_one(batches: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One batch of them all: what is dealt to several processes, for a fast number, shows here what one can do."""
    return {**batches[0], "message_ids": [id_ for batch in batches for id_ in batch["message_ids"]]}


def _row(messages: int, rate: int, target: Target, sending: dict[str, Any], refusals: int) -> Row:
    reached = messages / sending["seconds"]
    return Row(
        what=f"send {messages:,} messages in one process",
        measured=f"{reached:,.1f} messages/s",
        beside=f"limit: {rate:,} messages/s",
        reached=100 * reached / rate,
        target=target,
        refusals=refusals,
    )


def refusals_of(api: LocalGraphApi, messages: int) -> int:
    """How many requests Meta refused as too fast, of the last ones that so many messages took."""
    asked = api.requests(last=2 * messages, operation="send_message")["last"]
    return sum(request["code"] == TOO_FAST for request in asked)
