"""Download a picture before its link is sent to Meta, because a bad picture fails the whole message (131053).

The links come from the shop's users, so a download must give no access to the internal network (SSRF): every
connection, also after a redirect, is made to the same IP address that was checked. Errors of a server are not raised:
an unusable picture has a reason.
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

from partner_messages.config.setting_groups import Pictures
from whatsapp_provider.api.deadline import Deadline, TimedTlsSocket
from whatsapp_provider.hooks.whatsapp import USER_AGENT
from whatsapp_provider.masking import mask
from whatsapp_provider.templates.picture_formats import (
    MAGIC_LENGTH,
    MAX_BYTES,
    TOO_LARGE,
    WRONG_FORMAT,
    has_magic,
    why_unusable,
)

MAX_REDIRECTS = 3
_CHUNK_BYTES = 64 * 1024

_SEARCH_TIME_FACTOR = 3
"""A search among a design's pictures starts no further download after this many times the deadline of one."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_HEADERS = {
    "User-Agent": USER_AGENT,
    # Meta's own header: a CDN may choose the format by it.
    "Accept": "image/webp,*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}

_IPV6_GLOBAL = ipaddress.IPv6Network("2000::/3")
_IPV6_OF_IPV4 = ipaddress.IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last four bytes are the IPv4 address."""


@dataclass(frozen=True)
class Usable:
    """A picture that Meta would accept.

    Attributes:
        url: The URL to send: the shop's URL, rewritten by the setting if there is one, percent-encoded.
    """

    url: str


@dataclass(frozen=True)
class Unusable:
    """A picture that must not be sent.

    Attributes:
        reason: The reason for the message log; with hosts, but without a whole URL (which may hold a signature).
    """

    reason: str


Result: TypeAlias = Usable | Unusable
_Addresses: TypeAlias = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]]


class _PictureRefused(Exception):
    """The picture cannot be used; the message is the reason."""


class PictureChecker:
    """Checks each URL once and remembers the result; threads may share it. Make one for a DAG run.

    Args:
        settings: The setting `pictures`.
        clock: Monotonic, in seconds.
    """

    def __init__(self, settings: Pictures, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._results: dict[str, Future[Result]] = {}
        self._tls = _tls_context()

    def first_usable(self, urls: Iterable[str]) -> Result:
        """Find the first picture that can be sent.

        Args:
            urls: A design's pictures, the best first; the setting's fallback comes last.
        """
        reasons: dict[str, None] = {}
        search = Deadline(_SEARCH_TIME_FACTOR * self._settings.deadline, self._clock)
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
            look = self._check_once(self._settings.fallback_url, rewrite=None)
            if isinstance(look, Usable):
                return look
            reasons[f"the fallback: {look.reason}"] = None
        return Unusable("; ".join(reasons) or "the design has no picture")

    def check(self, url: str) -> Result:
        """Check one of the shop's pictures, after the setting's rewrite of its URL."""
        return self._check_once(url, rewrite=self._settings.rewrite)

    def _check_once(self, url: str, *, rewrite: str | None) -> Result:
        try:
            url = _web_address(url)
            if rewrite:
                url = _web_address(rewrite.replace("{url}", quote(url, safe="")))
        except _PictureRefused as refused:
            return Unusable(str(refused))
        with self._lock:
            look = self._results.get(url)
            mine = look is None
            if look is None:
                look = self._results[url] = Future()
        if mine:
            try:
                look.set_result(self._check_download(url))
            except BaseException as error:
                look.set_exception(error)  # Another thread may be waiting for it.
                raise
        return look.result()

    def _check_download(self, url: str) -> Result:
        try:
            reason = why_unusable(self._download(url, Deadline(self._settings.deadline, self._clock)))
        except _PictureRefused as refused:
            reason = str(refused)
        except TimeoutError:
            reason = f"it did not come within {self._settings.deadline:g} seconds"
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = mask(f"it could not be fetched ({type(error).__name__}: {error})")
        return Unusable(f"{urlsplit(url).hostname}: {reason}") if reason else Usable(url)

    def _download(self, url: str, deadline: Deadline) -> bytes:
        for _ in range(1 + MAX_REDIRECTS):
            parts = urlsplit(url)
            connection = _Connection(
                parts.hostname or "",
                parts.port,
                tls=self._tls,
                deadline=deadline,
                allow_private=parts.hostname in self._settings.allowed_hosts,
            )
            try:
                connection.request(
                    "GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), None, _HEADERS
                )
                with connection.getresponse() as response:
                    if response.status not in _REDIRECTS:
                        return _read_picture(response)
                    url = _web_address(urljoin(url, response.getheader("Location") or ""))
            finally:
                connection.close()
        raise _PictureRefused(f"it was redirected more than {MAX_REDIRECTS} times")


def _web_address(url: str) -> str:
    """A URL as requests sends it, percent-encoded.

    Raises:
        _PictureRefused: A picture of this URL may not be fetched.
    """
    try:
        prepared = requests.Request("GET", url).prepare().url or ""
        parts = urlsplit(prepared)
        host, _ = parts.hostname, parts.port  # Accessing the port raises ValueError if it is invalid.
    except (requests.RequestException, ValueError):
        raise _PictureRefused("its URL is not a web address") from None
    if parts.scheme != "https" or not host:
        raise _PictureRefused("its URL is not an https one")
    if parts.username is not None:
        raise _PictureRefused("its URL has a user name in it")
    return prepared


def _read_picture(response: http.client.HTTPResponse) -> bytes:
    """Read a picture; stop as soon as the bytes are of no picture, or too many."""
    if response.status != http.client.OK:
        raise _PictureRefused(f"its server answered {response.status}")
    if response.length is not None and response.length > MAX_BYTES:
        raise _PictureRefused(TOO_LARGE)
    data = bytearray()
    while piece := response.read1(_CHUNK_BYTES):
        data += piece
        if len(data) >= MAGIC_LENGTH and not has_magic(bytes(data[:MAGIC_LENGTH])):
            raise _PictureRefused(WRONG_FORMAT)
        if len(data) > MAX_BYTES:
            raise _PictureRefused(TOO_LARGE)
    if response.length:
        raise _PictureRefused("the download broke off")
    return bytes(data)


def _tls_context() -> ssl.SSLContext:
    # As requests does: a company's own certificate authority is named in the environment.
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
    in_folder = Path(bundle).is_dir()
    context = ssl.create_default_context(capath=bundle if in_folder else None, cafile=None if in_folder else bundle)
    context.sslsocket_class = TimedTlsSocket
    return context


class _Connection(http.client.HTTPSConnection):
    """A connection that checks the IP addresses of its host and connects to one of those.

    It uses no proxy: a proxy would resolve the name itself, unchecked.
    """

    def __init__(
        self, host: str, port: int | None, *, tls: ssl.SSLContext, deadline: Deadline, allow_private: bool
    ) -> None:
        super().__init__(host, port, context=tls)
        self._tls = tls
        self._deadline = deadline
        self._allow_private = allow_private

    def connect(self) -> None:
        """Connect to the first address that answers.

        Raises:
            _PictureRefused: The name has an address that is not public.
        """
        found = _addresses(self.host, self.port, self._deadline)
        if not (self._allow_private or all(is_public(address[0]) for *_, address in found)):
            raise _PictureRefused("its server has a private address")
        secure = self._tls.wrap_socket(self._open(found), server_hostname=self.host)
        self.sock = cast("TimedTlsSocket", secure)
        self.sock.deadline = self._deadline

    def _open(self, found: _Addresses) -> socket.socket:
        failed: OSError = OSError("its name has no address")
        for tried, (family, kind, protocol, _, address) in enumerate(found):
            plain = socket.socket(family, kind, protocol)
            try:
                # An address that does not answer must leave time for the others.
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
    # `getaddrinfo` has no time-out, so a thread of its own waits for it.
    answer: Future[_Addresses] = Future()

    def ask() -> None:
        try:
            answer.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    return answer.result(timeout=deadline.left())


def is_public(address: str) -> bool:
    """Whether an IP address is public; an IPv4 address embedded in an IPv6 one is checked as IPv4."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour
        if ip in _IPV6_OF_IPV4:
            embedded = ipaddress.IPv4Address(ip.packed[-4:])
        if embedded is None:
            return ip in _IPV6_GLOBAL and ip.is_global
        ip = embedded
    return ip.is_global and not ip.is_multicast
