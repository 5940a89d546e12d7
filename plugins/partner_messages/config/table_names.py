"""Which names a table of the shop may have (pure).

A name goes into SQL as it is, not quoted, so it is a plain identifier or it is refused.
"""

from __future__ import annotations

import re

_LONGEST = 63
"""Characters; PostgreSQL cuts what is longer, and would read another table."""

_IDENTIFIER = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{_LONGEST - 1}}}")

_RESERVED_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross current_catalog current_date current_role current_schema
    current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for
    foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral
    leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps
    placing primary references returning right select session_user similar some symmetric system_user table
    tablesample then to trailing true union unique user using variadic verbose when where window with
"""
RESERVED = frozenset(_RESERVED_WORDS.split())
"""Words that PostgreSQL 18 takes for no table where they stand first (`pg_get_keywords()`, R and T)."""


def checked_table(value: str) -> str:
    """A table's name, with its schema before a dot or without.

    Raises:
        ValueError: It cannot be one of the shop's.
    """
    parts = value.split(".")
    if len(parts) > 2 or not all(_IDENTIFIER.fullmatch(part) for part in parts):
        raise ValueError('must be the plain name of a table, such as "production_runs" or "shop.production_runs"')
    first = parts[0].lower()
    if first.startswith("pg_") or first == "information_schema":
        raise ValueError("must be a table of the shop, not one of PostgreSQL itself")
    if first in RESERVED:
        raise ValueError("must be no reserved word of SQL; put the schema before it, such as public.<name>")
    return value
