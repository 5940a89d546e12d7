"""Serves a web application from a thread of this process, for as long as a block lasts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import uvicorn

SECONDS = 60
"""How long it may take to start, and to end."""


class _Server(uvicorn.Server):
    """Uvicorn's, which soon ends when it is told to: uvicorn looks ten times a second, and then waits for a tenth."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # It also dates the answers.
            await asyncio.sleep(0.01)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in [*self.server_state.connections]:
            connection.shutdown()
        await asyncio.sleep(0)  # They are gone once the loop has come to them.
        await self._wait_tasks_to_complete()
        await self.lifespan.shutdown()


@contextlib.contextmanager
def serving(app: Any, **options: Any) -> Iterator[int]:
    """Serve an application on loopback.

    Args:
        app: ASGI's.
        options: Of `uvicorn.Config`.

    Returns:
        Its port.

    Raises:
        RuntimeError: It does not listen within a minute.
    """
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, **options))
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            if not server.ready.wait(SECONDS):
                raise RuntimeError(f"The application did not listen within {SECONDS} s.")
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(SECONDS)
