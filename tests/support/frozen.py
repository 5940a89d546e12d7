"""A server that says nothing more from some moment on, as one whose processes are stopped: no connection of it ends."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from support.raw_http import RawServer, raw_server


@dataclass
class Frozen:
    """A server that can be frozen.

    Attributes:
        port: Where it listens, on 127.0.0.1.
    """

    port: int = 0
    _goes_on: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def freeze(self) -> None:
        """Take connections, and what comes by them, and say nothing more."""
        self._goes_on.clear()

    def relay(self, place: tuple[str, int], client: socket.socket) -> None:
        """Pass on what a client and the real server say to each other, until one hangs up."""
        with contextlib.ExitStack() as stack:
            other: dict[socket.socket, socket.socket] = {}
            if self._goes_on.is_set():
                upstream = stack.enter_context(socket.create_connection(place))
                other = {client: upstream, upstream: client}
            while not self._over.is_set():
                for one in select.select([*other] or [client], [], [], 0.05)[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    if self._goes_on.is_set():
                        other[one].sendall(data)


@contextlib.contextmanager
def frozen_at_will(place: tuple[str, int]) -> Iterator[Frozen]:
    """Run one in front of a real server, for as long as the block lasts."""
    frozen = Frozen()
    frozen._goes_on.set()

    def talk(_: RawServer, client: socket.socket) -> None:
        frozen.relay(place, client)

    with raw_server(talk) as server:
        frozen.port = server.port
        try:
            yield frozen
        finally:
            frozen._over.set()
