"""The connection of one sender to Meta's Cloud API, with keep-alive.

The session is our own (docs/design.md, decision 7): Airflow's `HttpHook` sends every unknown field of the connection's
extra, the app secret too, as a header, has no time-out, and drops Meta's error body. It is not the base class either:
it imports aiohttp, which takes a third of a task's start.
"""

from __future__ import annotations

import json
import os
import re
import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from airflow.sdk import BaseHook
from requests.auth import AuthBase
from requests.utils import get_environ_proxies

from whatsapp_provider.api.answers import Answer, NotSent, Unknown, read_answer
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.api.transport import HttpAnswer, Transport, exchange
from whatsapp_provider.connections import connection_of
from whatsapp_provider.ends import SettingsError
from whatsapp_provider.masking import mask
from whatsapp_provider.web_address import is_this_machine

USER_AGENT = "partner-messages"

MAX_ANSWER_BYTES = 1024 * 1024
"""Bytes; Meta's answer to a message has under a thousand."""

_TOKEN = re.compile(r"[!-~]+")
"""The characters that a header may have; Meta's tokens are letters and digits."""


class _BearerToken(AuthBase):
    """Adds the sender's token to a request; as `auth` it also keeps requests from reading a .netrc file."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class WhatsAppHook(BaseHook):
    """The requests of one sender.

    Args:
        sender: The number to send from; its connection holds the token.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for Meta's whole answer.
        connections: Requests at the same time, at most.
    """

    def __init__(self, sender: Sender, *, connect_timeout: float, read_timeout: float, connections: int = 1) -> None:
        super().__init__()
        self.sender = sender
        self._url = f"{sender.host}/{sender.api_version}/{sender.phone_number_id}/messages"
        self._timeouts = (connect_timeout, read_timeout)
        self._connections = connections
        self._lock = threading.Lock()
        self._session: requests.Session | None = None

    def get_conn(self, *_fixed: Any, **_also_fixed: Any) -> requests.Session:
        """The session of this hook, made at the first call and kept; arguments are ignored.

        Raises:
            SettingsError: The connection's password cannot be a token.
        """
        with self._lock:
            if self._session is None:
                self._session = self._new_session()
            return self._session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.auth = _BearerToken(self._token())
        session.headers.clear()
        session.headers.update(
            {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": USER_AGENT}
        )
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        # Read the proxies and the CA bundle once; with trust_env, requests reads them for every request.
        session.trust_env = False
        session.proxies.update(_proxies(self.sender.host))
        session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        transport = Transport(self._connections)
        session.mount("https://", transport)
        session.mount("http://", transport)
        return session

    def _token(self) -> str:
        # A token from a file may end with a newline.
        token = (connection_of(self.sender.conn_id).password or "").strip()
        if not _TOKEN.fullmatch(token):
            raise SettingsError(
                f"{self.sender.conn_id}: the password must be the sender's access token; it is empty or has a character"
                " that no token has."
            )
        return token

    def request(self, method: str, path: str, *, max_bytes: int, **sent: Any) -> HttpAnswer:
        """Send a request that is no message, and return its answer, whatever its status.

        Args:
            method: Such as `GET`.
            path: The path after the API version.
            max_bytes: Bytes that the answer's body may have.
            sent: As for `requests.Request`.

        Raises:
            requests.RequestException, urllib3.exceptions.HTTPError: There was no complete answer.
        """
        session = self.get_conn()
        url = f"{self.sender.host}/{self.sender.api_version}/{path}"
        request = session.prepare_request(requests.Request(method, url, **sent))
        return exchange(session, request, timeouts=self._timeouts, max_bytes=max_bytes)

    def send_message(self, payload: dict[str, Any]) -> Answer:
        """Send one message to Meta, and return the outcome; no other function sends one.

        The caller has claimed the message. Errors of the network or of Meta are not raised but returned: whether the
        message may be sent again depends on the difference between `NotSent` and `Unknown`.

        Args:
            payload: The body of `POST /{phone_number_id}/messages`.
        """
        session = self.get_conn()
        try:
            request = session.prepare_request(requests.Request("POST", self._url, data=json.dumps(payload).encode()))
        except Exception as error:
            return NotSent(mask(f"{type(error).__name__}: {error}"))
        try:
            received = exchange(session, request, timeouts=self._timeouts, max_bytes=MAX_ANSWER_BYTES)
            return read_answer(received.status, received.headers, received.body)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            said = mask(f"{type(error).__name__}: {error}")
            return NotSent(said) if _was_not_sent(error) else Unknown(said)

    def close(self) -> None:
        """Close the kept-alive connections."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None


def _proxies(url: str) -> dict[str, str]:
    """The environment's proxies for a URL; none for this machine itself."""
    return {} if is_this_machine(urlsplit(url).hostname or "") else get_environ_proxies(url)


def _was_not_sent(error: Exception) -> bool:
    """Whether a request was certainly not sent, because no connection was made (see `transport`)."""
    if isinstance(error, requests.exceptions.InvalidURL):
        return True
    # The error of urllib3, unwrapped from those of requests and of urllib3's retries.
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, urllib3.exceptions.MaxRetryError) else cause
    return isinstance(reason, urllib3.exceptions.ConnectTimeoutError | urllib3.exceptions.ProxyError)
