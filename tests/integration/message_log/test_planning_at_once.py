"""Two DAG runs that plan the same runs at the same moment: one message each, whatever the order."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from partner_messages.message_log.outbox import claim
from partner_messages.message_log.queueing import write_drafts
from partner_messages.messages.values import Draft
from support.at_once import at_once, wait_until_blocked
from support.deployment import TICK
from support.examples import draft, tick
from support.log_rows import Log, ends, everything, put, queue, slots

RUNS = [f"R{number}" for number in range(12)]


def plan(*run_ids: str, seed: int = 0) -> list[Draft]:
    """A reminder for each run, in an order of its own."""
    return [draft(run_id) for run_id in random.Random(seed).sample(run_ids, len(run_ids))]


@pytest.mark.parametrize("seed", range(3))
def test_runs_that_two_ticks_plan_at_once_are_queued_once(log: Log, connect: Callable[[], Log], seed: int) -> None:
    one, other = connect(), connect()

    at_once(
        lambda: write_drafts(one, tick(1), plan(*RUNS, seed=seed)),
        lambda: write_drafts(other, tick(2), plan(*RUNS, seed=seed + 50)),
    )

    queued = [row for row in everything(log) if row["status"] == "queued"]
    duplicates = [row for row in everything(log) if row["skip_reason"] == "duplicate"]
    assert sorted(row["production_run_id"] for row in queued) == sorted(RUNS)
    assert slots(log) == {row["production_run_id"]: row["id"] for row in queued}
    # Either the second one came so late that it adopted them all, or it lost some of them to the first.
    assert {row["duplicate_of"] for row in duplicates} <= {row["id"] for row in queued}
    assert len(everything(log)) == len(queued) + len(duplicates)


def test_a_tick_that_plans_while_another_is_writing_waits_and_then_sees_duplicates(
    log: Log, connect: Callable[[], Log]
) -> None:
    first, second = connect(), connect()

    with ThreadPoolExecutor(1) as pool:
        with first.transaction():
            write_drafts(first, tick(1), plan("R1", "R2"))
            waiting = pool.submit(write_drafts, second, tick(2), plan("R2", "R3"))
            wait_until_blocked(log, second)
        waiting.result()

    assert ends(log) == [
        ("R1:reminder:2026-11-23", "queued"),
        ("R2:reminder:2026-11-23", "queued"),
        ("R2:reminder:2026-11-23", "duplicate"),
        ("R3:reminder:2026-11-23", "queued"),
    ]
    by_run = {(row["production_run_id"], row["status"]): row for row in everything(log)}
    assert by_run["R2", "skipped"]["duplicate_of"] == by_run["R2", "queued"]["id"]
    assert by_run["R2", "queued"]["dag_run_id"] == "run 1"


def test_a_tick_whose_rival_gives_up_gets_the_runs_itself(log: Log, connect: Callable[[], Log]) -> None:
    first, second = connect(), connect()

    with ThreadPoolExecutor(1) as pool:
        with contextlib.suppress(RuntimeError), first.transaction():
            write_drafts(first, tick(1), plan("R1"))
            waiting = pool.submit(write_drafts, second, tick(2), plan("R1"))
            wait_until_blocked(log, second)
            raise RuntimeError("killed before the commit")
        waiting.result()

    (row,) = everything(log)
    assert (row["status"], row["dag_run_id"]) == ("queued", "run 2")


def test_a_message_that_is_claimed_while_it_is_adopted_becomes_a_duplicate(
    log: Log, connect: Callable[[], Log]
) -> None:
    (left,) = queue(log, draft("R1"), by=tick(1))
    claimer, planner = connect(), connect()

    with ThreadPoolExecutor(1) as pool:
        with claimer.transaction():
            claimer.execute("UPDATE message_log SET status = 'sending' WHERE id = %s", [left])
            waiting = pool.submit(write_drafts, planner, tick(2), plan("R1"))
            wait_until_blocked(log, planner)
        waiting.result()

    claimed, duplicate = everything(log)
    assert (claimed["status"], claimed["dag_run_id"]) == ("sending", "run 1")
    assert (duplicate["skip_reason"], duplicate["dag_run_id"]) == ("duplicate", "run 2")
    assert duplicate["duplicate_of"] == left


def test_a_digest_and_a_reminder_that_meet_in_one_run_do_not_both_go_out(log: Log, connect: Callable[[], Log]) -> None:
    one, other = connect(), connect()

    at_once(
        lambda: write_drafts(one, tick(1), [draft("R1", "R2", "R3")]),
        lambda: write_drafts(other, tick(2), [draft("R3"), draft("R2"), draft("R4")]),
    )

    queued = {row["id"]: row for row in everything(log) if row["status"] == "queued"}
    assert set(slots(log).values()) == set(queued)
    spoken_of = log.execute("SELECT production_run_id FROM message_run WHERE holds_slot").fetchall()
    assert sorted(row["production_run_id"] for row in spoken_of) in (["R1", "R2", "R3", "R4"], ["R2", "R3", "R4"])


def test_digests_that_overlap_crosswise_do_not_lock_each_other_out(log: Log, connect: Callable[[], Log]) -> None:
    sessions = [connect() for _ in range(3)]
    digests = [("R1", "R2"), ("R2", "R3"), ("R3", "R1")]

    at_once(
        *(
            lambda session=session, number=number, runs=runs: write_drafts(
                session,
                tick(number),
                [draft(*runs, context_id=f"P{number}:digest", partner_id=f"P{number}")],
            )
            for number, (session, runs) in enumerate(zip(sessions, digests, strict=True), start=1)
        )
    )

    assert sorted(end for _, end in ends(log)) == ["duplicate", "duplicate", "queued"]


def test_two_ticks_that_queue_the_same_runs_take_the_slots_in_one_order(log: Log, connect: Callable[[], Log]) -> None:
    holder, planner = connect(), connect()
    log.execute("SET lock_timeout = '5s'")

    with ThreadPoolExecutor(1) as pool:
        with holder.transaction():
            write_drafts(holder, tick(1), plan("R0"))
            waiting = pool.submit(write_drafts, planner, tick(2), plan(*RUNS, seed=7))
            wait_until_blocked(log, planner)
            # Whoever waits for the first slot holds none of the later ones.
            write_drafts(log, tick(3), plan(*RUNS[1:]))
        waiting.result()

    queued = {row["production_run_id"]: row["dag_run_id"] for row in everything(log) if row["status"] == "queued"}
    assert queued == {"R0": "run 1", **dict.fromkeys(RUNS[1:], "run 3")}


def test_two_ticks_that_adopt_the_same_messages_lock_them_in_one_order(log: Log, connect: Callable[[], Log]) -> None:
    ids = dict(zip(RUNS, queue(log, *(draft(run_id) for run_id in RUNS)), strict=True))
    holder, planner = connect(), connect()
    # Knowing that the log is small, PostgreSQL goes through the drafts in their order.
    log.execute("ANALYZE message_log")

    with ThreadPoolExecutor(1) as pool:
        with holder.transaction():
            # Whoever waits here must not hold any of the later ones already: another planner may have them.
            holder.execute("SELECT FROM message_log WHERE id = %s FOR UPDATE", [ids["R0"]])
            waiting = pool.submit(write_drafts, planner, tick(2), plan(*RUNS, seed=7))
            wait_until_blocked(log, planner)
            free = log.execute("SELECT production_run_id FROM message_log FOR UPDATE SKIP LOCKED").fetchall()
        waiting.result()

    assert sorted(row["production_run_id"] for row in free) == sorted(set(RUNS) - {"R0"})
    assert {row["dag_run_id"] for row in everything(log)} == {"run 2"}


def test_a_message_named_by_a_duplicate_that_is_being_written_can_still_be_claimed(
    log: Log, connect: Callable[[], Log]
) -> None:
    (id_,) = queue(log, draft("R1"), by=tick(1))
    planner = connect()

    with planner.transaction():
        put(planner, "skipped", "R1", by=2, skip_reason="duplicate", duplicate_of=id_)

        assert [claimed.id for claimed in claim(log, [id_], token=id_, now=TICK)] == [id_]
