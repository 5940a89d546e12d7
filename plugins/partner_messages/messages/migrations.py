"""Brings the schema `partner_messages` up to date: numbered SQL, each file once, checksummed, under one lock."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow, tuple_row

from partner_messages.paths import MIGRATIONS
from partner_messages.settings import MESSAGE_LOG_CONN_ID, SettingsError

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
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.match(path.name)
        if not match:
            raise SettingsError(f"Migration {path.name}: its name must look like 0001_what_it_does.sql.")
        found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise SettingsError(f"The migrations in {folder.name}/ must be numbered 0001, 0002, … without a gap.")
    return found


def migrate(connection: psycopg.Connection[Any], migrations: list[Migration] | None = None) -> list[int]:
    """Apply what is pending, all or nothing, and return the numbers applied.

    Two preflights at once wait for each other at the advisory lock; the second finds nothing left to do.

    Raises:
        SettingsError: An applied file was edited, or the database is ahead of this code.
    """
    wanted = read_migrations() if migrations is None else migrations
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(f"SET LOCAL search_path TO {SCHEMA}")
        applied = _applied(cursor)
        _compare(applied, wanted)
        pending = [migration for migration in wanted if migration.number not in applied]
        for migration in pending:
            cursor.execute(migration.sql.encode())
            cursor.execute(
                "INSERT INTO schema_migration (number, name, checksum) VALUES (%s, %s, %s)",
                [migration.number, migration.name, migration.checksum],
            )
    return [migration.number for migration in pending]


def _applied(cursor: psycopg.Cursor[TupleRow]) -> dict[int, str]:
    # CREATE SCHEMA needs a right that an existing schema's user may lack, so it is asked for only when needed.
    if cursor.execute("SELECT to_regnamespace(%s) IS NULL", [SCHEMA]).fetchone() == (True,):
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration (number integer PRIMARY KEY, name text NOT NULL,"
        " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    return dict(cursor.execute("SELECT number, checksum FROM schema_migration").fetchall())


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
