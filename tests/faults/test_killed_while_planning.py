"""A planning task that is killed, or planning twice at once: every run is reminded of once."""

from __future__ import annotations

import collections
import multiprocessing
import signal
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.shop.expectations import expectations
from support.children import Child, Death
from support.log_rows import Log
from support.task_work import found, plan_task, send_batch, whole_tick

Start = Callable[..., Child]
PLAN = "partner_messages.planning.plan_reminders"
pytestmark = pytest.mark.usefixtures("in_chunks")
TO_SEND = sorted(run_id for run_id, one in expectations().items() if one.outcome == "send")


def sent_runs(log: Log, graph_api: Any) -> list[str]:
    """The run of each message that the local Graph API has taken."""
    run_of = {str(row["id"]): row["production_run_id"] for row in log.execute("SELECT * FROM message_log")}
    return sorted(run_of[message["biz_opaque_callback_data"]] for message in graph_api.outbox())


@pytest.mark.parametrize(
    ("dies", "rows_left"),
    [
        (Death(f"{PLAN}.write_drafts", "before"), False),
        (Death("partner_messages.message_log.queueing._as_duplicates", "before"), False),
        (Death(f"{PLAN}.write_drafts", "after"), False),
        (Death(f"{PLAN}._write", "after"), True),
        (Death(f"{PLAN}.note_counts", "after"), True),
        (Death(f"{PLAN}.deal_out", "after"), True),
    ],
    ids=[
        "before it writes",
        "while it writes",
        "before it commits",
        "after it wrote",
        "before it deals",
        "before it returns",
    ],
)
def test_planning_again_after_a_kill_loses_and_doubles_nothing(
    start: Start, log: Log, graph_api: Any, dies: Death, rows_left: bool
) -> None:
    tick = found("run 1")
    assert start(plan_task, tick, dies=dies).ended() == -signal.SIGKILL
    assert bool(log.execute("SELECT FROM message_log").rowcount) is rows_left

    for batch in plan_task(tick):
        send_batch(tick, batch)

    assert sent_runs(log, graph_api) == TO_SEND
    ends = collections.Counter(
        (row["production_run_id"], row["skip_reason"]) for row in log.execute("SELECT * FROM message_log")
    )
    assert max(ends.values()) == 1


def test_a_run_that_was_killed_after_planning_is_sent_by_the_next_one(start: Start, log: Log, graph_api: Any) -> None:
    first = start(plan_task, found("run 1"), dies=Death(f"{PLAN}.deal_out", "after"))
    assert first.ended() == -signal.SIGKILL

    second = found("run 2")
    for batch in plan_task(second):
        send_batch(second, batch)

    assert sent_runs(log, graph_api) == TO_SEND
    assert {row["dag_run_id"] for row in log.execute("SELECT * FROM message_log WHERE status = 'sent'")} == {"run 2"}


@pytest.mark.parametrize("meetings", [("plan",), ("send",), ("plan", "send")], ids=" and ".join)
def test_two_runs_of_one_day_at_the_same_instant_send_once(
    start: Start, log: Log, graph_api: Any, meetings: tuple[str, ...]
) -> None:
    together = multiprocessing.get_context("forkserver").Barrier(2, timeout=60)

    both = [start(whole_tick, found(run_id), together, meetings) for run_id in ("run 1", "run 2")]
    for child in both:
        child.result()

    assert sent_runs(log, graph_api) == TO_SEND
    held = [
        row["production_run_id"] for row in log.execute("SELECT production_run_id FROM message_run WHERE holds_slot")
    ]
    assert len(held) == len(set(held))
