"""A message log of every released version is brought up to date with its rows, and nothing is sent twice from it.

`--keep-log` writes what this version leaves behind into `released/<version>.sql`, which a release needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row, scalar_row

import whatsapp_provider
from partner_messages.message_log.migrations import SCHEMA, migrate, read_migrations
from sandbox.connections import connections
from sandbox.shop import partner_id
from support.deployment import Deployment
from support.log_rows import Log
from support.ticks import go_through

FOLDER = Path(__file__).parent / "released"
KEPT = sorted(FOLDER.glob("*.sql"))
CHANGES = Path(__file__).resolve().parents[3] / "CHANGELOG.md"
WITHOUT = "schema_migration"
TICKED = {"partner_ids": [*map(partner_id, ("RAJESH", "MEERA", "ANAND", "GANESH"))]}
"""Of whose runs a tick has been in each of them."""


@pytest.fixture
def old_log(postgres: Any, deployment: Deployment, request: pytest.FixtureRequest) -> Iterator[Log]:
    """The log that a released version has left, and the package deployed over it."""
    url = postgres.create_database("released_log")
    deployment.connect(
        "message_log_db", connections(shop_url="", message_log_url=url, graph_api_url="")["message_log_db"]
    )
    with psycopg.connect(url, autocommit=True, row_factory=dict_row, options=f"-c search_path={SCHEMA}") as log:
        text = request.param.read_text(encoding="utf-8")
        number = int(re.match(r"-- migrations: (\d+)\n", text)[1])  # type: ignore[index]
        migrate(log, read_migrations()[:number])
        log.execute("SET session_replication_role = replica")  # The rows come in the order of their tables' names.
        log.execute(text.encode())
        log.execute("RESET session_replication_role")
        yield log
    postgres.drop_database("released_log")


def tables(log: Log) -> list[str]:
    found = log.cursor(row_factory=scalar_row).execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename <> %s ORDER BY 1", [SCHEMA, WITHOUT]
    )
    return found.fetchall()


def rows_of(log: Log) -> dict[str, int]:
    count = "SELECT count(*) FROM {}"
    return {
        name: log.cursor(row_factory=scalar_row).execute(sql.SQL(count).format(sql.Identifier(name))).fetchone() or 0
        for name in tables(log)
    }


@pytest.mark.parametrize("old_log", KEPT, indirect=True, ids=lambda path: path.stem)
def test_the_rows_stay_and_a_tick_of_the_same_day_sends_nothing_again(old_log: Log, graph_api: Any) -> None:
    before = rows_of(old_log)
    assert before["message_log"] > before["tick"] > 0
    migrate(old_log)
    after = rows_of(old_log)
    assert {name: after[name] for name in before} == before

    again = go_through(old_log, TICKED, logical_date=None)

    assert again.state == "success"
    assert again.by("skip_reason")["duplicate"] > 0
    assert graph_api.outbox() == []


def test_each_released_version_has_left_its_log_here() -> None:
    released = re.findall(r"^## \[(\d[^\]]*)\]", CHANGES.read_text(encoding="utf-8"), re.MULTILINE)

    assert [one for one in released if not (FOLDER / f"{one}.sql").exists()] == []


def test_this_version_s_log_is_kept(deployment: Deployment, log: Log, request: pytest.FixtureRequest) -> None:
    if not request.config.option.keep_log:
        pytest.skip("only for a release, with --keep-log")
    go_through(log, TICKED)

    statements = [f"-- migrations: {read_migrations()[-1].number}\n"]
    for name in tables(log):
        columns = log.cursor(row_factory=scalar_row).execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = '' ORDER BY attnum",
            [name],
        )
        listed = ", ".join(columns.fetchall())
        rows = log.cursor(row_factory=scalar_row).execute(f"SELECT to_json(t) FROM (SELECT {listed} FROM {name}) AS t")
        if texts := [json.dumps(row, ensure_ascii=False).replace("'", "''") for row in rows]:
            statements.append(
                f"INSERT INTO {name} ({listed}) OVERRIDING SYSTEM VALUE\nSELECT {listed}\n"
                f"FROM json_populate_recordset(NULL::{name}, '[\n" + ",\n".join(texts) + "\n]');\n"
            )
    (FOLDER / f"{whatsapp_provider.__version__}.sql").write_text("".join(statements), encoding="utf-8")
