"""Lets several sessions do something at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg

Result = TypeVar("Result")


def at_once(*actions: Callable[[], Result]) -> list[Result]:
    """Start all actions together, each in a thread of its own; return their results, or raise the first error."""
    barrier = threading.Barrier(len(actions))

    def together(action: Callable[[], Result]) -> Result:
        barrier.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result() for future in [pool.submit(together, action) for action in actions]]


def wait_until_blocked(observer: psycopg.Connection[Any], session: psycopg.Connection[Any]) -> None:
    """Return as soon as a session waits for another one's lock; ask PostgreSQL for as long as it takes."""
    waits = "SELECT FROM pg_locks WHERE pid = %s AND NOT granted"
    pid = session.info.backend_pid
    for _ in range(100_000):
        if observer.execute(waits, [pid]).rowcount:
            return
    raise AssertionError("the session never waited for a lock")
