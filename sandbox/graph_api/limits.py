"""How fast Meta lets itself be called (D/throughput, D/about-the-platform, D/templates/overview)."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass
class Limits:
    """The limits in force; tests and benches change them.

    Attributes:
        messages_per_second: Per phone number; 80 by default, 1,000 after Meta's upgrade. Over it: 130429.
        pair_seconds: One message to one recipient every so many seconds. Over it: 131056.
        pair_burst: That many may be sent ahead of this pace.
        management_calls_per_hour: Template requests per WABA. Over it: 80007.
        template_creates_per_hour: Per WABA. Over it: 80007.
        templates_per_account: Per WABA, each language counts. Over it: 100 with subcode 2388019.
    """

    messages_per_second: int = 80
    pair_seconds: float = 6.0
    pair_burst: int = 45
    management_calls_per_hour: int = 5_000
    template_creates_per_hour: int = 100
    templates_per_account: int = 250


class SlidingWindow:
    """Counts events per key over the last so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._events: defaultdict[str, deque[float]] = defaultdict(deque)

    def has_room(self, key: str, limit: int, now: float) -> bool:
        """Whether one more event keeps within the limit."""
        events = self._events[key]
        while events and events[0] <= now - self._seconds:
            events.popleft()
        return len(events) < limit

    def add(self, key: str, now: float) -> None:
        """Count one event."""
        self._events[key].append(now)

    def seconds_until_room(self, key: str, now: float) -> float:
        """When the oldest event falls out of the window, in seconds from now."""
        events = self._events[key]
        return max(0.0, events[0] + self._seconds - now) if events else 0.0

    def minutes_until_room(self, key: str, now: float) -> int:
        """The same in whole minutes, as Meta's usage header has it."""
        return math.ceil(self.seconds_until_room(key, now) / 60)


class PairPace:
    """One message per pair every so many seconds, with a burst that borrows from the future.

    Kept as the time at which each pair's borrowing is paid back (the generic cell rate algorithm): 20 messages at once
    mean two minutes until as many can follow at once, as Meta says.
    """

    def __init__(self) -> None:
        self._paid_back_at: dict[tuple[str, str], float] = {}

    def has_room(self, pair: tuple[str, str], limits: Limits, now: float) -> bool:
        """Whether one more message to this recipient keeps the pace."""
        borrowed = self._paid_back_at.get(pair, now) - now
        return borrowed <= (limits.pair_burst - 1) * limits.pair_seconds + 1e-6

    def add(self, pair: tuple[str, str], limits: Limits, now: float) -> None:
        """Count one message."""
        self._paid_back_at[pair] = max(self._paid_back_at.get(pair, now), now) + limits.pair_seconds
