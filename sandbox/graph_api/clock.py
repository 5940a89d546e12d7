"""The server's clock: real time that can be moved and frozen, so that a test need not wait."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Real time plus an offset, in seconds since the epoch; it can be frozen."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen_at: float | None = None

    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return time.time() + self._offset if self._frozen_at is None else self._frozen_at

    @property
    def frozen(self) -> bool:
        """Whether the clock is frozen."""
        return self._frozen_at is not None

    def shift(self, seconds: float) -> None:
        """Move forward (or back, if negative); a frozen clock stays frozen."""
        if self._frozen_at is None:
            self._offset += seconds
        else:
            self._frozen_at += seconds

    def move_to(self, instant: datetime) -> None:
        """Set the time."""
        self.shift(instant.timestamp() - self.now())

    def freeze(self) -> None:
        """Stop the clock."""
        self._frozen_at = self.now()

    def run(self) -> None:
        """Start a frozen clock."""
        if self._frozen_at is not None:
            self._offset = self._frozen_at - time.time()
            self._frozen_at = None


def iso(seconds: float) -> str:
    """Seconds since the epoch as UTC text, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
