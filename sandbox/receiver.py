"""The receiver of webhooks, as a process of its own beside an Airflow: it has the message log and secrets alone."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

from sandbox import airflow_env, embedded, processes
from sandbox.connections import SETTINGS, as_environment

START_SECONDS = 60.0
PATH = "/partner-messages/webhook"
OPERATIONS = "ops"


@contextlib.contextmanager
def running(
    folder: Path, connections: Mapping[str, Mapping[str, Any]], *, port: int = 0, airflow_url: str | None = None
) -> Iterator[str]:
    """Run a receiver for as long as the block lasts, and give its address.

    Args:
        folder: Where its log and its AIRFLOW_HOME are.
        connections: All of the project's; it is given no token, and no way to the shop.
        port: Where it listens, on loopback, if that is free.
        airflow_url: An Airflow that it tells of answers.

    Raises:
        processes.ProcessFailedError: It ended, or did not listen within a minute.
    """
    listens_on = embedded.free_port(port)
    url = f"http://{embedded.HOST}:{listens_on}{PATH}"
    home = folder / "receiver-home"
    home.mkdir(parents=True, exist_ok=True)
    seen = {
        name: {**one, "password": one["password"] if name == "message_log_db" else None}
        for name, one in connections.items()
        if name == "message_log_db" or name.startswith("whatsapp_")
    }
    if airflow_url:
        login, password = OPERATIONS, airflow_env.password_of(OPERATIONS)
        seen["airflow_api"] = {"conn_type": "http", "host": airflow_url, "login": login, "password": password}
    environment = {
        **airflow_env.base_environment(),
        **as_environment(seen, SETTINGS),
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": str(airflow_env.PROJECT / "plugins"),
    }
    with processes.keep(
        "The receiver of webhooks",
        [sys.executable, "-m", "partner_messages.webhook", "--port", str(listens_on)],
        env=environment,
        log=folder / "receiver.log",
        cwd=airflow_env.PROJECT,
    ) as receiver:
        for _ in processes.pauses(START_SECONDS):
            if receiver.status() is not None:
                break
            if _answers(url):
                yield url
                return
        raise receiver.failure()


def _answers(url: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # a proxy in the environment does not know our loopback
        try:
            session.get(url, timeout=5)
        except requests.ConnectionError:
            return False
    return True
