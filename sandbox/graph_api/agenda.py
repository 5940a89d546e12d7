"""A schedule by the server's clock: a test moves the clock and need not wait."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from sandbox.graph_api.clock import Clock

Action = Callable[[float], None]
"""Called with the scheduled time, in seconds since the epoch."""


@dataclass(order=True, slots=True)
class Entry:
    """A scheduled action; at the same time, the one that was scheduled first runs first."""

    instant: float
    number: int
    action: Action = field(compare=False)


class Agenda:
    """Runs each action at its time, in order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[Entry] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    def at(self, instant: float, action: Action) -> None:
        """Schedule an action.

        Args:
            instant: The time, in seconds since the epoch; if it is past, the action runs next.
            action: The action.
        """
        heapq.heappush(self._entries, Entry(instant, next(self._numbers), action))
        self._set_timer()

    def run_due(self) -> None:
        """Run all due actions; called by the timer, and after the clock was moved."""
        while self._entries and self._entries[0].instant <= self._clock.now():
            entry = heapq.heappop(self._entries)
            entry.action(entry.instant)
        self._set_timer()

    def clear(self) -> None:
        """Remove all actions."""
        self._entries.clear()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # The server has not started; it will call `run_due`.
            return
        if self._entries and (left := self._entries[0].instant - self._clock.now()) <= 0:
            self._timer = loop.call_later(0, self.run_due)
        elif self._entries and not self._clock.frozen:
            self._timer = loop.call_later(left, self.run_due)
