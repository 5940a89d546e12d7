"""What is to happen later, by the server's clock: moving the clock makes it happen, so no test has to wait."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from sandbox.graph_api.clock import Clock

Action = Callable[[float], None]
"""Called with the instant for which it was entered, in seconds since the epoch."""


@dataclass(order=True, slots=True)
class Entry:
    """One thing to do; of two for the same instant, the one that was entered first is done first."""

    instant: float
    number: int
    action: Action = field(compare=False)


class Agenda:
    """Does each thing when its time has come, in the order of the times."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[Entry] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    def at(self, instant: float, action: Action) -> None:
        """Enter something to do.

        Args:
            instant: When, in seconds since the epoch; the past means as soon as the present work is done.
            action: What.
        """
        heapq.heappush(self._entries, Entry(instant, next(self._numbers), action))
        self._set_timer()

    def run_due(self) -> None:
        """Do all whose time has come; called by the timer, and whenever the clock was moved."""
        while self._entries and self._entries[0].instant <= self._clock.now():
            entry = heapq.heappop(self._entries)
            entry.action(entry.instant)
        self._set_timer()

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # the server has not begun; it calls `run_due` when it does
            return
        if self._entries and (left := self._entries[0].instant - self._clock.now()) <= 0:
            self._timer = loop.call_later(0, self.run_due)
        elif self._entries and not self._clock.frozen:
            self._timer = loop.call_later(left, self.run_due)
