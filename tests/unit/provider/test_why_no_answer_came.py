"""What is said where a request got no answer: what to look at, and nothing of the library's own words."""

from __future__ import annotations

import ssl

import pytest
import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from support.given_up import CONNECTION, POOL, given_up
from whatsapp_provider.api.transport import AnswerTooLong, why_no_answer


def lost(reason):
    return requests.ConnectionError(given_up(reason))


def new(said):
    return lost(NewConnectionError(CONNECTION, said))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (lost(NameResolutionError("graph.facebook.com", CONNECTION, OSError(-2, "no"))), "DNS"),
        (new("[Errno 111] Connection refused"), "nothing answers there"),
        (new("[Errno 101] Network is unreachable"), "network"),
        (new("SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), "REQUESTS_CA_BUNDLE"),
        (new("CertificateError: hostname doesn't match"), "REQUESTS_CA_BUNDLE"),
        (new("SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number"), "https"),
        (new("OSError: Tunnel connection failed: 403 Forbidden"), "HTTPS_PROXY"),
        (requests.exceptions.ProxyError(given_up(ProxyError("no", OSError("refused")))), "HTTPS_PROXY"),
        (requests.exceptions.InvalidProxyURL("Please check proxy URL."), "HTTPS_PROXY"),
        (requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support."), "HTTPS_PROXY"),
        (requests.ConnectTimeout(given_up(ConnectTimeoutError("timed out"))), "firewall"),
        (requests.ReadTimeout(ReadTimeoutError(POOL, "/", "Read timed out.")), "in time"),
        (ReadTimeoutError(POOL, "/", "Read timed out."), "in time"),
        (requests.exceptions.InvalidURL("no host"), "host of the connection"),
        (requests.exceptions.MissingSchema("no scheme"), "host of the connection"),
        (LocationParseError("nonsense"), "host of the connection"),
        (requests.exceptions.ContentDecodingError(DecodeError("not gzip")), "proxy"),
        (AnswerTooLong("the answer has more than 1,048,576 bytes"), "longer than any of Meta's"),
        (requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "no"))), "broke off"),
        (requests.exceptions.SSLError(given_up(SSLError(ssl.SSLEOFError(8, "EOF occurred")))), "broke off"),
        (requests.RequestException("something new"), "broke off"),
    ],
    ids=lambda one: f"{type(one).__name__} {one}"[:80] if isinstance(one, Exception) else one,
)
def test_it_names_the_host_what_happened_and_what_to_look_at(error, said):
    sentence = why_no_answer(error, "https://graph.facebook.com/v25")

    assert sentence.startswith("graph.facebook.com ")
    assert said in sentence
    assert sentence.endswith(f"({type(error).__name__})")
    for raw in ("Max retries", "Caused by", "object at", "Pool(", "Errno", "/messages"):
        assert raw not in sentence
