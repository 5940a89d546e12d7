"""The message log's schema as one text, read from a database that all migrations have made: `docs/schema.sql`."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from partner_messages.message_log.migrations import SCHEMA
from support.dag_docs import PROJECT

SCHEMA_PAGE = PROJECT / "docs/schema.sql"

_HEAD = f"""\
-- The schema {SCHEMA} of the message log, as all migrations in include/sql/migrations make it.
-- Written by `make readme`; the columns' meanings stand in the migrations, and docs/design.md says what a table is for.
"""

_COLUMNS = """
SELECT
    a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS needed,
    a.attidentity <> '' AS counted, a.attgenerated <> '' AS made, pg_get_expr(d.adbin, d.adrelid) AS default
FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_CONSTRAINTS = """
SELECT conname AS name, pg_get_constraintdef(oid, true) AS text
FROM pg_constraint
WHERE conrelid = %s::regclass AND contype <> 'n'
ORDER BY array_position('{p,u,x,f,c}'::text[], contype::text), conname
"""
_INDEXES = """
SELECT pg_get_indexdef(indexrelid, 0, true) AS text
FROM pg_index
WHERE indrelid = %s::regclass
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
ORDER BY indexrelid::regclass::text
"""
_TABLES = "SELECT tablename AS name FROM pg_tables WHERE schemaname = %s ORDER BY tablename"


def schema_text(log: psycopg.Connection[Any]) -> str:
    """Every table with its columns, constraints and indexes.

    Args:
        log: A session with the message log's database; its search path and the shape of its rows change.
    """
    log.row_factory = dict_row
    log.execute(f"SET search_path TO {SCHEMA}")
    tables = [row["name"] for row in log.execute(_TABLES, [SCHEMA]).fetchall()]
    return _HEAD + "".join(f"\n{_table(log, name)}" for name in tables)


def _table(log: psycopg.Connection[Any], name: str) -> str:
    lines = [_column(row) for row in log.execute(_COLUMNS, [name]).fetchall()]
    lines += [f"CONSTRAINT {row['name']} {row['text']}" for row in log.execute(_CONSTRAINTS, [name]).fetchall()]
    indexes = [f"{row['text']};\n" for row in log.execute(_INDEXES, [name]).fetchall()]
    return f"CREATE TABLE {name} (\n    " + ",\n    ".join(lines) + "\n);\n" + "".join(indexes)


def _column(row: dict[str, Any]) -> str:
    given = "GENERATED ALWAYS AS ({}) STORED" if row["made"] else "DEFAULT {}"
    default = "GENERATED AS IDENTITY" if row["counted"] else row["default"] and given.format(row["default"])
    parts = (row["name"], row["type"], row["needed"] and "NOT NULL", default)
    return " ".join(filter(None, parts))
