"""Create the sample shop in a database: the small data set, or many runs for benchmarks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, LiteralString

import psycopg
from psycopg import sql

HERE = Path(__file__).parent
SAMPLE = (
    "data/clock.sql",
    "data/partners.sql",
    "data/designs.sql",
    "data/conversations.sql",
    "data/runs.sql",
    "data/activity.sql",
)
BENCH = ("data/clock.sql", "bench_data.sql")

Deployment = Literal["current", "older"]


def load(dsn: str, tick: dt.datetime, *, deployment: Deployment = "current") -> None:
    """Drop and create the shop's tables, and fill them with the sample data set, timed around the tick.

    Args:
        dsn: Connection URL of a database of the sandbox; the shop's tables in it are dropped.
        tick: The time of the tick in `expectations.toml`; aware.
        deployment: With `older`, without the columns, the table and the status that older deployments lack.

    Raises:
        ValueError: The tick has no time zone.
    """
    after = ("older_schema.sql",) if deployment == "older" else ()
    _run(dsn, ["schema.sql", *SAMPLE, *after], _tick_setting(tick))


def load_bench(
    dsn: str, tick: dt.datetime, *, runs: int = 1_000_000, stuck: int = 10_000, partners: int = 2_000, abroad: int = 0
) -> None:
    """Drop and create the shop's tables with many runs, most of them finished, and analyse them.

    Args:
        dsn: Connection URL of a database of the sandbox; the shop's tables in it are dropped.
        tick: The time at which `stuck` runs are stuck; aware.
        runs: The number of runs.
        stuck: The number of stuck runs, a third in each state; divides `runs`.
        partners: The number of partners; each has a valid number.
        abroad: Every so many of them have an Italian number, the others an Indian one; 0 for none.

    Raises:
        ValueError: The tick has no time zone, or `stuck` does not divide `runs`.
    """
    if runs % stuck:
        raise ValueError(f"{stuck} stuck runs do not divide {runs} runs evenly; choose a divisor.")
    numbers = {"runs": str(runs), "stuck": str(stuck), "partners": str(partners), "abroad": str(abroad)}
    _run(dsn, ["schema.sql", *BENCH], _tick_setting(tick) | numbers)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def allow_reading(dsn: str, role: str) -> None:
    """Allow a role to read every table of the shop, and to write nothing; `dsn` is the owner's."""
    _grant(
        dsn,
        role,
        "GRANT USAGE ON SCHEMA public TO {role};"
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};"
        "ALTER ROLE {role} SET default_transaction_read_only = on",
    )


def allow_writing_inbox(dsn: str, role: str) -> None:
    """Allow a role only what the setting `mirror_to_shop` needs; `dsn` is the owner's."""
    _grant(
        dsn,
        role,
        "GRANT USAGE ON SCHEMA public TO {role};"
        "GRANT SELECT ON partner, messaging_conversation, messaging_message TO {role};"
        "GRANT INSERT ON messaging_conversation, messaging_message TO {role};"
        "GRANT UPDATE ON messaging_conversation TO {role}",
    )


def _grant(dsn: str, role: str, statements: LiteralString) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(sql.SQL(statements).format(role=sql.Identifier(role)))


def _tick_setting(tick: dt.datetime) -> dict[str, str]:
    if tick.tzinfo is None:
        raise ValueError(f"The tick {tick} has no time zone; give it one.")
    return {"tick": tick.isoformat()}


def _run(dsn: str, files: list[str], settings: Mapping[str, str]) -> None:
    """Run SQL files in one transaction; they read the settings as `sample_shop.<name>`."""
    with psycopg.connect(dsn, options="-c timezone=UTC") as connection:
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, true)", [f"sample_shop.{name}", value])
        for file in files:
            connection.execute((HERE / file).read_bytes())
