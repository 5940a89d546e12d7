"""How PostgreSQL carries out a named query: which tables it reads from end to end, and how much it touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from psycopg import Rollback, sql

from partner_messages.database.named_sql import query
from support.log_rows import Log


def whole_scans(log: Log, name: str, parameters: Mapping[str, Any], **identifiers: str | bool) -> set[str]:
    """The tables that a query would read from end to end."""
    nodes = _plan(log, "", name, parameters, identifiers)
    return {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}


def work(log: Log, name: str, parameters: Mapping[str, Any], **identifiers: str | bool) -> int:
    """How many pages and rows a query touches: it is carried out, and what it has changed is taken back."""
    with log.transaction() as transaction:
        nodes = list(_plan(log, "ANALYZE, BUFFERS, TIMING off,", name, parameters, identifiers))
        raise Rollback(transaction)
    rows = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0))
        * node["Actual Loops"]
        for node in nodes
    )
    return int(nodes[0]["Shared Hit Blocks"] + nodes[0]["Shared Read Blocks"] + rows)


def _plan(
    log: Log, how: str, name: str, parameters: Mapping[str, Any], identifiers: Mapping[str, str | bool]
) -> Iterator[dict[str, Any]]:
    explain = sql.SQL("EXPLAIN ({} FORMAT JSON) {}").format(sql.SQL(how), sql.SQL(query(name, **identifiers)))  # type: ignore[arg-type]
    (found,) = log.execute(explain, parameters).fetchall()
    return _nodes(found["QUERY PLAN"][0]["Plan"])


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
