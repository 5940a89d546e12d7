"""Sockets with a deadline and a size limit for a whole answer.

A socket's own time-out is for each piece of an answer, so a server that sends one byte now and then never reaches it.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any


class Deadline:
    """The end of a whole request and its answer.

    Args:
        seconds: Seconds from now.
        clock: Monotonic, in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: The deadline has passed.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError("the time is up")
        return left


class TimedSocket(socket.socket):
    """Receives until a deadline, and up to a number of bytes.

    Attributes:
        deadline: The deadline; None if only the socket's time-out applies.
        allowance: Bytes that may still be received; None for no limit.
    """

    deadline: Deadline | None = None
    allowance: int | None = None

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Receive some bytes."""
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
    """The same over TLS: set it as a context's `sslsocket_class`."""
