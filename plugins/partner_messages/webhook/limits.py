"""How often an address may send what is not signed (pure): signed webhooks are never limited."""

from __future__ import annotations

from collections import OrderedDict

FAILURES = 100
"""Bodies without a right signature that an address may send in a minute."""
SECONDS = 60.0
"""Of the window in which they are counted, and for how long the answer is another one then."""
ADDRESSES = 10_000
"""That are remembered; of more the oldest are forgotten."""


class FailureLimit:
    """Counts what was not signed, by address."""

    def __init__(self) -> None:
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._over_until: dict[str, float] = {}

    def failed(self, address: str, now: float) -> bool:
        """Count one, and say whether it was one too many.

        Args:
            address: Whose.
            now: Seconds of a clock that never goes back.
        """
        if now < self._over_until.get(address, now):
            return True
        began, number = self._counted.get(address, (now, 0))
        if now - began >= SECONDS:
            began, number = now, 0
        self._counted[address] = began, number + 1
        self._forget(address)
        if number < FAILURES:
            return False
        self._over_until[address] = now + SECONDS
        del self._counted[address]
        return True

    def _forget(self, latest: str) -> None:
        self._counted.move_to_end(latest)
        while len(self._counted) > ADDRESSES:
            self._counted.popitem(last=False)
        while len(self._over_until) > ADDRESSES:
            del self._over_until[next(iter(self._over_until))]
