"""Tasks of one DAG run that write what they found at the same moment."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from partner_messages.message_log.ticks import record_stuck
from partner_messages.messages.kinds import ReminderKind
from support.at_once import at_once
from support.deployment import TICK
from support.examples import stuck_run, tick
from support.log_rows import Log

RUNS = [f"R{number}" for number in range(200)]
record = functools.partial(record_stuck, observed_at=TICK)


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param((ReminderKind.IDLE, ReminderKind.IDLE), id="a try that was taken for dead, and the next one"),
        pytest.param((ReminderKind.IDLE, ReminderKind.NOT_STARTED), id="runs that change their kind between two tasks"),
    ],
)
def test_a_run_is_written_down_once(
    log: Log, connect: Callable[[], Log], kinds: tuple[ReminderKind, ReminderKind]
) -> None:
    one, other = connect(), connect()

    for _ in range(3):
        at_once(
            lambda: record(one, tick(), kinds[0], [stuck_run(id_) for id_ in RUNS]),
            lambda: record(other, tick(), kinds[1], [stuck_run(id_) for id_ in reversed(RUNS)]),
        )

    found = log.execute("SELECT production_run_id, kind FROM stuck_run").fetchall()
    assert sorted(row["production_run_id"] for row in found) == sorted(RUNS)
    assert len({row["kind"] for row in found}) == 1
