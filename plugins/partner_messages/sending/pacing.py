"""Keeps a number of threads within one rate, evenly: Meta counts messages a second and number (130429 above it)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

MARGIN = 0.96
"""What of the rate is used: the way to Meta delays some requests more than others, and late ones look like a burst.
Where twelve containers shared two cores, two of 10,000 were refused at 0.975, and none at this."""
CATCH_UP = 0.25
"""Seconds of lateness that are made good: a claim's commit, or a thread that woke late, costs no turn."""
CATCH_UP_SPEED = 1.25
"""How much faster than the rate lateness is made good; within each second, the rate holds all the same."""
AT_ONCE = 0.01
"""Seconds whose turns may come at once: a thread wakes no more exactly than that."""
MOST_TURNS = 4_096
"""The turns that are remembered: more than any number may send in a second."""
SLOWER = 0.8
"""What of its pace a number keeps that was too fast (others may be sending from it, too)."""
RECOVERY = 10.0
"""Seconds in which it would win back all of its pace."""
SLOWEST = 1.0
"""Messages a second below which a number is not slowed down further."""


class Pacer:
    """Hands out the moments at which requests may leave.

    Args:
        per_second: The rate to keep.
        clock: Seconds of a clock that never goes back.
        wait: Waits for a number of seconds; true where it was cut short because nothing is to leave any more.
    """

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool | None] = time.sleep,
    ) -> None:
        self._whole = per_second * MARGIN
        self._pace = 1.0
        self._clock = clock
        self._wait = wait
        self._turnstile = threading.Lock()
        self._lock = threading.Lock()
        self._due = self._at_most = self._next = self._slows_from = clock()
        self._taken: deque[float] = deque(maxlen=MOST_TURNS)
        self._turns = 0

    @property
    def per_second(self) -> float:
        """The rate it keeps now."""
        return self._whole * self._pace

    @property
    def turns(self) -> int:
        """How many turns have been taken."""
        return self._turns

    @property
    def seconds_left(self) -> float:
        """How long until the next turn."""
        return max(0.0, self._next - self._clock())

    def keep_to(self, per_second: float) -> None:
        """Set another rate from the next turn on; a number that Meta slowed down stays slower by the same factor."""
        with self._lock:
            self._whole = per_second * MARGIN

    def take_turn(self) -> None:
        """Wait until the next request may leave; one thread waits for its time, the others for that thread."""
        with self._turnstile:
            while (seconds := self.seconds_left) > 0:
                if self._wait(seconds):
                    break
            with self._lock:
                self._turns += 1
                self._taken.append(now := self._clock())
                self._due = max(self._due, now - CATCH_UP) + 1 / self.per_second
                self._at_most = max(self._at_most, now - AT_ONCE) + 1 / (self.per_second * CATCH_UP_SPEED)
                self._next = max(self._due, self._at_most, self._a_second_later())
                self._pace = min(1.0, self._pace + 1 / RECOVERY / self.per_second)

    def _a_second_later(self) -> float:
        """The earliest moment of the next turn: no second holds more than the rate, however late other turns were."""
        in_a_second = max(1, round(self.per_second))
        if len(self._taken) < in_a_second:
            return 0.0
        return self._taken[-in_a_second] + in_a_second / self.per_second

    def slow_down(self, pause: float = 0.0) -> None:
        """Slow down, as Meta has asked: pause, go on at a lower rate, and raise it again step by step.

        What it says in the same second, of requests that had left before, is no further news.
        """
        with self._lock:
            now = self._clock()
            if now >= self._slows_from:
                self._pace = max(min(SLOWEST / self._whole, 1.0), self._pace * SLOWER)
                self._slows_from = now + 1
            self._due = max(self._due, now + pause)
            self._next = max(self._next, self._due)
