"""The partners who have written to the sample shop."""

from __future__ import annotations

from pathlib import Path

import psycopg

QUERY = Path(__file__).with_name("inbound.sql")


def wrote_today(dsn: str) -> list[tuple[str, str]]:
    """The number (E.164) and text of each message within the last 24 hours, oldest first."""
    with psycopg.connect(dsn) as connection:
        return [(number, text) for number, text in connection.execute(QUERY.read_bytes())]
