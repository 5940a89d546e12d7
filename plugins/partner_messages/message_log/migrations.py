"""Brings the schema `partner_messages` up to date: numbered SQL, each file once, checksummed, under one lock."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow, tuple_row

from partner_messages.config.paths import MIGRATIONS, included
from partner_messages.config.settings import MESSAGE_LOG_CONN_ID, SettingsError
from whatsapp_provider.masking import mask

SCHEMA = "partner_messages"
_LOCK = 7_305_114_081
"""Key of the advisory lock that all preflights of one database share; any number that nothing else uses."""
_FILE_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")


@dataclass(frozen=True)
class Migration:
    """One file of `include/sql/migrations/`."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """The migrations of a folder in their order.

    Raises:
        SettingsError: A file's name does not fit, or the numbers are not 1, 2, 3, …
    """
    found = []
    for path in sorted(included(folder).glob("*.sql")):
        match = _FILE_NAME.match(path.name)
        if not match:
            raise SettingsError(f"Migration {path.name}: its name must look like 0001_what_it_does.sql.")
        found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    if not found or [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise SettingsError(
            f"The migrations in {folder} must be numbered 0001, 0002, … without a gap; copy all of them."
        )
    return found


def migrate(connection: psycopg.Connection[Any], migrations: list[Migration] | None = None) -> list[int]:
    """Apply what is pending, all or nothing, and return the numbers applied.

    Two preflights at once wait for each other at the advisory lock; the second finds nothing left to do.

    Raises:
        SettingsError: An applied file was edited, the database is ahead of this code, or the user may not apply what is
            pending.
    """
    wanted = read_migrations() if migrations is None else migrations
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(f"SET LOCAL search_path TO {SCHEMA}")
        applied = _applied(cursor)
        _compare(applied, wanted)
        pending = [migration for migration in wanted if migration.number not in applied]
        if pending:
            _apply(cursor, pending)
    return [migration.number for migration in pending]


def _applied(cursor: psycopg.Cursor[TupleRow]) -> dict[int, str]:
    if cursor.execute("SELECT to_regclass(%s) IS NULL", [f"{SCHEMA}.schema_migration"]).fetchone() == (True,):
        return {}
    return dict(cursor.execute("SELECT number, checksum FROM schema_migration").fetchall())


def _apply(cursor: psycopg.Cursor[TupleRow], pending: Sequence[Migration]) -> None:
    try:
        # The user may lack the right to create the schema and the table, so they are created only where missing.
        if cursor.execute("SELECT to_regnamespace(%s) IS NULL", [SCHEMA]).fetchone() == (True,):
            cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        if cursor.execute("SELECT to_regclass('schema_migration') IS NULL").fetchone() == (True,):
            cursor.execute(
                "CREATE TABLE schema_migration (number integer PRIMARY KEY, name text NOT NULL,"
                " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
            )
        for migration in pending:
            cursor.execute(migration.sql.encode())
            cursor.execute(
                "INSERT INTO schema_migration (number, name, checksum) VALUES (%s, %s, %s)",
                [migration.number, migration.name, migration.checksum],
            )
    except psycopg.errors.InsufficientPrivilege as error:
        numbers = ", ".join(f"{migration.number:04}" for migration in pending)
        raise SettingsError(
            f"Connection {MESSAGE_LOG_CONN_ID}: migrations {numbers} are pending, and its user may not apply them"
            f" ({error.diag.message_primary}); apply them as the owner of schema {SCHEMA}, with plugins/ in PYTHONPATH:"
            f" python -m partner_messages.message_log.migrations 'postgresql://OWNER@HOST/DATABASE'"
        ) from None


def _compare(applied: dict[int, str], wanted: list[Migration]) -> None:
    known = {migration.number: migration for migration in wanted}
    for number, checksum in sorted(applied.items()):
        if number not in known:
            raise SettingsError(
                f"Connection {MESSAGE_LOG_CONN_ID}: its schema {SCHEMA} has migration {number:04}, which this version"
                " does not know; deploy the newer include/ and plugins/ again."
            )
        if known[number].checksum != checksum:
            raise SettingsError(
                f"Migration {number:04}_{known[number].name}.sql was edited after it had been applied; restore it and"
                " put the change into a new migration."
            )


def main() -> None:
    """`python -m partner_messages.message_log.migrations URL`: apply what is pending, as the user of the URL."""
    if len(sys.argv) != 2:
        sys.exit("Give one argument: the URL of the message log's database, as the owner of its schema.")
    try:
        with psycopg.connect(sys.argv[1]) as connection:
            applied = migrate(connection)
    except SettingsError as error:
        sys.exit(f"Nothing was applied: {error}")
    except psycopg.Error as error:
        said = mask(" ".join(str(error).split())).rstrip(".?")
        sys.exit(f"Nothing was applied: {said}; look at the URL, at its server, and at what its user may do.")
    sys.stdout.write(f"Migrations applied: {applied or 'none'}.\n")


if __name__ == "__main__":
    main()
