"""A reminder that Meta took, with and without a picture, and what sends what follows it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from partner_messages.database.session import Session
from sandbox.shop import partner_id
from support.deployment import Deployment
from support.followups import MEERA, RUN, SentTo
from support.log_rows import Log, put
from support.picture_files import jpeg
from support.picture_server import HOST, Pages, picture
from support.sending import PHONE_NUMBER_ID, SendTask


@pytest.fixture
def reminded(log: Log) -> SentTo:
    """Puts a reminder that Meta took into the log: `reminded("MEERA", MEERA)` speaks of RUN, whose design is KAMEEZ."""

    def put_sent(name: str = "MEERA", phone: str = MEERA, run: str = RUN, **columns: Any) -> uuid.UUID:
        plain = {
            "partner_id": partner_id(name),
            "to_phone": phone,
            "design_id": partner_id("KAMEEZ"),
            "variables": Jsonb({"partner_name": name.title(), "design_name": "Block Print Kameez", "run_id": run}),
            "meta_message_id": "wamid.TAKEN",
        }
        return put(log, columns.pop("status", "sent"), run, **{**plain, **columns})

    return put_sent


@pytest.fixture
def pages(deployment: Deployment, shop: Session, serve_pictures: Callable[..., Pages]) -> Pages:
    """The server of the design's picture."""
    served = serve_pictures(picture(jpeg()))
    deployment.set(pictures={"allowed_hosts": [HOST]})
    shop.execute("UPDATE design SET thumbnail_url = %s WHERE id = %s", [served["/kameez.jpg"], partner_id("KAMEEZ")])
    return served


@pytest.fixture
def no_picture(deployment: Deployment, shop: Session) -> None:
    """The shop has no picture of any design."""
    shop.execute("UPDATE design SET thumbnail_url = NULL, media_files = NULL, moodboard = NULL, design_files = NULL")


@pytest.fixture
def send(deployment: Deployment, graph_api: Any) -> SendTask:
    """Sends as a mapped task does; Meta knows that Meera has written."""
    graph_api.open_window(PHONE_NUMBER_ID, MEERA)
    return SendTask(deployment)
