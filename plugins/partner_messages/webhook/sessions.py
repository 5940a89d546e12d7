"""A pool of sessions with the message log, kept open between webhooks."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import psycopg

from partner_messages.message_log.database import LogConnection


class SessionPool:
    """As many sessions as are used at once; a session in which an error was raised is closed.

    Args:
        open_one: A context manager that opens a session.
    """

    def __init__(self, open_one: Callable[[], AbstractContextManager[LogConnection]]) -> None:
        self._open_one = open_one
        self._idle: queue.LifoQueue[tuple[ExitStack, LogConnection]] = queue.LifoQueue()
        self._used_since: dict[LogConnection, float] = {}
        self._using = threading.Lock()

    @contextlib.contextmanager
    def session(self) -> Iterator[LogConnection]:
        """An idle or new session, for the block alone."""
        with ExitStack() as stack:
            kept, connection = self._idle_or_new()
            stack.push(kept)
            with self._in_use(connection):
                yield connection
            stack.pop_all()
        self._idle.put((kept, connection))

    @contextlib.contextmanager
    def _in_use(self, connection: LogConnection) -> Iterator[None]:
        with self._using:
            self._used_since[connection] = time.monotonic()
        try:
            yield
        finally:
            with self._using:
                del self._used_since[connection]

    def _idle_or_new(self) -> tuple[ExitStack, LogConnection]:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            kept = ExitStack()
            return kept, kept.enter_context(self._open_one())

    def open(self, number: int) -> None:
        """Have so many idle ones, so that the first who need one do not wait for it."""
        while self._idle.qsize() < number:
            kept = ExitStack()
            self._idle.put((kept, kept.enter_context(self._open_one())))

    def end_hung(self, seconds: float) -> None:
        """Cut the sessions that are in use for so many seconds: whoever waits there for the server gets an error.

        A server that is frozen keeps its connections, so neither the driver nor the kernel would ever give them up.
        """
        with self._using:
            now = time.monotonic()
            hung = [connection for connection, since in self._used_since.items() if now - since >= seconds]
            for connection in hung:
                with contextlib.suppress(psycopg.Error, OSError), _its_socket(connection) as connected:
                    connected.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the idle sessions."""
        with contextlib.suppress(queue.Empty):
            while True:
                kept, _ = self._idle.get_nowait()
                kept.close()


def _its_socket(connection: LogConnection) -> socket.socket:
    """The socket of a session, to be closed without closing the session's own: that is for the thread that uses it."""
    return socket.socket(fileno=os.dup(connection.fileno()))
