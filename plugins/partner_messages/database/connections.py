"""Airflow's connections: a task asks for each of them once, as a question costs a request to Airflow's API server."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import attrs
from airflow.sdk import BaseHook, Connection


class ReadConnection(Connection):
    """A connection as it was read, when Airflow masked its secrets.

    Airflow masks what is in the extra again each time that somebody looks into it, and a hook looks four times.
    """

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra; empty where it is no object of JSON."""
        try:
            extra = json.loads(self.extra or "{}")
        except ValueError:
            return {}
        return extra if isinstance(extra, dict) else {}


_READ: ContextVar[dict[str, ReadConnection] | None] = ContextVar("connections_read", default=None)


@contextlib.contextmanager
def each_read_once() -> Iterator[None]:
    """Within this block, and in the thread that entered it, a connection stays what it was when it was first read."""
    before = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(before)


def connection_of(conn_id: str) -> ReadConnection:
    """Read a connection; change nothing in it, as others may be given the same.

    Raises:
        AirflowNotFoundException: There is none of this id.
    """
    kept = _READ.get()
    if kept is not None and conn_id in kept:
        return kept[conn_id]
    # In a task it is the SDK's, in the API server the row of Airflow's database, which has the same fields.
    found = BaseHook.get_connection(conn_id)
    read = ReadConnection(**{one.name: getattr(found, one.name) for one in attrs.fields(Connection)})
    if kept is not None:
        kept[conn_id] = read
    return read
