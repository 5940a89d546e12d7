"""A past for `make up`: weeks of real ticks over the sample shop, by a clock that is moved, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sandbox import airflow_env, processes, stack
from sandbox.connections import SETTINGS, as_environment
from sandbox.postgres import Server

WEEKS = 8
"""How many there are, unless HISTORY in the environment says another number; 0 for none."""
LONGEST = 50
SECONDS = 900.0
SAYS = "History: "
"""How the lines of its log begin that people are shown."""


@contextlib.contextmanager
def being_written(
    folder: Path,
    server: Server,
    connections: Mapping[str, Mapping[str, Any]],
    tell: Callable[[str], None],
    *,
    weeks: int = WEEKS,
) -> Iterator[Callable[[], None]]:
    """Write a past into an empty message log, beside whatever else the block does; it has a Graph API of its own.

    Args:
        folder: Where its log is.
        server: The server of the sample shop, which gets the runs of the past, and of the message log.
        connections: All of the project's.
        tell: Told how far it has come, while it is waited for.
        weeks: How many, until yesterday.

    Yields:
        What waits for its end; nobody may send before.

    Raises:
        processes.ProcessFailedError: It broke off, or took a quarter of an hour.
    """
    environment = airflow_env.airflow_environment(folder / "history-home", server, airflow_env.new_secrets(), port=0)
    # As few tasks as can be: each begins from nothing.
    settings = {"senders": SETTINGS["senders"], "delivery": "live", "task_each_up_to": 0}
    environment |= as_environment({name: dict(one) for name, one in connections.items()}, settings)
    environment["PYTHONPATH"] = os.pathsep.join(str(airflow_env.PROJECT / part) for part in (".", "plugins"))
    environment["SAMPLE_SHOP_URL"] = server.url_of(stack.SHOP)
    with processes.keep(
        "The history",
        [sys.executable, "-m", "sandbox.history.weeks", str(weeks)],
        env=environment,
        log=folder / "history.log",
        cwd=airflow_env.PROJECT,
    ) as child:
        yield lambda: _wait(child, tell)


def wanted_weeks() -> int:
    """How many weeks HISTORY in the environment asks for.

    Raises:
        processes.SandboxError: It is no number of weeks.
    """
    asked = os.environ.get("HISTORY", str(WEEKS))
    if not asked.isdecimal() or int(asked) > LONGEST:
        raise processes.SandboxError(f"HISTORY is a number of weeks from 0 to {LONGEST}, and not {asked!r}.")
    return int(asked)


def _wait(child: processes.Kept, tell: Callable[[str], None]) -> None:
    told = 0
    for _ in processes.pauses(SECONDS):
        status = child.status()
        said = [line for line in child.log.read_text(errors="replace").splitlines() if line.startswith(SAYS)]
        for line in said[told:]:
            tell(line)
        told = len(said)
        if status == 0:
            return
        if status is not None:
            break
    failure = child.failure()
    raise processes.ProcessFailedError(f"{failure}\nHISTORY=0 make up leaves it out.")
