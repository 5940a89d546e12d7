"""Pools of sessions with the message log, kept open between webhooks: of threads, and of an event loop."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import anyio.to_thread
import psycopg

from partner_messages.database.session import as_async
from partner_messages.message_log.database import AsyncLogConnection, LogConnection

OpenOne = Callable[[], AbstractContextManager[LogConnection]]
"""Makes a context manager that opens a session and closes it at its end."""


class SessionPool:
    """As many sessions as threads use at once; a session in which an error was raised is closed.

    Args:
        open_one: Opens a session.
    """

    def __init__(self, open_one: OpenOne) -> None:
        self._open_one = open_one
        self._idle: queue.LifoQueue[tuple[ExitStack, LogConnection]] = queue.LifoQueue()

    @contextlib.contextmanager
    def session(self) -> Iterator[LogConnection]:
        """An idle or new session, for the block alone."""
        with ExitStack() as stack:
            kept, connection = self._idle_or_new()
            stack.push(kept)
            yield connection
            stack.pop_all()
        self._idle.put((kept, connection))

    def _idle_or_new(self) -> tuple[ExitStack, LogConnection]:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            kept = ExitStack()
            return kept, kept.enter_context(self._open_one())

    def close(self) -> None:
        """Close the idle sessions."""
        with contextlib.suppress(queue.Empty):
            while True:
                kept, _ = self._idle.get_nowait()
                kept.close()


class AsyncSessionPool:
    """As many sessions as one event loop uses at once; a session in which an error was raised is closed.

    Handing each statement to a thread and its result back would cost three times as much as the statement does.

    Args:
        open_one: Opens a session; called in a thread, for it waits for the server.
    """

    def __init__(self, open_one: OpenOne) -> None:
        self._open_one = open_one
        self._idle: list[tuple[ExitStack, AsyncLogConnection]] = []
        self._used_since: dict[AsyncLogConnection, float] = {}
        self._number = 0  # Those that are being opened included.

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncLogConnection]:
        """An idle or new session, for the block alone."""
        kept, connection = self._idle.pop() if self._idle else await self._open()
        self._used_since[connection] = time.monotonic()
        try:
            with ExitStack() as stack:
                stack.push(kept)
                yield connection
                stack.pop_all()
        finally:
            del self._used_since[connection]
        self._idle.append((kept, connection))

    async def _open(self) -> tuple[ExitStack, AsyncLogConnection]:
        kept = ExitStack()
        kept.callback(self._one_less)
        self._number += 1
        try:
            opened = await anyio.to_thread.run_sync(kept.enter_context, self._open_one())
            return kept, await as_async(opened)
        except BaseException:
            kept.close()
            raise

    def _one_less(self) -> None:
        self._number -= 1

    async def open(self, number: int) -> None:
        """Have so many, in use or idle, so that the first who need one do not wait for it."""
        while self._number < number:
            self._idle.append(await self._open())

    def end_hung(self, seconds: float) -> None:
        """Cut the sessions that are in use for so many seconds: whoever waits there for the server gets an error.

        A server that is frozen keeps its connections, so neither the driver nor the kernel would ever give them up.
        """
        now = time.monotonic()
        for connection in [one for one, since in self._used_since.items() if now - since >= seconds]:
            with contextlib.suppress(psycopg.Error, OSError), _its_socket(connection) as connected:
                connected.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the idle sessions."""
        while self._idle:
            kept, _ = self._idle.pop()
            kept.close()


def _its_socket(connection: AsyncLogConnection) -> socket.socket:
    """The socket of a session, to be closed without closing the session's own: that is for its user."""
    return socket.socket(fileno=os.dup(connection.fileno()))
