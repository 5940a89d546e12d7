"""Connections that tell an error in making them from one that came after the request was written, and end in time.

The TLS handshake is part of making a connection, but the libraries report its errors and time-outs as they report those
of a lost answer. A message must be sent again after the first and never after the second.

The libraries wait for as long as a byte comes now and then, and take whatever comes. Here the read time-out is for the
whole answer, and an answer has a largest size.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.response import HTTPResponse
from urllib3.util.ssl_ import create_urllib3_context

from partner_messages.whatsapp.deadline import Deadline, TimedSocket, TimedTlsSocket

_LONGEST_HEAD = 256 * 1024
"""Bytes of an answer before its body; Meta's are some 2,000."""


@dataclass(frozen=True)
class Received:
    """An answer as it came.

    Attributes:
        status: Of HTTP.
        headers: In any case.
        body: Unpacked.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class AnswerTooLong(requests.RequestException):
    """An answer is longer than any that is meant for us; what it says is not known."""


def exchange(
    session: requests.Session, request: requests.PreparedRequest, *, timeouts: tuple[float, float], most: int
) -> Received:
    """Send a request and read its answer; no redirect is followed, nor even looked at.

    Args:
        session: It has a `Transport` for the request's host.
        request: The request.
        timeouts: Seconds to wait for a connection, and for the whole answer.
        most: Bytes that the answer's body may have, unpacked.

    Raises:
        AnswerTooLong: It has more.
        requests.RequestException, urllib3.exceptions.HTTPError: There was no answer, or not all of it came in time.
    """
    # Not through the session, which would look where a redirect leads.
    response = session.get_adapter(request.url or "").send(
        request, stream=True, timeout=timeouts, verify=session.verify or True, proxies=session.proxies
    )
    with response:
        body = response.raw.read(most + 1, decode_content=True)
    if len(body) > most:
        raise AnswerTooLong(f"the answer has more than {most:,} bytes")
    return Received(response.status_code, response.headers, body)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        plain = super()._new_conn()
        timed = TimedSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())
        timed.settimeout(cast("float", self.timeout))
        timed.deadline = Deadline(cast("float", self.timeout))  # A proxy may speak before the connection is made.
        return timed

    def connect(self) -> None:
        """Make the connection, or say that it was not made."""
        try:
            super().connect()
        except ConnectTimeoutError:  # Says so already: refused, no such name, out of time.
            raise
        except Exception as error:
            raise NewConnectionError(self, f"{type(error).__name__}: {error}") from error

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # As urllib3 itself overrides it.
        """Read an answer up to its body; the time for all of it begins now."""
        answering = cast("TimedSocket", self.sock)
        answering.deadline = Deadline(cast("float", self.timeout))
        answering.allowance = _LONGEST_HEAD
        response = super().getresponse()
        answering.allowance = None
        return response


class _TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        """Make the connection over a socket that keeps to a deadline."""
        self.ssl_context = create_urllib3_context()
        self.ssl_context.sslsocket_class = TimedTlsSocket
        super().connect()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class Transport(HTTPAdapter):
    """Keeps connections to one host alive and never repeats a request.

    Args:
        connections: How many there may be at once.
    """

    def __init__(self, connections: int) -> None:
        super().__init__(pool_connections=1, pool_maxsize=connections, max_retries=0, pool_block=True)

    def init_poolmanager(self, *fixed: Any, **also_fixed: Any) -> None:
        """Use our connections to Meta."""
        super().init_poolmanager(*fixed, **also_fixed)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Use our connections through a proxy, too."""
        manager = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):  # Those need connections of their own kind.
            manager.pool_classes_by_scheme = _POOLS
        return manager
