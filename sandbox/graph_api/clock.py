"""The server's clock: real time that can be moved and stopped, so that hours pass in a test without waiting."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch; runs with real time, plus an offset, until it is frozen."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen_at: float | None = None

    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return time.time() + self._offset if self._frozen_at is None else self._frozen_at

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen_at is not None

    def shift(self, seconds: float) -> None:
        """Move forward (or back, with a negative number); a frozen clock moves too and stays frozen."""
        if self._frozen_at is None:
            self._offset += seconds
        else:
            self._frozen_at += seconds

    def move_to(self, instant: datetime) -> None:
        """Make this instant the present."""
        self.shift(instant.timestamp() - self.now())

    def freeze(self) -> None:
        """Stop here."""
        self._frozen_at = self.now()

    def run(self) -> None:
        """Go on from here."""
        if self._frozen_at is not None:
            self._offset = self._frozen_at - time.time()
            self._frozen_at = None


def iso(seconds: float) -> str:
    """Seconds since the epoch as UTC text, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
