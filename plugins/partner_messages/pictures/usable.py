"""Looks at a picture before its link goes to Meta, which would refuse the whole message for a bad one (131053).

The links come from the shop's users, so a look must not become a way into the network this runs in: the connection
itself checks the address it is made to, at every redirect, so that no second answer of a name server can differ from
the one that was checked. Nothing is raised for what a server does: a picture that cannot be used has a reason.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from partner_messages.config.settings import Pictures
from partner_messages.pictures.formats import LARGEST, MAGIC_LENGTH, NO_PICTURE, TOO_LARGE, has_magic, unfit
from partner_messages.recipients.masking import mask
from partner_messages.whatsapp.deadline import Deadline, TimedTlsSocket
from partner_messages.whatsapp.hook import USER_AGENT

MOST_REDIRECTS = 3
_PIECE = 64 * 1024

_SEARCH_DEADLINES = 3
"""A search among a design's pictures begins no further download after so many times the deadline of one."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_HEADERS = {
    "User-Agent": USER_AGENT,
    # A CDN that chooses the format by this header has given Meta WebP, so it is asked as it is by Meta.
    "Accept": "image/webp,*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}

_IPV6_GLOBAL = ipaddress.IPv6Network("2000::/3")
_IPV6_OF_IPV4 = ipaddress.IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last four bytes are the IPv4 address that is meant."""


@dataclass(frozen=True)
class Usable:
    """A picture that Meta would take.

    Attributes:
        url: What to send: the shop's URL, rewritten if a setting says so, in the form a request has it.
    """

    url: str


@dataclass(frozen=True)
class Unusable:
    """A picture that must not be sent.

    Attributes:
        reason: Why, for the message log; it names hosts, never a whole URL (which may hold a signature).
    """

    reason: str


Look: TypeAlias = Usable | Unusable
_Addresses: TypeAlias = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]]


class _Refused(Exception):
    """The message is the reason."""


class PictureChecker:
    """Looks at each URL once and remembers what it saw; threads may share it. Make one for a run.

    Args:
        settings: The setting `pictures`.
        clock: Monotonic, in seconds.
    """

    def __init__(self, settings: Pictures, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._looks: dict[str, Future[Look]] = {}
        self._tls = _tls_context()

    def first_usable(self, urls: Iterable[str]) -> Look:
        """Find the first picture that can be sent.

        Args:
            urls: A design's pictures, the best first; after them comes the setting's fallback.
        """
        reasons: dict[str, None] = {}
        search = Deadline(_SEARCH_DEADLINES * self._settings.deadline, self._clock)
        for url in urls:
            try:
                search.left()
            except TimeoutError:
                reasons["the search among its pictures took too long"] = None
                break
            look = self.check(url)
            if isinstance(look, Usable):
                return look
            reasons[look.reason] = None
        if self._settings.fallback_url:
            look = self._once(self._settings.fallback_url, rewrite=None)
            if isinstance(look, Usable):
                return look
            reasons[f"the fallback: {look.reason}"] = None
        return Unusable("; ".join(reasons) or "the design has no picture")

    def check(self, url: str) -> Look:
        """Look at one of the shop's pictures, as it is after the setting's rewrite."""
        return self._once(url, rewrite=self._settings.rewrite)

    def _once(self, url: str, *, rewrite: str | None) -> Look:
        try:
            url = _web_address(url)
            if rewrite:
                url = _web_address(rewrite.replace("{url}", quote(url, safe="")))
        except _Refused as refused:
            return Unusable(str(refused))
        with self._lock:
            look = self._looks.get(url)
            mine = look is None
            if look is None:
                look = self._looks[url] = Future()
        if mine:
            try:
                look.set_result(self._look(url))
            except BaseException as error:
                look.set_exception(error)  # Another thread may be waiting for it.
                raise
        return look.result()

    def _look(self, url: str) -> Look:
        try:
            reason = unfit(self._download(url, Deadline(self._settings.deadline, self._clock)))
        except _Refused as refused:
            reason = str(refused)
        except TimeoutError:
            reason = f"it did not come within {self._settings.deadline:g} seconds"
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = mask(f"it could not be fetched ({type(error).__name__}: {error})")
        return Unusable(f"{urlsplit(url).hostname}: {reason}") if reason else Usable(url)

    def _download(self, url: str, deadline: Deadline) -> bytes:
        for _ in range(1 + MOST_REDIRECTS):
            parts = urlsplit(url)
            connection = _Connection(
                parts.hostname or "",
                parts.port,
                tls=self._tls,
                deadline=deadline,
                any_address=parts.hostname in self._settings.allowed_hosts,
            )
            try:
                connection.request(
                    "GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), None, _HEADERS
                )
                with connection.getresponse() as response:
                    if response.status not in _REDIRECTS:
                        return _body(response)
                    url = _web_address(urljoin(url, response.getheader("Location") or ""))
            finally:
                connection.close()
        raise _Refused(f"it was redirected more than {MOST_REDIRECTS} times")


def _web_address(url: str) -> str:
    """A URL in the form a request has it: spaces and letters of any script encoded.

    Raises:
        _Refused: It is not one of a picture that may be fetched.
    """
    try:
        prepared = requests.Request("GET", url).prepare().url or ""
        parts = urlsplit(prepared)
        host, _ = parts.hostname, parts.port  # The port is parsed when it is asked for.
    except (requests.RequestException, ValueError):
        raise _Refused("its URL is not a web address") from None
    if parts.scheme != "https" or not host:
        raise _Refused("its URL is not an https one")
    if parts.username is not None:
        raise _Refused("its URL has a user name in it")
    return prepared


def _body(response: http.client.HTTPResponse) -> bytes:
    """Read a picture, and no more of anything else than shows that it is none."""
    if response.status != http.client.OK:
        raise _Refused(f"its server answered {response.status}")
    if response.length is not None and response.length > LARGEST:
        raise _Refused(TOO_LARGE)
    data = bytearray()
    while piece := response.read1(_PIECE):
        data += piece
        if len(data) >= MAGIC_LENGTH and not has_magic(bytes(data[:MAGIC_LENGTH])):
            raise _Refused(NO_PICTURE)
        if len(data) > LARGEST:
            raise _Refused(TOO_LARGE)
    if response.length:
        raise _Refused("the download broke off")
    return bytes(data)


def _tls_context() -> ssl.SSLContext:
    # As requests does, and with it the hook: a company's own authority is named in the environment.
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
    in_folder = Path(bundle).is_dir()
    context = ssl.create_default_context(capath=bundle if in_folder else None, cafile=None if in_folder else bundle)
    context.sslsocket_class = TimedTlsSocket
    return context


class _Connection(http.client.HTTPSConnection):
    """A connection that checks the address it is made to, and makes it to the address it has checked.

    It takes no proxy: behind one, what a name means is the proxy's to say, and cannot be checked here.
    """

    def __init__(
        self, host: str, port: int | None, *, tls: ssl.SSLContext, deadline: Deadline, any_address: bool
    ) -> None:
        super().__init__(host, port, context=tls)
        self._tls = tls
        self._deadline = deadline
        self._any_address = any_address

    def connect(self) -> None:
        """Connect to the first address that answers.

        Raises:
            _Refused: The name has an address that is not public.
        """
        found = _addresses(self.host, self.port, self._deadline)
        if not (self._any_address or all(is_public(address[0]) for *_, address in found)):
            raise _Refused("its server has a private address")
        secure = self._tls.wrap_socket(self._open(found), server_hostname=self.host)
        self.sock = cast("TimedTlsSocket", secure)
        self.sock.deadline = self._deadline

    def _open(self, found: _Addresses) -> socket.socket:
        failed: OSError = OSError("its name has no address")
        for tried, (family, kind, protocol, _, address) in enumerate(found):
            plain = socket.socket(family, kind, protocol)
            try:
                # One address that swallows everything leaves time for the others.
                plain.settimeout(self._deadline.left() / (len(found) - tried))
                plain.connect(address)
                plain.settimeout(self._deadline.left())
            except OSError as error:
                plain.close()
                failed = error
            else:
                return plain
        raise failed


def _addresses(host: str, port: int, deadline: Deadline) -> _Addresses:
    # A name server is waited for as long as the system likes, so somebody else waits.
    answer: Future[_Addresses] = Future()

    def ask() -> None:
        try:
            answer.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    return answer.result(timeout=deadline.left())


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, in whichever way it is written into IPv6."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour
        if ip in _IPV6_OF_IPV4:
            embedded = ipaddress.IPv4Address(ip.packed[-4:])
        if embedded is None:
            return ip in _IPV6_GLOBAL and ip.is_global
        ip = embedded
    return ip.is_global and not ip.is_multicast
