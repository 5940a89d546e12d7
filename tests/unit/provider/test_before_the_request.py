"""Which errors certainly come before a request was written, as requests and urllib3 build them."""

from __future__ import annotations

import http.client
import socket
import ssl

import pytest
import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    IncompleteRead,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from support.given_up import CONNECTION, POOL, given_up
from whatsapp_provider.hooks.whatsapp import _was_not_sent


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError(given_up(NewConnectionError(CONNECTION, "Connection refused"))),
        requests.ConnectionError(given_up(NameResolutionError("graph.invalid", CONNECTION, socket.gaierror(-2, "no")))),
        requests.ConnectTimeout(given_up(ConnectTimeoutError(CONNECTION, "timed out"))),
        requests.exceptions.ProxyError(given_up(ProxyError("Cannot connect to proxy.", OSError("refused")))),
        requests.exceptions.InvalidURL("no host"),
    ],
    ids=["refused", "no such name", "out of time", "proxy", "no host"],
)
def test_without_a_connection_nothing_was_written(error):
    assert _was_not_sent(error)


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout(ReadTimeoutError(POOL, "/", "Read timed out.")),
        requests.ConnectionError(ReadTimeoutError(POOL, "/", "Read timed out.")),
        requests.ConnectionError(given_up(ReadTimeoutError(POOL, "/", "Read timed out."))),
        requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))),
        requests.ConnectionError(ProtocolError("Connection aborted.", http.client.RemoteDisconnected("closed"))),
        requests.ConnectionError(ProtocolError("Connection aborted.", BrokenPipeError(32, "pipe"))),
        requests.exceptions.ChunkedEncodingError(ProtocolError("broken", IncompleteRead(10, 90))),
        requests.exceptions.ContentDecodingError(DecodeError("not gzip")),
        requests.exceptions.SSLError(given_up(SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")))),
        requests.RequestException(),
        requests.RequestException("something new"),
        DecodeError("bare"),
    ],
    ids=lambda error: f"{type(error).__name__} {error}"[:60],
)
def test_after_a_connection_was_made_nobody_knows(error):
    assert not _was_not_sent(error)
