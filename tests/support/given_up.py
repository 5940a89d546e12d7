"""Errors of urllib3 as it raises them when it gives a request to Meta up."""

from __future__ import annotations

from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError

POOL = HTTPConnectionPool("graph.facebook.com")
CONNECTION = HTTPConnection("graph.facebook.com")


def given_up(reason: Exception) -> MaxRetryError:
    """What it raises after its last try; its text holds the address, and the token in it."""
    return MaxRetryError(POOL, "/v25.0/1/messages?access=1", reason)
