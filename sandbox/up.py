"""Keeps everything running until Ctrl-C: PostgreSQL with the sample shop, the local Graph API, and a whole Airflow.

`python -m sandbox.up`, or `make up`. Each start begins afresh, with eight weeks of history (HISTORY=0 in the
environment leaves them out); with KEEP=1 the databases, the settings made in the UI and the secrets stay for the next
start. Everything listens on loopback only.
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
from collections.abc import Callable, Mapping

from sandbox import (
    airflow_env,
    as_installed,
    embedded,
    history,
    postgres,
    processes,
    receiver,
    shop,
    stack,
    whole_airflow,
)
from sandbox.connections import SETTINGS, connections
from sandbox.console import Console
from sandbox.graph_api import server as graph_api

FOLDER = airflow_env.SANDBOX / "up"
HOME = FOLDER / "airflow-home"
COMMAND = FOLDER / "airflow"
"""A command like `airflow`, for the Airflow that is up."""

UNPAUSED = (stack.EVENTS_DAG, stack.UPKEEP_DAG)
"""What works at once; the weekday tick stays paused, as it is everywhere until somebody wants it."""

UNHURRIED = {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5"}
"""It may be up all day: while nothing is to be done all of it takes 6 % of a core, and 11 % at five looks a second."""

AIRFLOW_PORT = 8080
GRAPH_API_PORT = 8090
RECEIVER_PORT = 8089


def up() -> None:
    """Start everything, say where it is, and watch over it until a signal comes or a part of it dies."""
    tell = stack.telling()
    keep_data, weeks = os.environ.get("KEEP") == "1", history.wanted_weeks()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as running:
        tell("PostgreSQL")
        server = running.enter_context(postgres.server(FOLDER / "postgres", keep=keep_data))
        afresh = not (keep_data and server.has_database(airflow_env.METADATA))
        if afresh:
            tell("Sample shop")
            stack.make_databases(server, dt.datetime.now(dt.UTC).replace(second=0, microsecond=0))
            shutil.rmtree(HOME, ignore_errors=True)
        tell("Local Graph API")
        api = running.enter_context(graph_api.running(port=embedded.free_port(GRAPH_API_PORT)))
        stack.tell_who_wrote(server, api)
        made = connections(
            shop_url=stack.shop_reader_url(server),
            message_log_url=server.url_of(stack.MESSAGE_LOG),
            graph_api_url=api.url,
            shop_inbox_url=stack.shop_inbox_url(server),
        )
        until_written = None
        if afresh and weeks:
            tell(f"{weeks} weeks of history, beside what follows")
            until_written = running.enter_context(history.being_written(FOLDER, server, made, tell, weeks=weeks))
        port = embedded.free_port(AIRFLOW_PORT)
        environment = airflow_env.airflow_environment(HOME, server, _secrets(), port=port)
        environment["PYTHONPATH"] += f":{as_installed.python_path(FOLDER / 'as-installed')}"
        environment |= UNHURRIED
        _write_command(environment)
        airflow = running.enter_context(whole_airflow.running(FOLDER, environment, made, SETTINGS, tell))
        if until_written:
            until_written()
        console = Console(airflow.url, airflow.check)
        if afresh:
            for dag_id in UNPAUSED:
                console.unpause(dag_id)
        _submit_templates(console, tell)
        tell("Receiver of webhooks")
        heard_at = running.enter_context(receiver.running(FOLDER, made, port=RECEIVER_PORT, airflow_url=airflow.url))
        api.subscribe(heard_at)
        tell("Everything is up.")
        print(_where(airflow.url, api.url), flush=True)
        while True:
            airflow.check()
            time.sleep(whole_airflow.LOOK_SECONDS)


def _submit_templates(console: Console, tell: Callable[[str], None]) -> None:
    """Submit the catalog to the local Graph API, which approves it at once and forgets it when it ends."""
    tell(f"{stack.TEMPLATES_DAG}: submit the whole catalog")
    console.unpause(stack.TEMPLATES_DAG)
    run = console.run(stack.TEMPLATES_DAG, {"mode": "upsert"})
    if run.state != "success":
        tell(f"  it ended {run.state}; the log of its task report says why")


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


def _where(airflow_url: str, graph_api_url: str) -> str:
    """What a person needs to know of what is up."""
    logins = ", ".join(f"{name} / {airflow_env.password_of(name)}" for name in airflow_env.USERS)
    command = os.path.relpath(COMMAND)
    event = {"event": "sent_to_partner", "production_run_id": shop.run_id("SENT23H"), "delivery": "live"}
    return f"""
  Airflow         {airflow_url}
  Log in as       {logins}
  Phones          {graph_api_url}   (every message the local Graph API took; answer as a partner: replies leave
                  where the setting delivery is live)
  Send now        {command} dags unpause {stack.DAG}
                  {command} dags trigger {stack.DAG} --conf '{{"delivery": "live"}}'
                  or in the UI: Dags, {stack.DAG}, Trigger
  Tell an event   {command} dags trigger {stack.EVENTS_DAG} --conf '{json.dumps(event)}'
  Logs            {os.path.relpath(FOLDER)}/*.log

Ctrl-C ends all of it."""


if __name__ == "__main__":
    sys.exit(processes.run(up))
