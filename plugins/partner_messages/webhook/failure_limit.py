"""Limit how many bodies with a wrong signature an address may send (pure); signed webhooks are never limited.

So it is asked after the signature was computed, which alone tells the two apart: behind a proxy Meta and a stranger may
have one address, and who is over the limit is told so, and costs the time of a signature, but cannot silence Meta. What
a signature may cost is limited before, by the body's size, the time it takes to arrive, and what arrives at once.
"""

from __future__ import annotations

from collections import OrderedDict

MAX_FAILURES = 100
"""Wrong signatures that an address may send in a window."""
WINDOW_SECONDS = 60.0
"""The length of the window, and of the time in which an address over the limit is refused."""
MAX_ADDRESSES = 10_000
"""Addresses that are remembered; above it the oldest are dropped."""


class SignatureFailureLimit:
    """Counts wrong signatures by address."""

    def __init__(self) -> None:
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._over_until: dict[str, float] = {}

    def failed(self, address: str, now: float) -> bool:
        """Count a wrong signature; return whether the address is over the limit.

        Args:
            address: The client's address.
            now: Seconds of a monotonic clock.
        """
        if now < self._over_until.get(address, now):
            return True
        began, number = self._counted.get(address, (now, 0))
        if now - began >= WINDOW_SECONDS:
            began, number = now, 0
        self._counted[address] = began, number + 1
        self._forget(address)
        if number < MAX_FAILURES:
            return False
        self._over_until[address] = now + WINDOW_SECONDS
        del self._counted[address]
        return True

    def _forget(self, latest: str) -> None:
        self._counted.move_to_end(latest)
        while len(self._counted) > MAX_ADDRESSES:
            self._counted.popitem(last=False)
        while len(self._over_until) > MAX_ADDRESSES:
            del self._over_until[next(iter(self._over_until))]
