"""Close connections without a complete request: uvicorn has no time-out for an incomplete one."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEADER_TIMEOUT_SECONDS = 15.0
"""The time in which a request's headers must be complete; also the interval of the check."""


class IdleTimeoutProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol with a time-out for a request's headers."""

    _looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the timer."""
        super().connection_made(transport)
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        if self._looking:
            self._looking.cancel()
        super().connection_lost(exc)

    def _look_later(self) -> None:
        self._looking = self.loop.call_later(HEADER_TIMEOUT_SECONDS, self._look, self.cycle)

    def _look(self, before: Any) -> None:
        # uvicorn keeps the cycle of the last request until the headers of the next one are complete.
        if self.cycle is before and (before is None or before.response_complete):
            self.transport.close()
            return
        self._look_later()
