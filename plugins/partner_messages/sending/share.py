"""How much of its number's rate a process may use: all of it while it sends alone, else a part of it."""

from __future__ import annotations

import datetime as dt
import math
import time
import uuid
from dataclasses import dataclass, field

from partner_messages.message_log import shares
from partner_messages.message_log.database import LogConnection

LEASE = dt.timedelta(seconds=10)
"""How long a process that is gone keeps its share from the others."""
LOOK_AGAIN_SECONDS = 1.0
"""How often a process looks whether its share has changed, because others have begun or ended."""
WAITING_SECONDS = 0.25
"""The same for a process that could use more than its share: it may, as soon as another one ends."""
BRIEFEST_SECONDS = 0.25
"""A process asks for no larger share than sends all its messages in these seconds, so that one message takes little."""


@dataclass
class RateShare:
    """One process's share.

    Attributes:
        connection: The message log.
        phone_number_id: Meta's id of the number.
        rate: All that the number may send, messages a second.
        token: Whose share it is.
        per_second: The share, messages a second.
        until: The moment, by a clock that never goes back, from which on it may be somebody else's.
    """

    connection: LogConnection
    phone_number_id: str
    rate: float
    token: uuid.UUID
    per_second: float = field(default=0.0, init=False)
    until: float = field(default=-math.inf, init=False)
    _look_at: float = field(default=-math.inf, init=False)

    @property
    def seconds_to_look(self) -> float:
        """How long until the share must be renewed."""
        return max(0.0, self._look_at - time.monotonic())

    def look(self, left: int) -> bool:
        """Renew the share, if it is time to.

        Args:
            left: How many messages are left to be sent.

        Returns:
            Whether it was time to.
        """
        now = time.monotonic()
        if now < self._look_at:
            return False
        wanted = min(self.rate, max(1, left) / BRIEFEST_SECONDS)
        self.per_second = shares.take_share(
            self.connection, self.phone_number_id, self.token, rate=self.rate, wanted=wanted, lease=LEASE
        )
        # Counted from before the query, so that this process never uses the share longer than the message log allows.
        self.until = now + LEASE.total_seconds()
        self._look_at = now + (LOOK_AGAIN_SECONDS if self.per_second >= wanted else WAITING_SECONDS)
        return True

    def give_back(self, after_seconds: float) -> None:
        """Let the others have it, from the moment on at which another message might have left."""
        after = dt.timedelta(seconds=after_seconds)
        shares.give_back_share(self.connection, self.phone_number_id, self.token, after=after)
        self.per_second, self.until, self._look_at = 0.0, -math.inf, -math.inf
