"""More than one session with the message log."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from support.log_rows import Log


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
