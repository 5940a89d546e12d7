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
SLOWER = 0.8
"""What of its pace a number keeps that was too fast (others may be sending from it, too)."""
RECOVERY = 10.0
"""Seconds in which it would win back all of its pace."""
SLOWEST = 1.0
"""Messages a second below which a number is not slowed down further."""
_A_HAIR = 1e-6
"""Turns; what sums of floating point numbers need."""


class LastSecond:
    """What left in the last second, and what its rate has allowed, however often that has changed.

    Args:
        now: When it begins; nothing was allowed before.
        per_second: The rate.
    """

    def __init__(self, now: float, per_second: float) -> None:
        self._rate = per_second
        # When a turn was taken or the rate changed; what was allowed and taken until then.
        self._points: deque[tuple[float, float, int]] = deque([(now, 0.0, 0)])

    def keep_to(self, per_second: float, now: float) -> None:
        """Set another rate from now on."""
        if per_second != self._rate:
            self._add(now, 0)
            self._rate = per_second

    def take_turn(self, now: float) -> None:
        """Count a turn."""
        self._add(now, 1)

    def next_turn(self, at: float) -> float:
        """The first moment from `at` on at which a turn leaves its second within what was allowed in it."""
        at = max(at, self._points[-1][0])
        while True:
            self._forget_until(at - 1)
            taken = self._points[-1][2] - self._points[0][2]
            too_many = taken - (self._allowed_until(at) - self._allowed_until(at - 1))
            if too_many <= _A_HAIR:
                return at
            oldest_leaves = self._points[1][0] + 1
            at = max(at + _A_HAIR, min(oldest_leaves, at + max(too_many, 0.1) / self._rate))

    def _add(self, now: float, turns: int) -> None:
        taken = self._points[-1][2]
        self._points.append((now, self._allowed_until(now), taken + turns))

    def _forget_until(self, moment: float) -> None:
        """Keep one point before a moment, and all after it."""
        while len(self._points) > 1 and self._points[1][0] <= moment:
            self._points.popleft()

    def _allowed_until(self, moment: float) -> float:
        """What was allowed until a moment: between two points the rate was the same."""
        (first, allowed_first, _), (last, allowed_last, _) = self._points[0], self._points[-1]
        if moment >= last:
            return allowed_last + (moment - last) * self._rate
        if moment <= first:
            return allowed_first
        second, allowed_second, _ = self._points[1]
        return allowed_first + (allowed_second - allowed_first) * (moment - first) / (second - first)


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
        self._last_second = LastSecond(self._due, self._whole)
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
            self._last_second.keep_to(self.per_second, self._clock())
            self._next = self._last_second.next_turn(self._next)

    def take_turn(self) -> None:
        """Wait until the next request may leave; one thread waits for its time, the others for that thread."""
        with self._turnstile:
            while (seconds := self.seconds_left) > 0:
                if self._wait(seconds):
                    break
            with self._lock:
                self._turns += 1
                now, turn = self._clock(), 1 / self.per_second
                self._last_second.take_turn(now)
                self._due = max(self._due, now - CATCH_UP) + turn
                self._at_most = max(self._at_most, now - AT_ONCE) + turn / CATCH_UP_SPEED
                self._next = self._last_second.next_turn(max(self._due, self._at_most))
                self._pace = min(1.0, self._pace + turn / RECOVERY)
                self._last_second.keep_to(self.per_second, now)

    def slow_down(self, pause: float = 0.0) -> None:
        """Slow down, as Meta has asked: pause, go on at a lower rate, and raise it again step by step.

        What it says in the same second, of requests that had left before, is no further news.
        """
        with self._lock:
            now = self._clock()
            if now >= self._slows_from:
                self._pace = max(min(SLOWEST / self._whole, 1.0), self._pace * SLOWER)
                self._slows_from = now + 1
                self._last_second.keep_to(self.per_second, now)
            self._due = max(self._due, now + pause)
            self._next = max(self._next, self._due)
