"""Bringing the schema up to date: once, under one lock, all or nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from partner_messages.config.settings import SettingsError
from partner_messages.message_log.migrations import SCHEMA, Migration, main, migrate, read_migrations
from support.at_once import at_once, wait_until_blocked

FIRST = Migration(1, "first", "CREATE TABLE one (id integer)")
SECOND = Migration(2, "second", "CREATE TABLE two (id integer); INSERT INTO two VALUES (2)")
BROKEN = Migration(2, "broken", "CREATE TABLE two (id integer); SELECT 1 / 0")

_numbers = itertools.count(1)
Connect = Callable[[], psycopg.Connection[Any]]


@pytest.fixture
def connect(postgres: Any) -> Iterator[Connect]:
    """Opens sessions with an empty database of this test's own."""
    name = f"unmigrated_{next(_numbers)}"
    url = postgres.create_database(name)
    sessions: list[psycopg.Connection[Any]] = []

    def one_more() -> psycopg.Connection[Any]:
        sessions.append(psycopg.connect(url, autocommit=True))
        return sessions[-1]

    yield one_more
    for session in sessions:
        session.close()
    postgres.drop_database(name)


def tables(connection: psycopg.Connection[Any]) -> set[str]:
    found = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [SCHEMA])
    return {name for (name,) in found}


def test_a_fresh_database_gets_every_migration_once(connect: Connect) -> None:
    connection = connect()

    assert migrate(connection) == [migration.number for migration in read_migrations()]
    assert {"message_log", "message_run", "stuck_run", "sender_stop", "tick", "schema_migration"} <= tables(connection)
    assert migrate(connection) == []


def test_only_what_is_pending_is_applied(connect: Connect) -> None:
    connection = connect()

    assert migrate(connection, [FIRST]) == [1]
    assert migrate(connection, [FIRST, SECOND]) == [2]
    assert connection.execute(f"SELECT id FROM {SCHEMA}.two").fetchall() == [(2,)]


@pytest.mark.parametrize("autocommit", [True, False])
def test_what_was_applied_is_committed_whatever_the_session_is_set_to(connect: Connect, autocommit: bool) -> None:
    connection = connect()
    connection.autocommit = autocommit

    migrate(connection, [FIRST])

    assert tables(connect()) == {"one", "schema_migration"}


def test_many_preflights_at_once_apply_each_migration_once(connect: Connect) -> None:
    sessions = [connect() for _ in range(4)]

    applied = at_once(*(lambda session=session: migrate(session, [FIRST, SECOND]) for session in sessions))

    assert sorted(applied) == [[], [], [], [1, 2]]


def test_a_second_preflight_waits_for_the_first(connect: Connect) -> None:
    first, second = connect(), connect()

    with ThreadPoolExecutor(1) as pool:
        with first.transaction():
            migrate(first, [FIRST])
            waiting = pool.submit(migrate, second, [FIRST, SECOND])
            wait_until_blocked(connect(), second)

        assert waiting.result() == [2]


def test_a_failing_migration_leaves_nothing_of_any(connect: Connect) -> None:
    connection = connect()
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(connection, [FIRST, BROKEN])

    assert tables(connection) == set()
    assert migrate(connection, [FIRST, SECOND]) == [1, 2]


def test_a_failing_migration_leaves_the_earlier_ones_as_they_were(connect: Connect) -> None:
    connection = connect()
    migrate(connection, [FIRST])
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(connection, [FIRST, BROKEN])

    assert tables(connection) == {"one", "schema_migration"}


def test_an_edited_migration_is_refused_by_name(connect: Connect) -> None:
    connection = connect()
    migrate(connection, [FIRST, SECOND])
    edited = Migration(1, "first", f"{FIRST.sql} -- a small correction")

    with pytest.raises(SettingsError, match=r"Migration 0001_first\.sql was edited after it had been applied"):
        migrate(connection, [edited, SECOND])


def test_an_edit_is_found_before_anything_else_is_applied(connect: Connect) -> None:
    connection = connect()
    migrate(connection, [FIRST])
    with pytest.raises(SettingsError):
        migrate(connection, [Migration(1, "first", "SELECT 1"), SECOND])

    assert "two" not in tables(connection)


def test_a_database_that_is_ahead_of_the_code_is_refused(connect: Connect) -> None:
    connection = connect()
    migrate(connection, [FIRST, SECOND])

    with pytest.raises(SettingsError, match=r"message_log_db: .* has migration 0002, which this version does not know"):
        migrate(connection, [FIRST])


def test_a_user_who_may_not_make_schemas_can_use_one_that_is_there(connect: Connect, postgres: Any) -> None:
    owner = connect()
    role = postgres.create_role("plain_user", "secret")
    owner.execute(f"CREATE SCHEMA {SCHEMA} AUTHORIZATION {role}")
    owner.execute(f"SET ROLE {role}")

    assert migrate(owner, [FIRST]) == [1]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["0001_a.sql", "0003_b.sql"], "without a gap"),
        (["0002_a.sql"], "without a gap"),
        (["0001_a.sql", "0001_b.sql"], "without a gap"),
        (["0000_a.sql", "0001_b.sql"], "without a gap"),
        (["0001_a.sql", "0002-b.sql"], r"0002-b\.sql: its name must look like 0001_what_it_does\.sql"),
        (["1_a.sql"], r"1_a\.sql: its name"),
        (["0001_A.sql"], r"0001_A\.sql: its name"),
    ],
)
def test_files_are_numbered_without_a_gap(tmp_path: Path, names: list[str], said: str) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")

    with pytest.raises(SettingsError, match=said):
        read_migrations(tmp_path)


def test_a_checksum_does_not_depend_on_how_lines_end(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_bytes(b"SELECT 1;\nSELECT 2;\n")
    (plain,) = read_migrations(tmp_path)
    (tmp_path / "0001_a.sql").write_bytes(b"SELECT 1;\r\nSELECT 2;\r\n")
    (from_windows,) = read_migrations(tmp_path)

    assert plain.checksum == from_windows.checksum


def test_the_shipped_migrations_can_be_read() -> None:
    assert [migration.number for migration in read_migrations()][:1] == [1]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://owner:Swordfish@127.0.0.1:1/x", "Connection refused"),
        ("postgresql://owner:Swordfish@nowhere.invalid/x", "[Errno "),  # Only newer drivers name the host, too.
        ("postgresql://owner:Swordfish@127.0.0.1:port/x", "port"),
        ("no URL", "in connection info string"),
    ],
    ids=["no server", "no such host", "no port", "no URL"],
)
def test_the_command_says_in_a_sentence_why_it_cannot_connect(
    monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setattr("sys.argv", ["migrations", url])

    with pytest.raises(SystemExit) as ended:
        main()

    sentence = str(ended.value)
    assert sentence.startswith("Nothing was applied: ")
    assert said in sentence
    assert "Swordfish" not in sentence
    assert "\n" not in sentence


def test_the_command_says_in_a_sentence_what_migrations_refuse(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres.create_database("ahead")
    with psycopg.connect(url) as connection:
        migrate(connection)
        connection.execute(f"INSERT INTO {SCHEMA}.schema_migration (number, name, checksum) VALUES (9999, 'x', 'x')")
    monkeypatch.setattr("sys.argv", ["migrations", url])

    try:
        with pytest.raises(SystemExit, match=r"^Nothing was applied: .* has migration 9999, which this version"):
            main()
    finally:
        postgres.drop_database("ahead")
