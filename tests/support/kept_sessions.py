"""Keeps database sessions of a test process for who wants one next: a test, or the package where they are no subject.

A session costs as much as all that a task asks over it: a process of the server's own, a catalog read from scratch, and
a plan for each query. So a kept one has its prepared statements, too, and prepares what it is asked a second time.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import select
from collections.abc import Iterator
from typing import Any
from unittest import mock

import psycopg
import pytest
from psycopg import pq
from psycopg.rows import dict_row, tuple_row
from psycopg.types.json import register_default_adapters

_Key = tuple[tuple[str, Any], ...]


_AS_NEW = "; ".join(
    (
        *("CLOSE ALL", "SET SESSION AUTHORIZATION DEFAULT", "RESET ALL", "UNLISTEN *"),
        *("SELECT pg_advisory_unlock_all()", "DISCARD TEMP", "DISCARD SEQUENCES"),
    )
)
"""What DISCARD ALL stands for, but for the plans and the prepared statements."""


class KeptSession(psycopg.Connection[Any]):
    """A session that is kept when it is closed: what was open is rolled back, and all that was set is set back."""

    kept: list[KeptSession]

    def close(self) -> None:
        """Keep the session as new, or close it where it is broken."""
        if self in self.kept:
            return
        try:
            if self.info.transaction_status != pq.TransactionStatus.IDLE:
                self.pgconn.exec_(b"ROLLBACK")  # After `rollback` the driver forgets what it has prepared.
            self.read_only = self.isolation_level = self.deferrable = None
            self.autocommit, self.row_factory = True, tuple_row
            self.execute(_AS_NEW, prepare=False)
            self.autocommit = False
        except psycopg.Error:
            super().close()
        else:
            self.kept.append(self)

    @property
    def is_alive(self) -> bool:
        """Whether the server still holds it: what it says to a session that waits is that it has ended, as it does when
        the database is dropped."""
        says_something, _, _ = select.select([self], [], [], 0)
        if says_something:
            super().close()
        return not says_something


class KeptSessions:
    """The sessions of a test process that wait for the next who wants one."""

    def __init__(self) -> None:
        self._kept: dict[_Key, list[KeptSession]] = collections.defaultdict(list)

    @contextlib.contextmanager
    def session(self, conninfo: str, *, autocommit: bool = False, **arguments: Any) -> Iterator[KeptSession]:
        """A session for the tests' own use, as `psycopg.connect` gives one; rows are dicts."""
        with self.connect({"conninfo": conninfo, **arguments}) as connection:
            connection.autocommit, connection.row_factory = autocommit, dict_row
            yield connection

    def connect(self, arguments: dict[str, Any]) -> KeptSession:
        """A kept session that was opened with these arguments, or a new one."""
        key = tuple(sorted(arguments.items()))
        with contextlib.suppress(IndexError):  # Another thread may have taken the last one.
            while not (session := self._kept[key].pop()).is_alive:
                pass
            return session
        session = KeptSession.connect(**arguments)
        session.kept = self._kept[key]
        session.prepare_threshold, session.prepared_max = 1, 1000
        register_default_adapters(session)
        return session

    def close(self) -> None:
        """Close them all."""
        for session in itertools.chain.from_iterable(self._kept.values()):
            psycopg.Connection.close(session)


@pytest.fixture(scope="session")
def kept_sessions() -> Iterator[KeptSessions]:
    kept = KeptSessions()
    yield kept
    kept.close()


@pytest.fixture
def sessions_are_kept(request: pytest.FixtureRequest, kept_sessions: KeptSessions) -> Iterator[None]:
    """Let Airflow's hook open a session only where none like it is kept; an older hook (make matrix) opens each.

    So does a test whose subject they are (mark `opens_sessions`).
    """
    if request.node.get_closest_marker("opens_sessions"):
        yield
        return
    opens = "airflow.providers.postgres.hooks.postgres.PostgresHook._create_connection"
    with mock.patch(opens, lambda _, arguments: kept_sessions.connect(arguments), create=True):
        yield
