"""What became of the runs that were reminded of, as the ticks saw it, and of the cases of the comparison."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import pytest

from partner_messages.message_log.effect import count_what_came_of_it
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID
from support.log_rows import Log, change, put

SINCE = TICK - dt.timedelta(days=20)
FIRST = -20
"""The tick of which it is told, in days before `DAY`; a Tuesday."""


def day(number: int) -> dt.date:
    return DAY + dt.timedelta(days=FIRST + number)


def ticked(log: Log, number: int, *found: str, by: str = "scheduled__", **columns: Any) -> None:
    """A tick so many days after the first, and the runs that it found stuck."""
    at = TICK + dt.timedelta(days=FIRST + number)
    dag_run = f"{by}{number}"
    log.execute(
        "INSERT INTO tick (id, dag_id, dag_run_id, delivery, day, now, planned, created_at) VALUES"
        " (gen_random_uuid(), 'production_run_reminders', %s, 'live', %s, %s, 1, %s)",
        [dag_run, day(number), at, at],
    )
    row = {"kind": "idle", "partner_id": PARTNER_ID, "since": SINCE, **columns}
    for run in found:
        log.execute(
            "INSERT INTO stuck_run (dag_run_id, production_run_id, kind, delivery, day, partner_id, since, observed_at)"
            " VALUES (%s, %s, %s, 'live', %s, %s, %s, %s)",
            [dag_run, run, row["kind"], day(number), row["partner_id"], row["since"], at],
        )


def reminded(log: Log, number: int, run: str = "R1", **columns: Any) -> None:
    at = TICK + dt.timedelta(days=FIRST + number)
    put(
        log,
        columns.pop("status", "sent"),
        run,
        day=day(number),
        sent_at=at,
        dag_run_id=f"scheduled__{number}",
        **columns,
    )


def counted(log: Log, number: int = 0, gone: Collection[str] = ()) -> list[tuple[Any, ...]]:
    """What a day was counted to: the reminder's number, what came of it, after how many ticks, of how many runs."""
    while count_what_came_of_it(log, TICK, lambda runs: {*gone} & {*runs}):
        pass
    asked = "SELECT number, outcome, ticks, runs FROM move_count WHERE day = %s ORDER BY 1, 2, 3"
    return [tuple(row.values()) for row in log.execute(asked, [day(number)]).fetchall()]


def test_a_run_that_a_whole_tick_finds_no_more_has_moved(log: Log) -> None:
    ticked(log, 0, "R1")
    reminded(log, 0)
    for number, found in ((1, ["R1"]), (2, ["R1"]), (3, [])):
        ticked(log, number, *found)
    assert counted(log) == [(1, "moved", 3, 1)]


def test_a_tick_that_was_started_by_hand_may_have_looked_at_others_alone(log: Log) -> None:
    ticked(log, 0, "R1")
    reminded(log, 0)
    ticked(log, 1, by="manual__")
    assert counted(log) == [(1, "not_over", None, 1)]


def test_a_run_that_was_not_found_because_a_threshold_was_raised_has_not_moved(log: Log) -> None:
    ticked(log, 0, "R1")
    reminded(log, 0)
    ticked(log, 1)
    ticked(log, 2, "R1")
    ticked(log, 3)
    assert counted(log) == [(1, "moved", 3, 1)]


@pytest.mark.parametrize(
    ("kind", "then", "outcome"),
    [
        ("idle", {}, "moved"),
        ("not_started", {"kind": "idle"}, "moved"),
        ("assignment_pending", {"kind": "assignment_pending"}, "by_the_shop"),
        ("idle", {"partner_id": "P2"}, "by_the_shop"),
    ],
    ids=["worked on", "started", "sent anew", "given to somebody else"],
)
def test_what_the_shop_does_is_no_move_of_the_partner(log: Log, kind: str, then: dict[str, str], outcome: str) -> None:
    ticked(log, 0, "R1", kind=kind)
    reminded(log, 0, reminder_kind=kind)
    ticked(log, 1, "R1", **{"kind": kind, **then, "since": TICK + dt.timedelta(days=FIRST, hours=3)})
    ((_, found, _, _),) = counted(log)
    assert found == outcome


def test_a_cancelled_run_has_not_moved(log: Log) -> None:
    ticked(log, 0, "R1")
    reminded(log, 0)
    event = {"message_kind": "event", "event_name": "production_run.cancelled", "context_id": "R1:cancelled:P1"}
    put(log, "sent", "R1", day=day(1), **event)
    ticked(log, 1)
    assert counted(log) == [(1, "by_the_shop", None, 1)]


def test_a_run_that_the_shop_has_deleted_or_cancelled_without_a_word_has_not_moved(log: Log) -> None:
    ticked(log, 0, "R1", "R2")
    reminded(log, 0)
    reminded(log, 0, "R2")
    ticked(log, 1)
    assert counted(log, gone=["R1"]) == [(1, "by_the_shop", None, 1), (1, "moved", 1, 1)]


def test_each_reminder_has_one_end_and_its_number(log: Log) -> None:
    for number in range(3):
        ticked(log, number, "R1")
        reminded(log, number, status="sent" if number != 1 else "failed")
    ticked(log, 3)
    assert counted(log) == [(1, "reminded_again", None, 1)]
    assert counted(log, 1) == [], "Meta refused it: nobody was reminded"
    assert counted(log, 2) == [(2, "moved", 1, 1)]


def test_after_ten_ticks_a_run_is_still_stuck_and_what_was_not_due_stands_beside(log: Log) -> None:
    for number in range(12):
        ticked(log, number, "R1", "R2")
    reminded(log, 0)
    put(log, "skipped", "R2", skip_reason="not_due", day=day(0))
    assert counted(log) == [(0, "still_stuck", None, 1), (1, "still_stuck", None, 1)]


def test_a_day_is_counted_anew_until_three_weeks_have_gone_by(log: Log) -> None:
    ticked(log, 0, "R1")
    reminded(log, 0)
    assert counted(log) == [(1, "not_over", None, 1)]
    for days, ticks in ((1, 1), (30, 1)):
        ticked(log, days)
        log.execute("UPDATE counted_day SET counted_at = %s WHERE day = %s", [TICK - dt.timedelta(hours=7), day(0)])
        assert counted(log) == [(1, "moved", ticks, 1)]
    ids = log.execute("SELECT id FROM message_log").fetchall()
    change(log, ids[0]["id"], status="delivered", delivered_at_meta=TICK)
    log.execute("UPDATE counted_day SET counted_at = %s WHERE day = %s", [TICK + dt.timedelta(days=9), day(0)])
    counted(log)
    (row,) = log.execute("SELECT status, heard FROM message_count WHERE day = %s", [day(0)]).fetchall()
    assert row == {"status": "sent", "heard": False}


@pytest.mark.parametrize(
    ("held_back", "moves_after", "again", "outcome"),
    [
        (True, 5, None, "moved"),
        (True, 6, None, "still_stuck"),
        (True, 6, 3, "spoilt"),
        (False, 6, 3, "still_stuck"),
        (False, 2, None, "moved"),
    ],
)
def test_a_case_of_the_comparison_moves_within_five_ticks_or_does_not(
    log: Log, held_back: bool, moves_after: int, again: int | None, outcome: str
) -> None:
    log.execute(
        "INSERT INTO trial_case (fortnight, partner_id, held_back, production_run_id, kind, since, day)"
        " VALUES (%s, %s, %s, 'R1', 'idle', %s, %s)",
        [day(0), PARTNER_ID, held_back, SINCE, day(0)],
    )
    for number in range(5):
        ticked(log, number, *["R1"] * (number < moves_after))
    if again:
        reminded(log, again)
    counted(log)
    assert log.execute("SELECT outcome FROM trial_case").fetchall() == [{"outcome": None}]
    for number in range(5, 7):
        ticked(log, number, *["R1"] * (number < moves_after))
    count_what_came_of_it(log, TICK, lambda _: ())
    assert log.execute("SELECT outcome FROM trial_case").fetchall() == [{"outcome": outcome}]
