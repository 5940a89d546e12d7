"""The connection to Meta's Cloud API: one sender, kept-alive connections, requests that say only what they must.

The request is ours, and so is the connection's session (docs/design.md, decision 7): Airflow's `HttpHook` would send
every unknown field of the connection's extra, the app secret too, as a header, waits for ever, and drops Meta's error
body. It is not the base class either: with it comes aiohttp, which takes a third of what a task needs to start.
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

from partner_messages.config.settings import SettingsError
from partner_messages.config.web_address import is_this_machine
from partner_messages.database.connections import connection_of
from partner_messages.recipients.masking import mask
from partner_messages.whatsapp.answers import Answer, NotSent, Unknown, read_answer
from partner_messages.whatsapp.senders import Sender
from partner_messages.whatsapp.transport import Transport, exchange

USER_AGENT = "partner-messages"

LONGEST_ANSWER = 1024 * 1024
"""Bytes; what Meta says of a message has under a thousand."""

_TOKEN = re.compile(r"[!-~]+")
"""What may stand in a header; Meta's own tokens are letters and digits."""


class _BearerToken(AuthBase):
    """Puts the sender's token on a request; as `auth`, it also keeps requests from looking for one in a .netrc file."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class WhatsAppHook(BaseHook):
    """Sends one sender's messages.

    Args:
        sender: The number to send from; its connection holds the token.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for Meta's whole answer.
        connections: How many requests may be under way at once.
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
        """The session of this hook, made at the first call and kept; its headers and options are nobody's to choose.

        Raises:
            SettingsError: The token of the sender's connection cannot be sent.
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
        # What requests would look up for every single request is looked up once.
        session.trust_env = False
        session.proxies.update(_proxies(self.sender.host))
        session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        transport = Transport(self._connections)
        session.mount("https://", transport)
        session.mount("http://", transport)
        return session

    def _token(self) -> str:
        # Files and shells end a line where a token should end.
        token = (connection_of(self.sender.conn_id).password or "").strip()
        if not _TOKEN.fullmatch(token):
            raise SettingsError(
                f"{self.sender.conn_id}: the password must be the sender's access token; it is empty or has a character"
                " that no token has."
            )
        return token

    def send_message(self, payload: dict[str, Any]) -> Answer:
        """Let one request leave for Meta, and say what became of it.

        This is the one place where that happens; whoever calls it has claimed the message. Never raises for what the
        network or Meta does: whether a message may be sent again hangs on the difference between "certainly not sent"
        and "unknown".

        Args:
            payload: The message, as `POST /{phone_number_id}/messages` takes it.
        """
        session = self.get_conn()
        try:
            request = session.prepare_request(requests.Request("POST", self._url, data=json.dumps(payload).encode()))
        except Exception as error:
            return NotSent(mask(f"{type(error).__name__}: {error}"))
        try:
            received = exchange(session, request, timeouts=self._timeouts, most=LONGEST_ANSWER)
            return read_answer(received.status, received.headers, received.body)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            said = mask(f"{type(error).__name__}: {error}")
            return NotSent(said) if _before_the_request_was_written(error) else Unknown(said)

    def close(self) -> None:
        """Close the kept-alive connections."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None


def _proxies(url: str) -> dict[str, str]:
    """The environment's proxies for a URL; none for this machine itself, which no proxy could mean."""
    return {} if is_this_machine(urlsplit(url).hostname or "") else get_environ_proxies(url)


def _before_the_request_was_written(error: Exception) -> bool:
    """Whether a request certainly never left: no connection was made (see `transport`), or none could be."""
    if isinstance(error, requests.exceptions.InvalidURL):
        return True
    # What urllib3 said, without what requests and its retries (there are none) have wrapped around it.
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, urllib3.exceptions.MaxRetryError) else cause
    return isinstance(reason, urllib3.exceptions.ConnectTimeoutError | urllib3.exceptions.ProxyError)
