"""Runs `airflow` commands, one after the other, each in a copy of a process that has imported all they need.

Started by `airflow_commands.running`, never by hand: it reads orders, a JSON object a line, and writes the exit status
of each into the file that the order names. It runs by its path, so of this project it imports only what Airflow finds
in the plugins folder.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib
import json
import logging
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

import httpx

COMMANDS = ("airflow.__main__", "airflow.cli.commands.db_command", "airflow.models.dagbag")
DAG_RUNS = (
    "airflow.cli.commands.dag_command",
    "airflow.dag_processing.collection",
    "airflow.sdk.definitions.dag",
    "alembic.command",
)
"""What `airflow dags test` imports besides."""


def main() -> int:
    """Carry out the orders of the named pipe that the first argument names, until told to end.

    With the second argument `dag-runs`, what runs DAGs is imported too, and the DAGs' files are read.
    """
    orders, *more = sys.argv[1:]
    gc.disable()  # What is imported stays: nothing of it is garbage.
    _import_commands()
    if "dag-runs" in more:
        _import_dag_runs()
    gc.freeze()  # Nor is it looked at later, which would copy it, page by page.
    gc.enable()
    # For writing, too: so there is always one who may write, and never an end.
    with os.fdopen(os.open(orders, os.O_RDWR), encoding="utf-8") as lines:
        known = False
        for line in lines:
            order = json.loads(line)
            tests_a_dag = order["arguments"][:2] == ["dags", "test"]
            child = os.fork()
            if not child:
                if tests_a_dag:
                    _do_not_wait(known)
                _obey(order)
            _, status = os.waitpid(child, 0)
            known = known or (tests_a_dag and status == 0)
            _say(Path(order["ended"]), os.waitstatus_to_exitcode(status))
    return 0


def _do_not_wait(known: bool) -> None:
    """Let `airflow dags test` do nothing in vain.

    It waits a second at each empty mapping for somebody else to schedule something, and nobody will; and each time it
    reads all DAGs once more and writes them into Airflow's database, which takes a third of a run.

    Args:
        known: Whether Airflow's database has the DAGs.
    """
    sleep = time.sleep
    time.sleep = lambda seconds: None if seconds == 1 else sleep(seconds)
    if known:
        dagbag: Any = importlib.import_module("airflow.dag_processing.dagbag")
        dagbag.BundleDagBag = functools.cache(dagbag.BundleDagBag)
        dagbag.sync_bag_to_db = lambda *_, **__: None


def _import_commands() -> None:
    from sqlalchemy.orm import configure_mappers

    for name in COMMANDS:
        importlib.import_module(name)
    importlib.import_module("airflow.models").import_all_models()
    configure_mappers()


def _import_dag_runs() -> None:
    for name in DAG_RUNS:
        importlib.import_module(name)
    make_task_api_lighter()
    api = importlib.import_module("airflow.sdk.execution_time.supervisor").in_process_api_server()
    asyncio.run(_ask(api.atransport))
    importlib.import_module("airflow.dag_processing.dagbag").DagBag()
    importlib.import_module("partner_messages.tasks.preloading").preload()


def make_task_api_lighter() -> None:
    """Let the API that tasks talk to, where it is part of this process, do nothing in vain; it must not be made yet.

    - Airflow makes it in each version that ever was, in seconds, and our tasks ask for the newest.
    - Other functions stand in there for those that ask who a task is, and FastAPI looks at them anew at each request,
      in two fifths of its time.
    """
    from airflow.api_fastapi.execution_api import routes, versions
    from cadwyn import HeadVersion, Version, VersionBundle
    from fastapi.dependencies import utils

    versions.bundle = VersionBundle(HeadVersion(), Version(versions.bundle.versions[0].value))
    now = [
        route
        for route in routes.execution_api_router.routes
        if "_CADWYN_DELETED_ROUTE" not in getattr(route, "tags", ())
    ]
    routes.execution_api_router.routes[:] = now
    look, seen = utils.get_dependant, dict[str, Any]()

    def look_once(**asked: Any) -> Any:
        key = repr(sorted(asked.items()))
        if key not in seen:
            seen[key] = look(**asked)
        return seen[key]

    utils.get_dependant = look_once


async def _ask(transport: Any) -> None:
    """Ask the API that tasks talk to for anything: it makes its routes when it is first asked.

    It does so in this thread, and keeps no other: a copy would be without it.
    """
    async with httpx.AsyncClient(transport=transport, base_url="http://in-process.invalid") as client:
        await client.get("/nothing")


def _obey(order: dict[str, Any]) -> NoReturn:
    """Be the command of an order."""
    status: Any = 1
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log, stream.fileno())
        os.environ.update(order["environment"])
        sys.argv = ["airflow", *order["arguments"]]
        status = importlib.import_module("airflow.__main__").main() or 0
    except SystemExit as end:
        status = end.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        # Not the way that Python ends, which takes apart, object by object, all that was imported.
        os._exit(status if isinstance(status, int) else 1)


def _say(ended: Path, status: int) -> None:
    """Write the exit status as a whole; 128 + n when signal n ended the command, as shells say it."""
    draft = ended.with_suffix(".draft")
    draft.write_text(str(status if status >= 0 else 128 - status))
    draft.rename(ended)


if __name__ == "__main__":
    sys.exit(main())
