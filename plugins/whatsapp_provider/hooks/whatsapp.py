"""The connection of one business number to Meta's Cloud API, with keep-alive.

The session is its own: Airflow's `HttpHook` sends every unknown field of the connection's extra, the app secret too, as
a header, has no time-out, and drops Meta's error body. It is not the base class either: it imports aiohttp, which takes
a third of a task's start.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from airflow.sdk import BaseHook
from requests.auth import AuthBase
from requests.utils import get_environ_proxies

from whatsapp_provider.api.answers import Accepted, Answer, NotSent, Unknown, read_answer
from whatsapp_provider.api.outcomes import accepted, in_words
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.api.transport import HttpAnswer, Transport, exchange, why_no_answer
from whatsapp_provider.connections import CONN_TYPE, connection_of, sender_of
from whatsapp_provider.ends import SettingsError
from whatsapp_provider.masking import mask, mask_phone
from whatsapp_provider.web_address import is_this_machine

if TYPE_CHECKING:
    from whatsapp_provider.sending import Once
    from whatsapp_provider.templates.message import TemplateMessage

log = logging.getLogger(__name__)

USER_AGENT = "airflow-provider-whatsapp"

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
    """The requests of one business number.

    Nothing is read and no connection is made before the first request.

    Args:
        whatsapp_conn_id: The connection, of the type `whatsapp` or `http`; its password is the access token.
        sender: The number, where its connection was read before.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for Meta's whole answer.
        connections: Requests at the same time, at most.
    """

    conn_name_attr = "whatsapp_conn_id"
    default_conn_name = "whatsapp_default"
    conn_type = CONN_TYPE
    hook_name = "WhatsApp"

    def __init__(
        self,
        whatsapp_conn_id: str = default_conn_name,
        *,
        sender: Sender | None = None,
        connect_timeout: float = 10,
        read_timeout: float = 30,
        connections: int = 1,
    ) -> None:
        super().__init__()
        self.whatsapp_conn_id = sender.conn_id if sender else whatsapp_conn_id
        self._sender = sender
        self._timeouts = (connect_timeout, read_timeout)
        self._connections = connections
        self._lock = threading.Lock()
        self._session: requests.Session | None = None

    @property
    def sender(self) -> Sender:
        """The number, as its connection describes it.

        Raises:
            SettingsError: The connection is incomplete; the key is named.
            AirflowNotFoundException: There is no such connection.
        """
        if self._sender is None:
            self._sender = sender_of(connection_of(self.whatsapp_conn_id))
        return self._sender

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
        session.verify = _certificates() or True
        transport = Transport(self._connections)
        session.mount("https://", transport)
        session.mount("http://", transport)
        return session

    def _token(self) -> str:
        # A token from a file may end with a newline.
        token = (connection_of(self.whatsapp_conn_id).password or "").strip()
        if _is_hidden(token):
            raise SettingsError(
                f"{self.whatsapp_conn_id}: the password is {token}, with which Airflow hides a stored one; put the"
                " token itself into the connection."
            )
        if not _TOKEN.fullmatch(token):
            raise SettingsError(
                f"{self.whatsapp_conn_id}: the password must be the sender's access token; it is empty or has a"
                " character that no token has."
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
            body = json.dumps(payload).encode()
            request = session.prepare_request(requests.Request("POST", self._messages(), data=body))
        except Exception as error:
            return NotSent(mask(f"{type(error).__name__}: {error}"))
        try:
            received = exchange(session, request, timeouts=self._timeouts, max_bytes=MAX_ANSWER_BYTES)
            return read_answer(received.status, received.headers, received.body)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            said = why_no_answer(error, self.sender.host)
            return NotSent(said) if _was_not_sent(error) else Unknown(said)

    def _messages(self) -> str:
        return f"{self.sender.host}/{self.sender.api_version}/{self.sender.phone_number_id}/messages"

    def send_template(self, message: TemplateMessage, once: Once | None = None) -> Accepted:
        """Look whether Meta has the message's template as it is filled in here, and send it.

        Args:
            message: The message.
            once: What sees to it that the message leaves only once, if anything does.

        Raises:
            RepairNeeded: Somebody must change something first, or it is not known whether the message has left.
            TryLater: It has certainly not left, and may later.
        """
        from whatsapp_provider.api.management import TemplateApi

        payload = message.payload(*TemplateApi(self).template_and_languages(message.template, message.language))
        if once:
            once.let_go()
        answer = self.send_message(payload)
        if once:
            once.settle(answer)
        log.info("%s (%s) to %s: %s", message.template, message.language, mask_phone(message.to), in_words(answer))
        return accepted(self.whatsapp_conn_id, answer)

    def test_connection(self) -> tuple[bool, str]:
        """Ask Meta for the number; what is said has no secret in it, because Airflow shows it as it is."""
        from whatsapp_provider.api.management import TemplateApi

        try:
            if _is_hidden((connection_of(self.whatsapp_conn_id).password or "").strip()):
                return False, (
                    "Airflow has sent *** in the place of the access token: type it again, or run"
                    " `airflow whatsapp check` with the connection that is stored."
                )
            return True, TemplateApi(self).number().in_words()
        except Exception as error:
            return False, mask(str(error))

    def close(self) -> None:
        """Close the kept-alive connections."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None


def _is_hidden(token: str) -> bool:
    """Whether this stands where Airflow hides a token."""
    return set(token) == {"*"}


def _certificates() -> str | None:
    """The file or folder of certificates that the environment names.

    Raises:
        SettingsError: It is not there.
    """
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := os.environ.get(name):
            if not Path(path).exists():
                raise SettingsError(f"{name} names {path}, which is not there; correct it in the environment.")
            return path
    return None


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
