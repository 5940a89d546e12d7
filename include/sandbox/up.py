"""Keeps everything running until Ctrl-C: PostgreSQL with the sample shop, the local Graph API, and a whole Airflow.

`python -m sandbox.up`, or `make up`. Each start begins afresh; with KEEP=1 in the environment the databases, the
settings made in the UI and the secrets stay for the next start. Everything listens on loopback only.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shlex
import shutil
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox import airflow_env, embedded, postgres, processes, stack
from sandbox.connections import SETTINGS, connections
from sandbox.graph_api import server as graph_api

FOLDER = airflow_env.SANDBOX / "up"
HOME = FOLDER / "airflow-home"
COMMAND = FOLDER / "airflow"
"""A command like `airflow`, for the Airflow that is up."""

AIRFLOW_PORT = 8080
GRAPH_API_PORT = 8090
FIRST_PARTS: tuple[tuple[str, ...], ...] = (
    ("api-server",),
    ("dag-processor",),
    ("triggerer", "--skip-serve-logs"),  # logs are read from the folder: no port needs to be open for them
)
SCHEDULER = ("scheduler", "--skip-serve-logs")
"""The last part to start: it starts tasks at once, and they fail where no API server answers them."""

HEALTHY_SECONDS = 180.0
LOOK_SECONDS = 1.0


def up() -> None:
    """Start everything, say where it is, and watch over it until a signal comes or a part of it dies."""
    tell = stack.telling()
    keep_data = os.environ.get("KEEP") == "1"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as running:
        tell("PostgreSQL")
        server = running.enter_context(postgres.server(FOLDER / "postgres", keep=keep_data))
        if not (keep_data and server.has_database(airflow_env.METADATA)):
            tell("Sample shop")
            stack.make_databases(server, dt.datetime.now(dt.UTC).replace(second=0, microsecond=0))
            shutil.rmtree(HOME, ignore_errors=True)
        tell("Local Graph API")
        api = running.enter_context(graph_api.running(port=embedded.free_port(GRAPH_API_PORT)))
        tell("Airflow's own database")
        port = embedded.free_port(AIRFLOW_PORT)
        environment = airflow_env.airflow_environment(HOME, server, _secrets(), port=port)
        stack.airflow(["db", "migrate"], environment, FOLDER / "migrate.log")
        _write_command(environment)
        tell("Airflow's api-server, scheduler, dag-processor and triggerer")
        airflow_url = f"http://{embedded.HOST}:{port}"
        parts = [_start(running, arguments, environment) for arguments in FIRST_PARTS]
        _enter_connections_and_settings(server, api.url, environment)
        _wait_until_healthy(airflow_url, ("metadatabase",), parts)
        parts.append(_start(running, SCHEDULER, environment))
        running.callback(_ask_to_stop, parts)  # all at once; then each is waited for
        _wait_until_healthy(airflow_url, ("scheduler", "dag_processor", "triggerer"), parts)
        tell("Everything is up.")
        print(_where(airflow_url, api.url), flush=True)
        _watch(parts)


def _secrets() -> dict[str, str]:
    """The secrets of the Airflow in the folder; new ones for a new one."""
    HOME.mkdir(parents=True, exist_ok=True)
    kept = HOME / "secrets.json"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(airflow_env.new_secrets()))
    secrets: dict[str, str] = json.loads(kept.read_text())
    return secrets


def _write_command(environment: Mapping[str, str]) -> None:
    """Write a script that runs any `airflow` command with the environment of what is up, and with nothing else."""
    variables = [shlex.quote(f"{name}={value}") for name, value in environment.items()]
    COMMAND.unlink(missing_ok=True)
    COMMAND.touch(mode=0o700)  # its environment holds the secrets
    COMMAND.write_text(
        " \\\n  ".join(["#!/bin/sh\nexec env -i", *variables, f'{shlex.quote(str(stack.AIRFLOW))} "$@"\n'])
    )


def _start(running: contextlib.ExitStack, arguments: Sequence[str], environment: Mapping[str, str]) -> processes.Kept:
    name = arguments[0]
    part = processes.keep(
        f"Airflow's {name}",
        [stack.AIRFLOW, *arguments],
        env=environment,
        log=FOLDER / f"{name}.log",
        cwd=airflow_env.PROJECT,
    )
    return running.enter_context(part)


def _enter_connections_and_settings(
    server: postgres.Server, graph_api_url: str, environment: Mapping[str, str]
) -> None:
    """Put connections and settings where people can see and change them; settings that are there already stay."""
    made = connections(
        shop_url=stack.shop_reader_url(server),
        message_log_url=server.url_of(stack.MESSAGE_LOG),
        graph_api_url=graph_api_url,
    )
    importable = {name: {**made[name], "extra": json.dumps(made[name].get("extra", {}))} for name in made}
    _import(["connections", "import", "--overwrite"], importable, environment)
    _import(["variables", "import", "--action-on-existing-key", "skip"], {"partner_messages": SETTINGS}, environment)


def _import(command: list[str], content: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Give Airflow a JSON file to import; it holds tokens, so nobody else may read it and it does not stay."""
    file = FOLDER / f"{command[0]}.json"
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    try:
        file.write_text(json.dumps(content))
        stack.airflow([*command, str(file)], environment, FOLDER / "import.log")
    finally:
        file.unlink()


def _wait_until_healthy(airflow_url: str, components: Sequence[str], parts: Sequence[processes.Kept]) -> None:
    """Wait until Airflow's health page calls these components healthy.

    Raises:
        processes.ProcessFailedError: A part died, or the wait took three minutes.
    """
    open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # no caller's proxy
    for _ in processes.pauses(HEALTHY_SECONDS, longest=LOOK_SECONDS):
        _check(parts)
        with contextlib.suppress(OSError), open_url(f"{airflow_url}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
            if all(health[component]["status"] == "healthy" for component in components):
                return
    raise processes.ProcessFailedError(
        f"Airflow was not healthy after {HEALTHY_SECONDS:.0f} seconds; see the logs in {FOLDER}."
    )


def _ask_to_stop(parts: Sequence[processes.Kept]) -> None:
    for part in parts:
        part.ask_to_stop()


def _where(airflow_url: str, graph_api_url: str) -> str:
    """What a person needs to know of what is up."""
    logins = ", ".join(f"{name} / {airflow_env.password_of(name)}" for name in airflow_env.USERS)
    command = os.path.relpath(COMMAND)
    return f"""
  Airflow         {airflow_url}
  Log in as       {logins}
  Phones          {graph_api_url}   (every message the local Graph API took)
  Send now        {command} dags unpause {stack.DAG}
                  {command} dags trigger {stack.DAG} --conf '{{"delivery": "live"}}'
                  or in the UI: Dags, {stack.DAG}, Trigger
  Logs            {os.path.relpath(FOLDER)}/*.log

Ctrl-C ends all of it."""


def _watch(parts: Sequence[processes.Kept]) -> None:
    """Look after the parts until a signal ends this program.

    Raises:
        processes.ProcessFailedError: One of them died.
    """
    while True:
        _check(parts)
        time.sleep(LOOK_SECONDS)


def _check(parts: Sequence[processes.Kept]) -> None:
    for part in parts:
        if part.status() is not None:
            raise part.failure()


if __name__ == "__main__":
    sys.exit(processes.run(up))
