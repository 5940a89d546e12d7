"""Tells Airflow that partners have answered: `message_log_upkeep` then replies at once, and other DAGs may act, too.

Through Airflow's own API, as the event of the asset `whatsapp://partner-messages/answers`. Where the receiver has no
connection `airflow_api`, nobody is told, and upkeep finds the answers by its own schedule.
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
from partner_messages.database.connections import connection_of
from partner_messages.recipients.masking import mask

log = logging.getLogger(__name__)

CONN_ID = AIRFLOW_CONN_ID
"""Of type http: host the address of Airflow's API server; a user's login and password, or a token as password alone."""
CALL_SECONDS = 10.0
SELDOM_SECONDS = 10.0
"""How much later than the last one an event is raised at the earliest; one tells of all that was answered before."""
AGAIN_SECONDS = 60.0
"""How much later it is tried again where Airflow could not be told."""


class Announcer:
    """Raises the event, at most once in ten seconds; what fails is tried again after a minute."""

    def __init__(self) -> None:
        self._due, self._not_before = threading.Event(), 0.0

    def answered(self) -> None:
        """Somebody has answered."""
        self._due.set()

    def announce(self) -> bool:
        """Raise the event, if there is something to tell and it is time to; return whether it was raised."""
        if not self._due.is_set() or time.monotonic() < self._not_before:
            return False
        self._due.clear()
        self._not_before = time.monotonic() + SELDOM_SECONDS
        try:
            told = raise_event()
        except (requests.RequestException, KeyError, IndexError, ValueError) as error:
            log.warning("Airflow was not told of answers: %s", mask(f"{type(error).__name__}: {error}"))
            self._due.set()
            self._not_before = time.monotonic() + AGAIN_SECONDS
            return False
        return told


def raise_event() -> bool:
    """Raise the event; return whether there is an Airflow to be told.

    Raises:
        requests.RequestException: It did not answer, or refused.
        KeyError, IndexError: Its answer is not as expected: it knows no such asset, say, as no DAG of it listens.
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
            token = _asked(session.post(f"{url}/auth/token", json=given, timeout=CALL_SECONDS))["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        known = _asked(session.get(f"{url}/api/v2/assets", params={"uri_pattern": ANSWERS_ASSET}, timeout=CALL_SECONDS))
        asset = known["assets"][0]["id"]
        _asked(session.post(f"{url}/api/v2/assets/events", json={"asset_id": asset}, timeout=CALL_SECONDS))
    return True


def _asked(response: requests.Response) -> dict[str, Any]:
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer
