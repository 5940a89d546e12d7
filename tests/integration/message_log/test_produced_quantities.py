"""What the message log remembers of produced quantities, and what it calls a change."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from partner_messages.message_log.history import quantity_changes
from partner_messages.message_log.ticks import note_quantities
from partner_messages.messages.kinds import ReminderKind, StuckRun
from support.at_once import at_once, wait_until_blocked
from support.deployment import TICK
from support.examples import stuck_run
from support.log_rows import Log

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)


def run(produced: float | None, run_id: str = "R1") -> StuckRun:
    return stuck_run(run_id, kind=ReminderKind.IDLE, produced_quantity=produced)


def note(log: Log, *runs: StuckRun, now: dt.datetime) -> None:
    """What a tick notes that starts a minute late."""
    note_quantities(log, runs, now=now, observed_at=now + MINUTE)


def noted(log: Log, run_id: str = "R1") -> list[float | None]:
    found = log.execute(
        "SELECT produced_quantity FROM produced_quantity_seen WHERE production_run_id = %s ORDER BY number", [run_id]
    ).fetchall()
    return [row["produced_quantity"] for row in found]


@pytest.mark.parametrize(
    ("seen", "rows", "changed"),
    [
        pytest.param([5], [5], None, id="seen first"),
        pytest.param([None], [None], None, id="never reported"),
        pytest.param([5, 5, 5], [5], None, id="the same again"),
        pytest.param([None, None], [None], None, id="still not reported"),
        pytest.param([5, 8, 8], [5, 8], 1, id="more"),
        pytest.param([8, 8, 5], [8, 5], 2, id="less: somebody corrects it"),
        pytest.param([None, 5], [None, 5], 1, id="reported for the first time"),
        pytest.param([None, 0], [None, 0], 1, id="none reported for the first time"),
        pytest.param([5, None], [5], None, id="gone"),
        pytest.param([5, None, 5], [5], None, id="gone and back"),
        pytest.param([5, None, 6], [5, 6], 2, id="gone and another"),
        pytest.param([5, 8, 5], [5, 8, 5], 2, id="there and back"),
        pytest.param([12.5, 12.5, 0.1, 0.1], [12.5, pytest.approx(0.1)], 2, id="fractions"),
        pytest.param([math.inf, math.inf], [math.inf], None, id="no number twice"),
    ],
)
def test_what_a_change_is(log: Log, seen: list[float | None], rows: list[float | None], changed: int | None) -> None:
    for number, produced in enumerate(seen):
        note(log, run(produced), now=TICK + number * DAY)

    assert noted(log) == rows
    later = TICK + 9 * DAY
    assert quantity_changes(log, ["R1"], now=later) == (
        {} if changed is None else {"R1": TICK + changed * DAY + MINUTE}
    )


def test_nan_is_the_same_as_nan(log: Log) -> None:
    for number in range(3):
        note(log, run(math.nan), now=TICK + number * DAY)

    assert len(noted(log)) == 1


def test_many_runs_are_noted_together_and_each_has_its_own_history(log: Log) -> None:
    note(log, run(1, "R1"), run(2, "R2"), run(None, "R3"), now=TICK)
    note(log, run(1, "R1"), run(3, "R2"), run(4, "R4"), now=TICK + DAY)
    note(log, now=TICK + 2 * DAY)

    assert [noted(log, id_) for id_ in ("R1", "R2", "R3", "R4")] == [[1], [2, 3], [None], [4]]
    assert quantity_changes(log, ["R1", "R2", "R3", "R4", "R5"], now=TICK + 3 * DAY) == {"R2": TICK + DAY + MINUTE}
    assert quantity_changes(log, ["R1"], now=TICK + 3 * DAY) == {}
    assert quantity_changes(log, [], now=TICK + 3 * DAY) == {}


def test_the_tick_that_sees_a_change_has_it_at_its_own_now(log: Log) -> None:
    note(log, run(5), now=TICK)
    note(log, run(8), now=TICK + DAY)

    assert quantity_changes(log, ["R1"], now=TICK + DAY) == {"R1": TICK + DAY}


def test_judged_at_an_earlier_moment_a_later_change_is_not_known(log: Log) -> None:
    for number, produced in enumerate([5, 8, 9]):
        note(log, run(produced), now=TICK + number * DAY)

    known = [quantity_changes(log, ["R1"], now=TICK + hours * dt.timedelta(hours=1)) for hours in (0, 23, 24, 47, 48)]

    assert [found.get("R1") for found in known] == [
        *(None, None, TICK + DAY, TICK + DAY + MINUTE, TICK + 2 * DAY),
    ]


def test_a_reading_older_than_the_one_noted_last_changes_nothing(log: Log) -> None:
    note_quantities(log, [run(5)], now=TICK, observed_at=TICK + MINUTE)
    note_quantities(log, [run(8)], now=TICK, observed_at=TICK + 3 * MINUTE)

    note_quantities(log, [run(5)], now=TICK, observed_at=TICK + 2 * MINUTE)

    assert noted(log) == [5, 8]


@pytest.mark.parametrize("seen_before", [True, False])
def test_two_ticks_that_see_the_same_at_once_note_it_once(
    log: Log, connect: Callable[[], Log], seen_before: bool
) -> None:
    if seen_before:
        note(log, *(run(1, f"R{number}") for number in range(50)), now=TICK - DAY)
    runs = [run(2, f"R{number}") for number in range(50)]
    one, other = connect(), connect()

    at_once(lambda: note(one, *runs, now=TICK), lambda: note(other, *reversed(runs), now=TICK + MINUTE))

    assert all(noted(log, f"R{number}") == ([1, 2] if seen_before else [2]) for number in range(50))


def test_a_tick_that_notes_while_another_has_not_committed_waits_for_it(log: Log, connect: Callable[[], Log]) -> None:
    first, second = connect(), connect()

    with ThreadPoolExecutor(1) as pool:
        with first.transaction():
            note(first, run(5), now=TICK)
            waiting = pool.submit(note, second, run(5), now=TICK + MINUTE)
            wait_until_blocked(log, second)
        waiting.result()

    assert noted(log) == [5]
    assert quantity_changes(log, ["R1"], now=TICK + DAY) == {}
