"""An end to what another machine says, in time and in size, however it says it.

A socket's own time-out is for each piece of an answer: a byte now and then passes it for ever. So the sockets of this
module look at a deadline before they wait for the next piece.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any


class Deadline:
    """The end of a whole exchange, however many pieces it has.

    Args:
        seconds: From now.
        clock: Monotonic, in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: None are.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError("the time is up")
        return left


class TimedSocket(socket.socket):
    """Waits until a deadline, and takes no more than it may.

    Attributes:
        deadline: Until when; None where its time-out alone counts.
        allowance: How many bytes more it may take; None where there is no end.
    """

    deadline: Deadline | None = None
    allowance: int | None = None

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Wait for some bytes."""
        if self.deadline is None:
            return super().recv_into(*args, **options)
        kept = self.gettimeout()
        self.settimeout(self.deadline.left())
        try:
            taken = super().recv_into(*args, **options)
        finally:
            self.settimeout(kept)
        if self.allowance is not None:
            self.allowance -= taken
            if self.allowance < 0:
                raise OSError("more came than an answer may begin with")
        return taken


class TimedTlsSocket(TimedSocket, ssl.SSLSocket):
    """The same over TLS; a context makes it where it is its `sslsocket_class`."""
