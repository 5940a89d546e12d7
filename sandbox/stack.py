"""The sandbox's parts put together: what `demo`, `up` and `bench` have in common."""

from __future__ import annotations

import datetime as dt
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sandbox import shop
from sandbox.airflow_env import METADATA
from sandbox.graph_api.server import LocalGraphApi
from sandbox.postgres import Server

SHOP = "shop"
MESSAGE_LOG = "messages"
SHOP_READER = "shop_reader"
SHOP_INBOX = "shop_inbox"
DAG = "production_run_reminders"
EVENTS_DAG = "production_run_events"
TEMPLATES_DAG = "whatsapp_templates"
UPKEEP_DAG = "message_log_upkeep"
AIRFLOW = Path(sys.executable).with_name("airflow")


def make_databases(server: Server, tick: dt.datetime) -> None:
    """Make the sample shop anew, timed around the tick, an empty message log and Airflow's own database."""
    shop.load(server.create_database(SHOP), tick)
    server.create_database(MESSAGE_LOG)
    server.create_database(METADATA)


def shop_reader_url(server: Server) -> str:
    """The shop's URL for a role that may only read, as the connection `production_db` is to be; the role is made."""
    return _shop_url(server, SHOP_READER, shop.allow_reading)


def shop_inbox_url(server: Server) -> str:
    """The shop's URL for a role that may write its inbox, as `shop_inbox_db` is to be; the role is made."""
    return _shop_url(server, SHOP_INBOX, shop.allow_writing_inbox)


def tell_who_wrote(server: Server, api: LocalGraphApi) -> None:
    """Let the local Graph API know who wrote to the shop today, for it takes free-form messages to nobody else.

    The shop's inbox does not say which business number they wrote to, so it counts for each.
    """
    for number, text in shop.wrote_today(server.url_of(SHOP)):
        for account in api.accounts.values():
            api.open_window(account.phone_number_id, number, text)


def _shop_url(server: Server, name: str, allow: Callable[[str, str], None]) -> str:
    password = secrets.token_urlsafe(24)
    role = server.create_role(name, password)
    allow(server.url_of(SHOP), role)
    return server.url_of(SHOP, user=role, password=password)


def telling() -> Callable[[str], None]:
    """A function that prints a line with the seconds since now before it."""
    start = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - start:6.1f} s  {line}", flush=True)

    return tell
