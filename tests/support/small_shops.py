"""Fixtures of whole ticks (a pytest plugin): shops of a few runs, templates that are known to be approved, or none.

What imports Airflow is imported where it is used: the process that only hands tests out to others needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from sandbox.shop.expectations import run_id
from support.deployment import Deployment
from support.picture_files import jpeg
from support.picture_server import HOST, picture

KEPT = ("SENT10D", "SENT23H", "ACCEPT25H", "ACCEPTSENT", "START72H1S", "PARTNERGAP")
PICTURED = "jyt_production_run_reminder_pending_v2"


@pytest.fixture
def few_runs(shop: psycopg.Connection[DictRow]) -> None:
    """A shop of six runs: four messages by three senders, one run not overdue, one without a partner."""
    shop.execute("DELETE FROM production_runs WHERE NOT id = ANY (%s)", [[run_id(name) for name in KEPT]])


@pytest.fixture
def approvals_known(deployment: Deployment) -> None:
    """The templates were seen to be approved a moment ago."""
    from partner_messages.deployment.live_settings import load_senders, load_settings
    from partner_messages.message_log.database import open_message_log
    from partner_messages.planning.template_listing import fresh_approvals

    with open_message_log() as connection:
        settings = load_settings()
        fresh_approvals(connection, load_senders(settings), settings)


@pytest.fixture
def one_pictured_run(shop: psycopg.Connection[DictRow], deployment: Deployment) -> str:
    """A shop with one stuck run, whose design has no picture yet; family v2, approved everywhere. Returns its id."""
    from support.submitted import submit_templates

    run = run_id("SENT10D")
    shop.execute("DELETE FROM production_runs WHERE id <> %s", [run])
    shop.execute("UPDATE design SET thumbnail_url = NULL, media_files = NULL, moodboard = NULL, design_files = NULL")
    deployment.set(template_family="v2", pictures={"allowed_hosts": [HOST]})
    submit_templates([PICTURED])
    return run


@pytest.fixture
def with_picture(shop: psycopg.Connection[DictRow], serve_pictures: Callable[..., Any]) -> str:
    """The designs have a picture that Meta would take; returns its URL."""
    url: str = serve_pictures(picture(jpeg()))["/kurta.jpg"]
    shop.execute("UPDATE design SET thumbnail_url = %s", [url])
    return url


@pytest.fixture(scope="session")
def _bare_process() -> Iterator[Any]:
    from sandbox.graph_api.server import running

    with running(templates=False) as api:
        yield api


@pytest.fixture
def bare_api(_bare_process: Any) -> Any:
    """A Graph API as new; no account has a template, and reviews end at once."""
    _bare_process.reset()
    return _bare_process


@pytest.fixture
def deployed(deployment: Deployment, bare_api: Any) -> Deployment:
    """The package, its senders speaking to `bare_api`."""
    for label in ("in", "au", "europe"):
        conn_id = f"whatsapp_{label}"
        deployment.connect(conn_id, {**deployment.connection(conn_id), "host": bare_api.url})
    return deployment
