"""HTTP connections that tell a failed connection from a lost answer, and limit the time and size of an answer.

requests and urllib3 report an error of the TLS handshake like a lost answer; but after a failed handshake a message may
be sent again, and after a lost answer never. Their read time-out is for each piece of an answer; here it is for the
whole answer.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.response import HTTPResponse
from urllib3.util.ssl_ import create_urllib3_context

from whatsapp_provider.api.deadline import Deadline, TimedSocket, TimedTlsSocket

_MAX_HEADER_BYTES = 256 * 1024
"""Bytes of an answer's status line and headers; Meta's have about 2,000."""


@dataclass(frozen=True)
class HttpAnswer:
    """An HTTP answer.

    Attributes:
        status: The HTTP status.
        headers: Names in any case.
        body: The body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


_NO_ANSWER: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(sign), said)
    for sign, said in (
        (
            r"ProxyError|ProxyURL|SOCKS|Tunnel connection failed",
            "was not reached: the proxy on the way did not let the request through; look at HTTPS_PROXY and NO_PROXY"
            " in the environment",
        ),
        (
            r"CERTIFICATE_VERIFY_FAILED|CertificateError|X509",
            "was not reached: its TLS certificate is not trusted here; look at the host of the connection and, if a"
            " proxy opens TLS on the way, at REQUESTS_CA_BUNDLE in the environment",
        ),
        (
            r"NameResolutionError",
            "was not reached: its name is not known here; look at the host of the connection and at DNS",
        ),
        (
            r"NewConnectionError.*\bSSL",
            "was not reached: no TLS came about; see that what the host of the connection names speaks https",
        ),
        (
            r"Connection refused",
            "was not reached: nothing answers there; look at the host of the connection and its port",
        ),
        (
            r"NewConnectionError",
            "was not reached: no connection came about; look at the host of the connection and at the network",
        ),
        (
            r"ConnectTimeout",
            "was not reached: no connection came about in time; look at what is on the way (firewall, proxy)",
        ),
        (r"ReadTimeout|Read timed out", "did not answer in time; look at the network and at Meta's status page"),
        (
            r"^(?:InvalidURL|InvalidSchema|MissingSchema|Location\w+Error):",
            "is no address; correct the host of the connection",
        ),
        (r"^AnswerTooLong:", "gave an answer that is longer than any of Meta's; look at the host of the connection"),
        (r"Decod", "gave an answer that cannot be unpacked; look at what a proxy on the way does to answers"),
        (r"", "broke off before its answer was complete; look at the network and at a proxy on the way"),
    )
)
"""What is said of an error that came instead of an answer, by the library's words for it; the first that fits."""


def why_no_answer(error: Exception, url: str) -> str:
    """What happened to a request without an answer, and what to look at; a clause without the full stop.

    Args:
        error: What `exchange` raised.
        url: Where the request went; of it the host and the port are said.
    """
    kind = type(error).__name__
    raw = f"{kind}: {error}"
    said = next(said for sign, said in _NO_ANSWER if sign.search(raw))
    return f"{urlsplit(url).netloc or url} {said} ({kind})"


class AnswerTooLong(requests.RequestException):
    """An answer is longer than any of Meta's; it was not read."""


def exchange(
    session: requests.Session, request: requests.PreparedRequest, *, timeouts: tuple[float, float], max_bytes: int
) -> HttpAnswer:
    """Send a request and read its answer; redirects are not followed.

    Args:
        session: A session with a `Transport` for the request's host.
        request: The request.
        timeouts: Seconds to wait for a connection, and for the whole answer.
        max_bytes: Bytes that the answer's body may have, decompressed.

    Raises:
        AnswerTooLong: The body has more bytes.
        requests.RequestException, urllib3.exceptions.HTTPError: No complete answer came in time.
    """
    # Not through the session: it would examine redirects.
    response = session.get_adapter(request.url or "").send(
        request, stream=True, timeout=timeouts, verify=session.verify or True, proxies=session.proxies
    )
    with response:
        body = response.raw.read(max_bytes + 1, decode_content=True)
    if len(body) > max_bytes:
        raise AnswerTooLong(f"the answer has more than {max_bytes:,} bytes")
    return HttpAnswer(response.status_code, response.headers, body)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        plain = super()._new_conn()
        timed = TimedSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())
        timed.settimeout(cast("float", self.timeout))
        timed.deadline = Deadline(cast("float", self.timeout))  # For the answer of a proxy to CONNECT.
        return timed

    def connect(self) -> None:
        """Connect; every error becomes one that means "no connection"."""
        try:
            super().connect()
        except ConnectTimeoutError:  # Already such an error: refused, unknown name, time-out.
            raise
        except Exception as error:
            raise NewConnectionError(self, f"{type(error).__name__}: {error}") from error

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # As urllib3 itself overrides it.
        """Read the headers of an answer; the time for the whole answer begins now."""
        answering = cast("TimedSocket", self.sock)
        answering.deadline = Deadline(cast("float", self.timeout))
        answering.allowance = _MAX_HEADER_BYTES
        response = super().getresponse()
        answering.allowance = None
        return response


class _TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        """Connect with a socket that has a deadline."""
        self.ssl_context = create_urllib3_context()
        self.ssl_context.sslsocket_class = TimedTlsSocket
        super().connect()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class Transport(HTTPAdapter):
    """Keeps connections to one host alive and never retries a request.

    Args:
        connections: Connections at the same time, at most.
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
        if not proxy.lower().startswith("socks"):  # SOCKS needs urllib3's own connections.
            manager.pool_classes_by_scheme = _POOLS
        return manager
