"""What happens to a task that sends, at random moments: nothing twice, nothing lost, and little left in doubt."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from partner_messages.message_log import acts
from partner_messages.message_log.migrations import SCHEMA, migrate
from partner_messages.message_log.position import check_position, trust_log
from partner_messages.sending.dispatch import LOTS_AHEAD
from sandbox.unsafe_postgres import UnsafePostgres, unsafe_postgres
from support.deployment import Deployment
from support.examples import tick
from support.fault_table import Tally
from support.log_rows import Log
from support.restoring import empty
from support.rough_weather import MESSAGES, Weather, ended_of
from support.sending import messages, requested, statuses

NOT_THERE_YET = 2 * LOTS_AHEAD
"""Requests, at 80 a second, that are let go before their turn where commits take long, else one; and as many on their
way to the Graph API, where a busy machine carries them late."""
OUTAGE = 25.0
SHORT_OUTAGE = 1.5
CONNECTIONS = 10
OTHERS = "others"
"""The name of the sessions that take the place of the task's."""
AS_THE_PACKAGE = {"autocommit": True, "row_factory": dict_row, "options": f"-c search_path={SCHEMA}"}


def test_a_task_is_killed(weather: Callable[[int], Weather], rounds: range, tally: Tally) -> None:
    for number in rounds:
        one = weather(number)
        child = one.begin()
        one.some_way_in()
        child.kill()
        ends = statuses(one.log, one.ids)
        under_way = requested(one.graph_api) - ends.count("sent")
        let_go = sum(row["status"] == "sending" and not row["still_here"] for row in messages(one.log, one.ids))

        one.try_until_settled()

        one.count(tally)
        assert tally.unknown[-1] == let_go <= under_way + NOT_THERE_YET
    assert (tally.duplicates, tally.lost) == (0, 0)


@pytest.fixture
def large_day(pytestconfig: pytest.Config) -> dict[str, int]:
    """What `Weather` says of a day of 1,000 messages from a fast number; without `--rounds` an ordinary one."""
    return {"messages": 1_000, "rate": 1_000} if pytestconfig.option.rounds else {}


def test_sending_is_halted_and_goes_on(
    weather: Callable[[int], Weather], large_day: dict[str, int], rounds: range, tally: Tally
) -> None:
    midway = 0
    for number in rounds:
        one = dataclasses.replace(weather(number), **large_day)
        child = one.begin()
        one.some_way_in(at_most=one.messages // 10)
        acts.halt(one.log, who="Meera", why="wrong texts", now=one.tick.now)
        ended_of(child)
        gone = requested(one.graph_api)
        midway += gone < one.messages
        one.try_again()
        assert requested(one.graph_api) == gone, "nothing leaves while sending is halted"
        assert acts.go_on(one.log, who="Meera", why="corrected", now=one.tick.now, asked_at=one.tick.now)

        one.try_until_settled()

        one.count(tally)
    # On a busy machine one round may be over before its halt is in force.
    assert midway > 0 or len(rounds) == 1
    assert (tally.duplicates, sum(tally.unknown), tally.lost) == (0, 0, 0)


def test_a_task_is_stopped_past_its_lease(weather: Callable[[int], Weather], rounds: range, tally: Tally) -> None:
    for number in rounds:
        one = weather(number)
        sleeper = one.begin()
        one.some_way_in()
        os.kill(sleeper.pid, signal.SIGSTOP)
        one.try_until_settled()
        os.kill(sleeper.pid, signal.SIGCONT)
        ended_of(sleeper)

        one.count(tally)
    assert (tally.duplicates, tally.lost) == (0, 0)


def test_all_sessions_are_terminated(weather: Callable[[int], Weather], rounds: range, tally: Tally) -> None:
    for number in rounds:
        one = weather(number)
        child = one.begin()
        one.some_way_in()
        terminate_others(one.log)
        ended_of(child)

        one.try_until_settled()

        one.count(tally)
    assert (tally.duplicates, sum(tally.unknown), tally.lost) == (0, 0, 0)


def terminate_others(log: Log) -> None:
    log.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


@pytest.fixture
def outage(pytestconfig: pytest.Config) -> float:
    """For how many seconds nobody is let in."""
    return OUTAGE if pytestconfig.option.rounds else SHORT_OUTAGE


@pytest.fixture
def ordinary_role(postgres: Any, log: Log, log_url: str, deployment: Deployment) -> Iterator[sql.Identifier]:
    """The package writes as a role that may do no more than it needs, and may be kept out."""
    name = postgres.create_role("log_writer", "secret")
    role = sql.Identifier(name)
    schema = sql.Identifier(SCHEMA)
    log.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
    log.execute(sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}").format(schema, role))
    parts = urlsplit(log_url)
    deployment.patch.setenv(
        "AIRFLOW_CONN_MESSAGE_LOG_DB",
        f"postgresql://{quote(name)}:secret@{parts.hostname}:{parts.port}{parts.path}",
    )
    yield role
    log.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT -1").format(role))


def test_the_database_takes_no_connections_for_a_while(
    weather: Callable[[int], Weather], ordinary_role: sql.Identifier, slow_rounds: range, tally: Tally, outage: float
) -> None:
    for number in slow_rounds:
        one = weather(number)
        child = one.begin()
        one.some_way_in()
        one.log.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT 0").format(ordinary_role))
        terminate_others(one.log)
        time.sleep(outage)
        one.log.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT -1").format(ordinary_role))
        ended_of(child)

        one.try_until_settled()

        one.count(tally)
    assert (tally.duplicates, sum(tally.unknown), tally.lost) == (0, 0, 0)


# A server of its own, which writes to the disk but would tell its sessions that it has when it has not


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnsafePostgres]:
    settings = {
        "synchronous_commit": "off",
        "wal_level": "replica",
        "restore_command": "false",
        "max_connections": str(CONNECTIONS),
        "superuser_reserved_connections": "0",
    }
    with unsafe_postgres(tmp_path_factory.mktemp("unsafe"), settings) as server:
        with psycopg.connect(server.url) as connection:
            migrate(connection)
        yield server


@dataclasses.dataclass
class OnItsOwn:
    """Rounds over a server of their own."""

    server: UnsafePostgres
    weather: Callable[[int], Weather]

    def round(self, number: int) -> Weather:
        """A round over an empty message log."""
        one = self.weather(number)
        one.log = self.session()
        empty(one.log)
        position = check_position(one.log, None)
        assert position is not None
        one.tick = dataclasses.replace(tick(), log_position=position.to_json())
        return one

    def session(self) -> Log:
        """One more session with the message log."""
        return psycopg.connect(self.server.url, **AS_THE_PACKAGE)


@pytest.fixture
def on_its_own(server: UnsafePostgres, weather: Callable[[int], Weather], deployment: Deployment) -> OnItsOwn:
    deployment.patch.setenv("AIRFLOW_CONN_MESSAGE_LOG_DB", server.url)
    return OnItsOwn(server, weather)


def test_the_connections_are_exhausted(on_its_own: OnItsOwn, slow_rounds: range, tally: Tally, outage: float) -> None:
    for number in slow_rounds:
        one = on_its_own.round(number)
        child = one.begin()
        one.some_way_in()
        with contextlib.ExitStack() as others:
            take_all_connections(on_its_own.server.url, others)
            terminate_task(one.log)
            take_all_connections(on_its_own.server.url, others)
            time.sleep(outage)
        ended_of(child)

        one.try_until_settled()

        one.count(tally)
        one.log.close()
    assert (tally.duplicates, sum(tally.unknown), tally.lost) == (0, 0, 0)


def take_all_connections(url: str, others: contextlib.ExitStack) -> None:
    """Open sessions until the server has no room for another."""
    for _ in range(CONNECTIONS):
        try:
            others.enter_context(psycopg.connect(url, application_name=OTHERS))
        except psycopg.OperationalError:  # Too many clients.
            return
    raise AssertionError(f"{CONNECTIONS} sessions more than there were have found room")


def terminate_task(log: Log) -> None:
    log.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> %s",
        [OTHERS],
    )


@pytest.mark.parametrize("with_it", ["and the task goes on", "and the task with it"])
def test_the_server_is_killed(on_its_own: OnItsOwn, rounds: range, tally: Tally, with_it: str) -> None:
    for number in rounds:
        one = on_its_own.round(number)
        child = one.begin()
        one.some_way_in()
        on_its_own.server.kill()
        if with_it == "and the task with it":
            child.kill()
        on_its_own.server.start()
        one.log = on_its_own.session()
        if with_it == "and the task goes on":
            ended_of(child)

        one.try_until_settled()

        one.count(tally)
    assert (tally.duplicates, tally.lost) == (0, 0)
    if with_it == "and the task goes on":
        assert sum(tally.unknown) == 0


@pytest.mark.parametrize("with_it", ["and the task goes on", "and the task dies"])
def test_a_standby_that_lacks_the_last_seconds_takes_over(
    on_its_own: OnItsOwn, rounds: range, tally: Tally, with_it: str
) -> None:
    for number in rounds:
        one = on_its_own.round(number)
        child = one.begin()
        behind = one.some_way_in(at_most=MESSAGES // 2)
        copy = on_its_own.server.remember()
        one.some_way_in(at_least=behind, at_most=MESSAGES - 5)
        if with_it == "and the task dies":
            child.kill()
        on_its_own.server.fall_back_to(copy)
        one.log = on_its_own.session()
        if with_it == "and the task goes on":
            ended_of(child)

        refused = one.try_again()
        assert "was promoted or restored" in str(refused)
        if with_it == "and the task dies":
            # What the standby lacks nobody knows any more: it stays queued until a person has looked.
            one.count(tally, a_person_is_asked=True)
            continue
        assert all(row["meta_message_id"] for row in messages(one.log, one.ids) if row["status"] == "sent")
        trust_log(one.log, by="ops", why="the task has written everything down again")

        one.try_until_settled()

        one.count(tally)
    assert (tally.duplicates, sum(tally.unknown), tally.lost) == (0, 0, 0)
