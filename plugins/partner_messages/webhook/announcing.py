"""Create an Airflow asset event when partners have answered, so that `message_log_upkeep` and other DAGs run at once.

The event of the asset `whatsapp://partner-messages/answers` is created through Airflow's API. Without the connection
`airflow_api` no event is created, and upkeep finds the answers on its own schedule. What is due is known to the process
alone: one that stops creates the event first, and one that begins asks the message log what may be due (`Applier`).
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import requests
from airflow.sdk.exceptions import AirflowNotFoundException

from partner_messages.config.schedule import ANSWERS_ASSET
from partner_messages.config.settings import AIRFLOW_CONN_ID
from whatsapp_provider.connections import connection_of
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

CONN_ID = AIRFLOW_CONN_ID
"""Type http: host is the API server's address; with a login, login and password are a user's; else password is a token.
"""
TIMEOUT_SECONDS = 10.0
MIN_INTERVAL_SECONDS = 10.0
"""The shortest time between two events; one event covers all answers before it."""
RETRY_SECONDS = 60.0
"""The wait before the next try after a failed call."""
LAST_TIMEOUT_SECONDS = 2.0
"""As `TIMEOUT_SECONDS`, where the process stops: it is killed if it takes too long (by Docker after ten seconds)."""


class Announcer:
    """Creates the asset event, at most once in ten seconds; retries a failed call after a minute."""

    def __init__(self) -> None:
        self._due, self._not_before = threading.Event(), 0.0

    def answered(self) -> None:
        """Note that a partner has answered."""
        self._due.set()

    def announce(self) -> bool:
        """Create the event if one is due; return whether it was created."""
        return time.monotonic() >= self._not_before and self._announce(TIMEOUT_SECONDS)

    def announce_last(self) -> bool:
        """As `announce`, at the end of the process: without a wait between two events."""
        return self._announce(LAST_TIMEOUT_SECONDS)

    def _announce(self, timeout: float) -> bool:
        if not self._due.is_set():
            return False
        self._due.clear()
        self._not_before = time.monotonic() + MIN_INTERVAL_SECONDS
        try:
            told = create_asset_event(timeout)
        except (requests.RequestException, KeyError, IndexError, ValueError) as error:
            log.warning("Airflow was not told of answers: %s", mask(f"{type(error).__name__}: {error}"))
            self._due.set()
            self._not_before = time.monotonic() + RETRY_SECONDS
            return False
        return told


def create_asset_event(timeout: float = TIMEOUT_SECONDS) -> bool:
    """Create the asset event; return False if there is no connection to Airflow.

    Args:
        timeout: Seconds to wait for a connection, and for each of up to three answers.

    Raises:
        requests.RequestException: Airflow did not answer, or refused.
        KeyError, IndexError: Unexpected answer, for example because no DAG uses the asset.
    """
    try:
        connection = connection_of(CONN_ID)
    except AirflowNotFoundException:
        return False
    url = (connection.host or "").rstrip("/") + (f":{connection.port}" if connection.port else "")
    with requests.Session() as session:
        token = connection.password
        if connection.login:
            given = {"username": connection.login, "password": connection.password}
            token = _json_of(session.post(f"{url}/auth/token", json=given, timeout=timeout))["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        pattern = {"uri_pattern": ANSWERS_ASSET}
        found = _json_of(session.get(f"{url}/api/v2/assets", params=pattern, timeout=timeout))
        event = {"asset_id": found["assets"][0]["id"]}
        _json_of(session.post(f"{url}/api/v2/assets/events", json=event, timeout=timeout))
    return True


def _json_of(response: requests.Response) -> dict[str, Any]:
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer
