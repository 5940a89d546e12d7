"""A pool of sessions with the message log, kept open between webhooks."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

from partner_messages.message_log.database import LogConnection


class SessionPool:
    """As many sessions as are used at once; a session in which an error was raised is closed.

    Args:
        open_one: A context manager that opens a session.
    """

    def __init__(self, open_one: Callable[[], AbstractContextManager[LogConnection]]) -> None:
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

    def open(self, number: int) -> None:
        """Have so many idle ones, so that the first who need one do not wait for it."""
        while self._idle.qsize() < number:
            kept = ExitStack()
            self._idle.put((kept, kept.enter_context(self._open_one())))

    def close(self) -> None:
        """Close the idle sessions."""
        with contextlib.suppress(queue.Empty):
            while True:
                kept, _ = self._idle.get_nowait()
                kept.close()
