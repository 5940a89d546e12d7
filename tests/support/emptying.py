"""Empties a message log, which takes a fraction of the time that a new one takes."""

from __future__ import annotations

import psycopg
from psycopg import sql

from partner_messages.messages.migrations import SCHEMA


def emptied(url: str) -> str:
    """Empty every table of a migrated message log; return its URL."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename <> 'schema_migration'", [SCHEMA]
        ).fetchall()
        names = sql.SQL(", ").join(sql.Identifier(SCHEMA, name) for (name,) in tables)
        connection.execute(sql.SQL("TRUNCATE {}").format(names))
    return url
