"""Connections that tell an error in making them from one that came after the request was written.

The TLS handshake is part of making a connection, but the libraries report its errors and time-outs as they report those
of a lost answer. A message must be sent again after the first and never after the second.
"""

from __future__ import annotations

from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError


class _Connection(HTTPConnection):
    def connect(self) -> None:
        """Make the connection, or say that it was not made."""
        try:
            super().connect()
        except ConnectTimeoutError:  # Says so already: refused, no such name, out of time.
            raise
        except Exception as error:
            raise NewConnectionError(self, f"{type(error).__name__}: {error}") from error


class _TlsConnection(_Connection, HTTPSConnection):
    pass


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
