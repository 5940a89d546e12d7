"""Asks for the pages as Airflow's API server mounts them, in one process, and says how long each took."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from psycopg import sql
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.message_log.database import open_message_log
from partner_messages.pages.app import pages_app

ONE = sql.SQL("SELECT 1")


def visit(pages: Mapping[str, str], asked: int) -> dict[str, list[float]]:
    """Ask for pages in turns, so that all meet the same machine.

    Args:
        pages: Addresses, by what they are called; `bare` is added, which asks the message log for 1.
        asked: How often each is asked for, after it was once.

    Returns:
        Milliseconds, by what the page is called.
    """
    app = pages_app()
    app.add_api_route("/bare", _bare)
    mounted: Any = Starlette(routes=[Mount(PREFIX, app)])
    client = TestClient(mounted, base_url="http://127.0.0.1:8080")
    token = create_auth_manager().generate_jwt(SimpleAuthManagerUser(username="bench", role="admin"))
    client.cookies.set("_token", token)
    took: dict[str, list[float]] = {name: [] for name in ("bare", *pages)}
    for number in range(asked + 1):
        for name, address in {"bare": "/bare", **pages}.items():
            began = time.perf_counter()
            answer = client.get(PREFIX + address)
            milliseconds = 1_000 * (time.perf_counter() - began)
            answer.raise_for_status()
            if number:
                took[name].append(milliseconds)
    return took


def _bare() -> str:
    with open_message_log() as log:
        log.execute(ONE)
    return "1"
