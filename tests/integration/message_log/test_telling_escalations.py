"""Who tells operations of an escalation: one at a time, and never nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from partner_messages.messages.kinds import ReminderKind
from partner_messages.ops.escalate import key_of
from partner_messages.ops.escalations import (
    close_escalation,
    note_told,
    standing_escalations,
    untold_escalations,
    write_judgement,
)
from partner_messages.ops.judgement import Judgement, Reason, Trouble
from support.at_once import wait_until_blocked
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID, tick
from support.log_rows import Log

Connect = Callable[[], Log]


def opened(log: Log, run_id: str = "R1") -> None:
    trouble = Trouble(
        production_run_id=run_id, partner_id=PARTNER_ID, kind=ReminderKind.IDLE, since=TICK, reason=Reason.NO_REACTION
    )
    assert write_judgement(log, tick(), Judgement([trouble], {})) == (1, 0)


def test_who_asks_while_another_tells_waits_and_finds_them_told(log: Log, connect: Connect) -> None:
    opened(log)
    teller, other, observer = connect(), connect(), connect()

    with ThreadPoolExecutor(1) as pool:
        with teller.transaction():
            mine = untold_escalations(teller, DAY)
            waiting = pool.submit(untold_escalations, other, DAY)
            wait_until_blocked(observer, other)
            note_told(teller, DAY, mine)
        assert waiting.result() == []
    assert len(mine) == 1


def test_what_was_not_told_to_its_end_is_as_untold_as_before(log: Log, connect: Connect) -> None:
    opened(log)
    teller = connect()

    with teller.transaction(force_rollback=True):
        note_told(teller, DAY, untold_escalations(teller, DAY))

    assert len(untold_escalations(log, DAY)) == 1


def test_a_list_that_is_told_again_after_a_crash_has_its_key_and_the_next_week_s_another(
    log: Log, connect: Connect
) -> None:
    opened(log)
    opened(log, "R2")
    keys = []
    for _ in range(2):
        with connect().transaction(force_rollback=True) as told:
            keys.append(key_of(untold_escalations(told.connection, DAY)))
    note_told(log, DAY, untold_escalations(log, DAY))

    keys.append(key_of(untold_escalations(log, DAY + dt.timedelta(days=7))))

    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(("days", "told"), [(0, 0), (6, 0), (7, 1), (30, 1)])
def test_what_is_open_is_told_again_after_seven_days(log: Log, days: int, told: int) -> None:
    opened(log)
    note_told(log, DAY, untold_escalations(log, DAY))

    assert len(untold_escalations(log, DAY + dt.timedelta(days=days))) == told


def test_what_is_closed_is_told_to_nobody(log: Log) -> None:
    opened(log)
    assert close_escalation(log, "R1", by="Asha", why="Settled.", now=TICK) is Reason.NO_REACTION

    assert untold_escalations(log, DAY) == []
    assert len(standing_escalations(log, tick())) == 1


@pytest.mark.parametrize(
    "change",
    [
        "closed_at = now()",
        "closed_at = now(), closed_by = 'Asha', closed_why = ' '",
        "over_at = now()",
        "delivery = 'dry_run', told_on = '2026-11-23'",
        "reason = 'parked'",
    ],
)
def test_a_row_that_cannot_be_is_refused_by_the_database(log: Log, change: str) -> None:
    opened(log)

    with pytest.raises(psycopg.errors.CheckViolation):
        log.execute(f"UPDATE escalation SET {change}")
