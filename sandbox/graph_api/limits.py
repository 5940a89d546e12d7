"""Meta's rate limits (D/throughput, D/about-the-platform, D/templates/overview)."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass
class Limits:
    """The current limits; tests and benchmarks change them.

    Attributes:
        messages_per_second: Per phone number; 80 by default, 1,000 after Meta's upgrade. Over it: 130429.
        pair_seconds: Seconds between two messages to one recipient. Over it: 131056.
        pair_burst: Messages that may be sent ahead of this rate.
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
    """Counts events per key in the last so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._events: defaultdict[str, deque[float]] = defaultdict(deque)

    def has_room(self, key: str, limit: int, now: float) -> bool:
        """Whether one more event is within the limit."""
        events = self._events[key]
        while events and events[0] <= now - self._seconds:
            events.popleft()
        return len(events) < limit

    def add(self, key: str, now: float) -> None:
        """Count one event."""
        self._events[key].append(now)

    def seconds_until_room(self, key: str, now: float) -> float:
        """Seconds until the oldest event leaves the window."""
        events = self._events[key]
        return max(0.0, events[0] + self._seconds - now) if events else 0.0

    def minutes_until_room(self, key: str, now: float) -> int:
        """The same in whole minutes, as in Meta's usage header."""
        return math.ceil(self.seconds_until_room(key, now) / 60)


class PairPace:
    """The rate of messages to one recipient, with bursts.

    The generic cell rate algorithm: for each pair the time is kept at which its burst is paid back. As Meta says, after
    20 messages at once it takes two minutes until 20 more can be sent at once.
    """

    def __init__(self) -> None:
        self._paid_back_at: dict[tuple[str, str], float] = {}

    def has_room(self, pair: tuple[str, str], limits: Limits, now: float) -> bool:
        """Whether one more message to this recipient is within the limit."""
        borrowed = self._paid_back_at.get(pair, now) - now
        return borrowed <= (limits.pair_burst - 1) * limits.pair_seconds + 1e-6

    def add(self, pair: tuple[str, str], limits: Limits, now: float) -> None:
        """Count one message."""
        self._paid_back_at[pair] = max(self._paid_back_at.get(pair, now), now) + limits.pair_seconds
