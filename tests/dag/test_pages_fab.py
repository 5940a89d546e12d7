"""The pages under the FAB auth manager: who reads, who acts, under which name, and who finds them at all."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from partner_messages.deployment import first_start
from partner_messages.deployment.page_addresses import PREFIX
from sandbox import airflow_commands, airflow_env, embedded, whole_airflow
from sandbox.connections import connections
from sandbox.processes import pauses
from support.log_rows import Log

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("airflow.providers.fab") is None,
        reason="the extra `fab` is not installed",
    ),
]
ROLES = ("Public", "Viewer", "User", "Op", "Admin")
READS, ACTS = {"Viewer", "User", "Op", "Admin"}, {"User", "Op", "Admin"}


@dataclass(frozen=True)
class Fab:
    """A running API server, what runs a command of Airflow's beside it, and the environment of both."""

    url: str
    command: Callable[[list[str]], object]
    environment: dict[str, str]


@pytest.fixture
def fab(
    monkeypatch: pytest.MonkeyPatch, postgres: Any, tmp_path: Path, shop_url: str, log_url: str, graph_api: Any
) -> Iterator[Fab]:
    """An API server with a user of each role, named as the role in small letters."""
    postgres.create_database("airflow_with_fab")
    environment = airflow_env.airflow_environment(
        tmp_path / "airflow", postgres, airflow_env.new_secrets(), port=embedded.free_port()
    )
    for name, scheme in (("SQL_ALCHEMY_CONN", "psycopg2"), ("SQL_ALCHEMY_CONN_ASYNC", "asyncpg")):
        metadata = postgres.url_of("airflow_with_fab", scheme=f"postgresql+{scheme}").replace("sslmode=", "ssl=")
        environment[f"AIRFLOW__DATABASE__{name}"] = metadata
    environment["AIRFLOW__CORE__AUTH_MANAGER"] = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
    made = connections(shop_url=shop_url, message_log_url=log_url, graph_api_url=graph_api.url)
    environment |= {f"AIRFLOW_CONN_{name.upper()}": json.dumps(one) for name, one in made.items()}
    environment["AIRFLOW_VAR_PARTNER_MESSAGES"] = json.dumps({"senders": ["in"]})
    with airflow_commands.running(tmp_path, environment, dag_runs=False) as airflow:
        airflow.run(["db", "migrate"], tmp_path / "migrate.log")
        for role in ROLES:
            name = role.lower()
            of = ["-r", role, "-u", name, "-p", airflow_env.password_of(name), "-e", f"{name}@example.com"]
            airflow.run(["users", "create", *of, "-f", "A", "-l", "B"], tmp_path / "users.log")
        with whole_airflow.part(tmp_path, ("api-server",), environment) as server:
            url = environment["AIRFLOW__API__BASE_URL"]
            monkeypatch.setattr(whole_airflow, "HEALTHY_SECONDS", 900.0)  # Others may be at work.
            whole_airflow._wait_until_healthy(url, ("metadatabase",), [server], tmp_path)
            yield Fab(url, lambda command: airflow.run(command, tmp_path / "roles.log"), environment)


def _session(url: str, name: str) -> requests.Session:
    login = {"username": name, "password": airflow_env.password_of(name)}
    answer = requests.post(f"{url}/auth/token", json=login, timeout=60)
    assert answer.status_code == 201, (name, answer.text[:300])
    session = requests.Session()
    session.cookies.set("_token", answer.json()["access_token"])
    return session


def test_each_role_reads_acts_and_finds_the_pages_as_the_docs_say(fab: Fab, log: Log) -> None:
    address = fab.url
    pages = f"{address}{PREFIX}"
    stranger = requests.get(f"{pages}/sending", timeout=60)
    assert (stranger.status_code, "log in" in stranger.text) == (401, True)
    reads, acts, finds = set(), set(), set()
    for role in ROLES:
        session = _session(address, role.lower())
        page = session.get(f"{pages}/sending", timeout=60)
        assert page.status_code in (200, 403), (role, page.text[:300])
        reads |= {role} if page.status_code == 200 else set()
        found = re.search(r'name="_token" value="(\w+)"', page.text)
        asked = {"do": "halt", "why": f"by {role}", "_token": found.group(1) if found else ""}
        done = session.post(f"{pages}/sending", data=asked, headers={"origin": address}, timeout=60)
        acts |= {role} if done.status_code == 200 else set()
        finds |= {role} if session.get(f"{address}/api/v2/plugins", timeout=60).status_code == 200 else set()
        if role == "Admin":
            assert "find no page in Airflow's navigation: User, Viewer" in session.get(f"{pages}/", timeout=60).text

    assert (reads, acts) == (READS, ACTS)
    assert finds == {"Op", "Admin"}, "User and Viewer need the right to read plugins"
    kept = log.execute("SELECT who, why FROM audit ORDER BY id").fetchall()
    assert [(one["who"], one["why"]) for one in kept] == [
        (role.lower(), f"by {role}") for role in ROLES if role in ACTS
    ]

    fab.command(["roles", "add-perms", "User", "-r", "Plugins", "-a", "can_read"])
    for _ in pauses(180):  # The server keeps for half a minute what a user may.
        if _session(address, "user").get(f"{address}/api/v2/plugins", timeout=60).status_code == 200:
            break
    else:
        pytest.fail("the role finds no page though it may read plugins")


def test_compose_s_first_start_lets_the_first_user_in_and_the_receiver_raise_asset_events_alone(fab: Fab) -> None:
    boss, receiver = "boss", first_start.RECEIVER
    given = {first_start.FIRST_USER: boss, first_start.RECEIVER_PASSWORD: "another"}
    path = {"PYTHONPATH": f"{airflow_env.PROJECT}/plugins:{airflow_env.AIRFLOW_CONFIG}"}
    for password in (airflow_env.password_of(boss), "changed in .env"):
        subprocess.run(
            [sys.executable, "-c", "from partner_messages.deployment import first_start as start; start.enter_users()"],
            env={**fab.environment, **path, **given, first_start.FIRST_PASSWORD: password},
            check=True,
            cwd=airflow_env.PROJECT,
        )
        given[first_start.RECEIVER_PASSWORD] = airflow_env.password_of(receiver)

    api = f"{fab.url}/api/v2"
    assert _session(fab.url, boss).get(f"{api}/connections", timeout=60).status_code == 200
    session = _session(fab.url, receiver)
    assert session.get(f"{api}/assets", timeout=60).status_code == 200
    # There is no such asset yet: the DAG processor does not run.
    assert session.post(f"{api}/assets/events", json={"asset_id": 1}, timeout=60).status_code == 404
    for closed in ("connections", "variables", "dags/production_run_reminders/dagRuns"):
        assert session.get(f"{api}/{closed}", timeout=60).status_code == 403, closed
