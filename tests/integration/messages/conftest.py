"""The message log of these tests: one database for all of them, empty at the beginning of each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from support.log_rows import Log


@pytest.fixture(scope="session")
def _shared_log_url(_templates: Any) -> str:
    url: str = _templates.create_database("log_of_messages", template="log_template")
    return url


@pytest.fixture
def log_url(_shared_log_url: str) -> str:
    """An empty, migrated message log; quicker than a database a test."""
    with psycopg.connect(_shared_log_url, options="-c search_path=partner_messages") as connection:
        for table in ("message_run", "message_log", "stuck_run", "sender_stop", "tick"):
            connection.execute(f"DELETE FROM {table}")
    return _shared_log_url


@pytest.fixture
def connect(log_url: str) -> Iterator[Callable[[], Log]]:
    """Opens one more session with the message log, as the package opens it."""
    with contextlib.ExitStack() as sessions:

        def one_more() -> Log:
            return sessions.enter_context(
                psycopg.connect(
                    log_url, autocommit=True, row_factory=dict_row, options="-c search_path=partner_messages"
                )
            )

        yield one_more
