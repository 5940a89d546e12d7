"""Ends connections over which no request comes: uvicorn waits for half of one for ever."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEADER_SECONDS = 15.0
"""How long a connection may be without a request whose headers are complete; it is looked at this often."""


class PatientProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol, which is not patient for ever."""

    _looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to look."""
        super().connection_made(transport)
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """End to look."""
        if self._looking:
            self._looking.cancel()
        super().connection_lost(exc)

    def _look_later(self) -> None:
        self._looking = self.loop.call_later(HEADER_SECONDS, self._look, self.cycle)

    def _look(self, before: Any) -> None:
        # uvicorn keeps the last request's cycle until the next one's headers are complete.
        if self.cycle is before and (before is None or before.response_complete):
            self.transport.close()
            return
        self._look_later()
