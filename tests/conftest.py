"""The ground the tests stand on: one embedded PostgreSQL and one Airflow home a test process, each test's data as new.

The environment is made before anything imports Airflow, and nothing of the caller's own Airflow, PostgreSQL or Python
setting gets into it.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from support.deployment import TICK, UPGRADED, Deployment
from support.kept_sessions import KeptSessions
from support.restoring import empty, remember_shop, restore_shop
from support.workplace import workplace

pytest_plugins = [
    f"support.{name}" for name in ("fault_table", "kept_sessions", "order", "picture_server", "small_shops")
]

PROJECT = Path(__file__).resolve().parents[1]
# No deadline, for tests as for examples: on a machine that others share, slow says nothing about the code.
hypothesis.settings.register_profile(
    "shared-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared-machine")

_of_the_process = contextlib.ExitStack()
_POSTGRES = pytest.StashKey[Any]()


def _make_home() -> None:
    """Give Airflow a home of this process, and its temporary files the same folder."""
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "_AIRFLOW", "PG"))]:
        del os.environ[name]
    folder = str(workplace())
    tempfile.tempdir = None  # Somebody may have asked for it already.
    os.environ.update(
        TMPDIR=folder,
        AIRFLOW_HOME=folder,
        AIRFLOW__CORE__DAGS_FOLDER=str(PROJECT / "dags"),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(PROJECT / "plugins"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__FERNET_KEY="c2FuZGJveC10ZXN0cy1mZXJuZXQta2V5LTMyYnl0ZXM=",
        AIRFLOW__API_AUTH__JWT_SECRET="t" * 64,
    )


# Now, not in a hook: pytest imports the conftest files of the folders it was given before it calls any.
_make_home()
gc.disable()  # Until all tests are there: 8,000 of them stay, so that looking for garbage among them finds none.


def pytest_configure(config: pytest.Config) -> None:
    """Start the server of this test process."""
    if _runs_tests(config):
        # On a server that DATABASE_URL names, the test processes keep their databases apart by this label.
        config.stash[_POSTGRES] = _start_postgres(label=getattr(config, "workerinput", {}).get("workerid", ""))


def _runs_tests(config: pytest.Config) -> bool:
    # The process that only hands tests out to others needs no server.
    is_worker = hasattr(config, "workerinput")
    return not config.option.collectonly and (is_worker or not getattr(config.option, "numprocesses", None))


def _start_postgres(label: str) -> Any:
    from sandbox.postgres import server

    folder = Path(os.environ["AIRFLOW_HOME"]) / "postgres"
    running = _of_the_process.enter_context(server(folder, label=label))
    running.create_database("airflow")
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = running.url_of("airflow", scheme="postgresql+psycopg2")
    return running


def pytest_unconfigure() -> None:
    """Stop what this process started."""
    _of_the_process.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Whether what takes long is run, too, and whether the docs get new pictures, or a release its message log."""
    parser.addoption("--slow", action="store_true", help="run the tests that are marked as slow, too")
    parser.addoption("--pictures", action="store_true", help="keep pictures of the pages in docs/pictures")
    parser.addoption("--keep-log", action="store_true", help="keep the message log of this version, for a release")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what is slow, unless it is asked for."""
    if item.get_closest_marker("slow") and not (item.config.option.slow or item.config.option.rounds):
        pytest.skip("slow: make test-all or make faults has it")


def pytest_collection_finish() -> None:
    """Look for garbage again, but never among the tests and what they have imported: that took 25 s of a whole run.

    Nor is each line of the log written twice: pytest shows those of a test that fails, and Airflow would print them.
    """
    logging.getLogger().handlers.clear()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)  # Instead of 700, 10, 10: half of what it took otherwise.
    gc.enable()


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Any:
    """The embedded server of this test process (`sandbox.postgres.Server`)."""
    return pytestconfig.stash[_POSTGRES]


@pytest.fixture(scope="session")
def _templates(postgres: Any) -> Any:
    """One sample shop and one migrated message log, which every test copies."""
    from partner_messages.message_log.migrations import migrate
    from sandbox.shop import load

    load(postgres.create_database("shop_template"), TICK)
    with psycopg.connect(postgres.create_database("log_template")) as connection:
        migrate(connection)
    return postgres


@pytest.fixture(scope="session")
def _unchanged_shop(_templates: Any) -> str:
    """The sample shop of all tests that leave it as it is; PostgreSQL sees to that."""
    url: str = _templates.create_database("unchanged_shop", template="shop_template")
    name = sql.Identifier(_templates.name_of("unchanged_shop"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    return url


@pytest.fixture(scope="session")
def _changed_shop(_templates: Any) -> str:
    url: str = _templates.create_database("changed_shop", template="shop_template")
    remember_shop(url)
    return url


@pytest.fixture(scope="session")
def _log_of_all(_templates: Any) -> str:
    url: str = _templates.create_database("log_of_all", template="log_template")
    return url


@pytest.fixture
def shop_url(request: pytest.FixtureRequest, _templates: Any, kept_sessions: KeptSessions) -> Iterator[str]:
    """The sample shop as it stands at TICK; it can be changed by tests that ask for `shop` or `altered_shop`."""
    if "altered_shop" in request.fixturenames:
        yield _templates.create_database("altered_shop", template="shop_template")
        _templates.drop_database("altered_shop")
    elif "shop" in request.fixturenames:
        url = request.getfixturevalue("_changed_shop")
        yield url
        with kept_sessions.session(url) as owner:
            restore_shop(owner)
    else:
        yield request.getfixturevalue("_unchanged_shop")


@pytest.fixture
def log_url(_log_of_all: str, kept_sessions: KeptSessions) -> str:
    """An empty, migrated message log; always the same one, because copying one takes longer than emptying it."""
    with kept_sessions.session(_log_of_all) as owner:
        empty(owner)
    return _log_of_all


@pytest.fixture
def shop(shop_url: str, kept_sessions: KeptSessions) -> Iterator[psycopg.Connection[DictRow]]:
    """A session that may change the sample shop's rows (autocommit, rows as dicts)."""
    with kept_sessions.session(shop_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def altered_shop(shop_url: str, kept_sessions: KeptSessions) -> Iterator[psycopg.Connection[DictRow]]:
    """A session that may change the sample shop's tables, too: a shop of this test's own, which takes longer."""
    with kept_sessions.session(shop_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def log(log_url: str, kept_sessions: KeptSessions) -> Iterator[psycopg.Connection[DictRow]]:
    """A session with the message log as the package opens it (autocommit, rows as dicts, search path)."""
    with kept_sessions.session(log_url, autocommit=True, options="-c search_path=partner_messages") as connection:
        yield connection


@pytest.fixture(scope="session")
def graph_api_process() -> Iterator[Any]:
    from sandbox.graph_api.server import running

    with running(rate=UPGRADED) as graph_api:
        yield graph_api


@pytest.fixture
def graph_api(graph_api_process: Any) -> Any:
    """The local Graph API, as new (`sandbox.graph_api.server`)."""
    graph_api_process.reset()
    return graph_api_process


@pytest.fixture
def deployment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, shop_url: str, log_url: str, graph_api: Any
) -> Deployment:
    """The package, deployed over this test's own shop, message log and Graph API; `delivery` is `live`."""
    from partner_messages.deployment import run_context
    from sandbox.connections import connections

    if "dags" in request.fixturenames:
        _forget_the_log_of_other_tests(request.getfixturevalue("dags"))
    deployed = Deployment(monkeypatch)
    for conn_id, connection in connections(
        shop_url=shop_url, message_log_url=log_url, graph_api_url=graph_api.url
    ).items():
        deployed.connect(conn_id, connection)
    # At TICK it is night for the sample shop's Italians and its American; the tests of hours have the real setting.
    deployed.set(senders=["in", "au", "europe"], delivery="live", partner_send_window=["00:00", "23:59"])
    monkeypatch.setattr(run_context, "wall_clock", lambda: deployed.now)
    # Asked anew for each connection otherwise, through all of Airflow's configuration, and there is none.
    own_backend = "airflow.sdk.configuration.get_custom_secret_backend"
    monkeypatch.setattr(own_backend, lambda worker_mode=False: None, raising=False)  # An older Airflow has none.
    monkeypatch.setenv("PARTNER_MESSAGES_NOTIFIERS", "support.notifier.WritesToAFile,support.notifier.WritesTheList")
    return deployed


@pytest.fixture
def a_task_each(deployment: Deployment) -> None:
    """Each message travels in a task of its own, as a few do by default, where a folder's tests have them in chunks."""
    deployment.set(task_each_up_to=50)


def _forget_the_log_of_other_tests(_dags: Any) -> None:
    """Airflow's database outlives a test, and a test's message log may be another than the last one's."""
    from airflow.models.variable import Variable

    from partner_messages.config.settings import LOG_POSITION_VARIABLE

    Variable.delete(LOG_POSITION_VARIABLE)


@pytest.fixture(scope="session")
def dags(postgres: Any) -> Any:
    """The project's DAGs by id, on a migrated Airflow database that has them."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.utils import db

    from sandbox.airflow_forks import make_task_api_lighter

    db.initdb()
    make_task_api_lighter()
    DagBundlesManager().sync_bundles_to_db()
    (bundle,) = DagBundlesManager().get_all_dag_bundles()
    bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    assert bag.import_errors == {}
    sync_bag_to_db(bag, bundle.name, bundle_version=None)
    return bag.dags


@pytest.fixture
def run_tick(dags: Any, deployment: Deployment, log: psycopg.Connection[DictRow]) -> Callable[..., Any]:
    """Run `production_run_reminders` once, for real, with every task in this process."""
    from support.ticks import run_dag

    return functools.partial(run_dag, "production_run_reminders", log)
