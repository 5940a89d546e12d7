"""Sessions with the message log that are kept open between webhooks."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

from partner_messages.message_log.database import LogConnection


class Sessions:
    """As many sessions as are used at once; what failed is closed and never used again.

    Args:
        open_one: Opens a session, and closes it at the end of its block.
    """

    def __init__(self, open_one: Callable[[], AbstractContextManager[LogConnection]]) -> None:
        self._open_one = open_one
        self._idle: queue.LifoQueue[tuple[ExitStack, LogConnection]] = queue.LifoQueue()

    @contextlib.contextmanager
    def one(self) -> Iterator[LogConnection]:
        """A session that nobody else uses meanwhile."""
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
        """Close those that nobody uses."""
        with contextlib.suppress(queue.Empty):
            while True:
                kept, _ = self._idle.get_nowait()
                kept.close()
