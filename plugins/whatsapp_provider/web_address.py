"""Which addresses the connections and settings may have (pure).

What goes to one of them is a token, a phone number, or a link that signs somebody in: so https, nothing hidden in it,
and no password, which every error text would quote.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

TEST_HOSTS = "PARTNER_MESSAGES_TEST_HOSTS"
"""The environment variable in which a test system lists its hosts that speak no TLS, with commas between them."""

_NOWHERE_IN_A_URL = frozenset(' \\"<>')
_NOT_IN_A_BASE = frozenset("?#{}@")


def is_web_address(url: str) -> bool:
    """Whether this is an https URL that names a host, and nobody's password."""
    parts = _split(url)
    return parts is not None and parts.scheme == "https"


def is_base_url(url: str, plain_hosts: Collection[str] = ()) -> bool:
    """Whether paths can be put behind this URL.

    Args:
        url: https; http for this machine itself, where nobody listens on the way.
        plain_hosts: Further hosts to which http may go.
    """
    parts = _split(url)
    if parts is None or set(url) & _NOT_IN_A_BASE:
        return False
    host = parts.hostname or ""
    return parts.scheme == "https" or (parts.scheme == "http" and (is_this_machine(host) or host in plain_hosts))


def is_this_machine(host: str) -> bool:
    """Whether a host is loopback."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # The port is parsed when it is asked for.
    except ValueError:
        return None
    fits = url.isprintable() and not set(url) & _NOWHERE_IN_A_URL and "@" not in parts.netloc
    return parts if fits and host else None
