"""Others hold what a sending task needs, or its machine's clock is wrong: it waits or is refused, and sends once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from partner_messages.message_log.migrations import SCHEMA
from support.children import Child
from support.fault_table import Tally
from support.log_rows import Log
from support.rough_weather import Weather, ended_of
from support.sending import statuses, still_due, taken
from support.task_work import send_task_by_a_clock

HELD_SECONDS = 0.3
LONG_HELD_SECONDS = 5.0
LOCKS = {
    "rows": "SELECT FROM message_log FOR UPDATE",
    "the table against writing": "LOCK TABLE message_log IN SHARE MODE",
    "the table": "LOCK TABLE message_log IN ACCESS EXCLUSIVE MODE",
}


@pytest.fixture
def impatient(log: Log) -> Iterator[None]:
    """The server's sessions wait for a lock for a tenth of a second, and then fail."""
    database = sql.Identifier(log.info.dbname)
    log.execute(sql.SQL("ALTER DATABASE {} SET lock_timeout = '100ms'").format(database))
    yield
    log.execute(sql.SQL("ALTER DATABASE {} RESET lock_timeout").format(database))


def hold_for_a_while(log_url: str, one: Weather, what: str, seconds: float, task: Child) -> None:
    """Lock it, from a random moment on, and let it go: the task may end meanwhile, if it does not wait."""
    with psycopg.connect(log_url, options=f"-c search_path={SCHEMA} -c lock_timeout=0") as other:
        one.some_way_in()
        other.execute(LOCKS[what].encode())
        task.process.join(seconds)


@pytest.mark.parametrize("what", [*LOCKS, "the table, and nobody waits for long"])
def test_another_session_locks(
    request: pytest.FixtureRequest,
    weather: Callable[[int], Weather],
    rounds: range,
    tally: Tally,
    log_url: str,
    what: str,
) -> None:
    lock, _, impatience = what.partition(", ")
    if impatience:
        request.getfixturevalue("impatient")
    seconds = LONG_HELD_SECONDS if request.config.option.rounds else HELD_SECONDS
    for number in rounds:
        one = weather(number)
        task = one.begin()
        hold_for_a_while(log_url, one, lock, seconds, task)
        ended_of(task)

        one.try_until_settled()

        one.count(tally)
    assert (tally.duplicates, sum(tally.unknown), tally.lost) == (0, 0, 0)


def test_one_of_two_workers_has_a_clock_that_is_minutes_off(
    weather: Callable[[int], Weather], rounds: range, tally: Tally
) -> None:
    for number in rounds:
        one = weather(number)
        minutes = one.dice.choice([-1, 1]) * one.dice.uniform(2, 600)
        right = one.begin()
        wrong = one.start(send_task_by_a_clock, minutes, one.tick, one.batch(), still_due)

        refused = ended_of(wrong)
        ended_of(right)

        assert re.search("clocks are more than a minute apart", str(refused))
        assert set(statuses(one.log, one.ids)) == {"sent"}
        assert len(taken(one.graph_api)) == len(one.ids)
        one.count(tally)
    assert (tally.duplicates, sum(tally.unknown), tally.lost) == (0, 0, 0)
