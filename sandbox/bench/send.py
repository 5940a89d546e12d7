"""Sending as fast as a sender's rate allows: from one process, and from as many as planning deals messages to."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.bench.report import Row, Target, memory_row
from sandbox.bench.workplace import BenchError, Workplace
from sandbox.graph_api import server as graph_api
from sandbox.graph_api.server import LocalGraphApi

TOO_FAST = 130429


@dataclass(frozen=True)
class Way:
    """One way to send.

    Attributes:
        rate: Of the sender and of the Graph API, messages a second.
        times: How many times `Sizes.messages` are sent.
        in_one: Whether one process sends them all; else as many as planning deals them to.
    """

    rate: int
    times: int
    in_one: bool


WAYS = (Way(80, 1, in_one=True), Way(1_000, 5, in_one=True), Way(1_000, 5, in_one=False))
TARGET = Target("at least", 95, "%")
"""What of a sender's rate is to be reached while messages leave; the start of a process and its end are told beside."""


def measure(workplace: Workplace) -> list[Row]:
    """A row for each way, and one for the memory of sending."""
    rows, peaks = [], []
    for way in WAYS:
        messages = way.times * workplace.sizes.messages
        now = workplace.make_shop(runs=10 * messages, stuck=messages, partners=messages)
        with graph_api.running(rate=way.rate) as api:
            steps = workplace.steps(api.url, way.rate, task_each_up_to=0)
            tick = steps.run("find", now=now.isoformat(), repeats=1)["tick"]
            steps.run("forget messages")
            batches = steps.run("plan", tick=tick, repeats=1)["batches"]
            workplace.tell(f"Sending {messages:,} messages at {way.rate:,} a second")
            dealt = [_all_in_one(batches)] if way.in_one else batches
            sending = steps.at_once("send", [{"tick": tick, "batch": batch} for batch in dealt])
            refusals, arrivals = refusals_of(api, messages), arrivals_of(api, messages)
        sent = sum((Counter(one["counts"]) for one in sending), Counter())
        if sent != {"sent": messages}:
            raise BenchError(f"Of {messages} messages at {way.rate} a second these were sent: {dict(sent)}.")
        peaks += [one["peak_mb"] for one in sending]
        rows.append(_row(messages, way.rate, sending, refusals, arrivals))
    return [*rows, memory_row("send", max(peaks))]


def _all_in_one(batches: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One batch of them all: what is dealt to several processes, for a fast number, shows here what one can do."""
    return {**batches[0], "message_ids": [id_ for batch in batches for id_ in batch["message_ids"]]}


def _row(
    messages: int, rate: int, sending: Sequence[dict[str, Any]], refusals: int, arrivals: Sequence[dt.datetime]
) -> Row:
    seconds = max(one["began"] + one["seconds"] for one in sending) - min(one["began"] for one in sending)
    reached = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0]).total_seconds()
    processes = "one process" if len(sending) == 1 else f"the {len(sending)} processes that they are dealt to"
    return Row(
        what=f"send {messages:,} messages in {processes}",
        measured=f"{reached:,.1f} messages/s",
        beside=f"limit: {rate:,}; with start and end: {messages / seconds:,.1f}",
        reached=100 * reached / rate,
        target=TARGET,
        refusals=refusals,
    )


def arrivals_of(api: LocalGraphApi, messages: int) -> list[dt.datetime]:
    """When the second half of so many messages came to Meta, in order."""
    asked = api.requests(last=messages // 2, operation="send_message")["last"]
    return [dt.datetime.fromisoformat(request["received_at"]) for request in asked]


def refusals_of(api: LocalGraphApi, messages: int) -> int:
    """How many requests Meta refused as too fast, of the last ones that so many messages took."""
    asked = api.requests(last=2 * messages, operation="send_message")["last"]
    return sum(request["code"] == TOO_FAST for request in asked)
