"""A whole Airflow for as long as a `with` block lasts.

API server, DAG processor, triggerer, and a scheduler whose LocalExecutor runs the tasks.
"""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partner_messages.deployment.entering import enter
from sandbox import airflow_commands, airflow_env, processes, stack

FIRST_PARTS: tuple[tuple[str, ...], ...] = (
    ("api-server",),
    ("dag-processor",),
    ("triggerer", "--skip-serve-logs"),  # logs are read from the folder: no port needs to be open for them
)
SCHEDULER = ("scheduler", "--skip-serve-logs")
"""The last part to start: it starts tasks at once, and they fail where no API server answers them."""

HEALTHY_SECONDS = 180.0
LOOK_SECONDS = 1.0
WORKER = ("celery", "worker", "--skip-serve-logs")
"""A part beside the others where the executor is CeleryExecutor."""


@dataclass(frozen=True)
class WholeAirflow:
    """A running Airflow.

    Attributes:
        url: Where its API server listens.
        parts: Its processes; the scheduler, which the tasks descend from, is the last one.
    """

    url: str
    parts: Sequence[processes.Kept]

    @property
    def scheduler(self) -> processes.Kept:
        """The part that starts the tasks."""
        return self.parts[-1]

    def check(self) -> None:
        """See that all of it runs.

        Raises:
            processes.ProcessFailedError: A part of it died.
        """
        _check(self.parts)


@contextlib.contextmanager
def running(
    folder: Path,
    environment: Mapping[str, str],
    connections: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
    tell: Callable[[str], None],
) -> Iterator[WholeAirflow]:
    """Start an Airflow on its database and wait until it is healthy; end it with the block.

    Args:
        folder: Where the parts' logs go.
        environment: From `airflow_env.airflow_environment`.
        connections: Put where people can see and change them, in place of any that are there.
        settings: The Variable `partner_messages`; settings that are there already stay.
        tell: Told of each step.

    Raises:
        processes.ProcessFailedError: A part died, or it was not healthy after three minutes.
    """
    url = environment["AIRFLOW__API__BASE_URL"]
    tell("Airflow's own database")
    with contextlib.ExitStack() as ending:
        with airflow_commands.running(folder, environment, dag_runs=False) as airflow:
            airflow.run(["db", "migrate"], folder / "migrate.log")
            tell("Airflow's api-server, scheduler, dag-processor and triggerer")
            parts = [ending.enter_context(part(folder, arguments, environment)) for arguments in FIRST_PARTS]
            enter(
                lambda command: airflow.run(command, folder / "import.log"),
                *(folder, connections, settings),
                overwrite=True,
            )
        _wait_until_healthy(url, ("metadatabase",), parts, folder)
        parts.append(ending.enter_context(part(folder, SCHEDULER, environment)))
        ending.callback(_ask_to_stop, parts)  # all at once; then each is waited for
        _wait_until_healthy(url, ("scheduler", "dag_processor", "triggerer"), parts, folder)
        yield WholeAirflow(url, parts)


def worker(
    folder: Path, name: str, environment: Mapping[str, str]
) -> contextlib.AbstractContextManager[processes.Kept]:
    """Run a Celery worker of an Airflow for as long as the `with` block lasts; its name is its alone."""
    return part(folder, (*WORKER, "--celery-hostname", name), environment, name)


def part(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str], name: str = ""
) -> contextlib.AbstractContextManager[processes.Kept]:
    """Run one part of an Airflow, such as `SCHEDULER`, for as long as the `with` block lasts."""
    name = name or arguments[0]
    return processes.keep(
        f"Airflow's {name}",
        [stack.AIRFLOW, *arguments],
        env=environment,
        log=folder / f"{name}.log",
        cwd=airflow_env.PROJECT,
    )


def _wait_until_healthy(url: str, components: Sequence[str], parts: Sequence[processes.Kept], folder: Path) -> None:
    """Wait until Airflow's health page calls these components healthy."""
    open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # no caller's proxy
    for _ in processes.pauses(HEALTHY_SECONDS, longest=LOOK_SECONDS):
        _check(parts)
        with contextlib.suppress(OSError), open_url(f"{url}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
            if all(health[component]["status"] == "healthy" for component in components):
                return
    raise processes.ProcessFailedError(
        f"Airflow was not healthy after {HEALTHY_SECONDS:.0f} seconds; see the logs in {folder}."
    )


def _ask_to_stop(parts: Sequence[processes.Kept]) -> None:
    for part in parts:
        part.ask_to_stop()


def _check(parts: Sequence[processes.Kept]) -> None:
    for part in parts:
        if part.status() is not None:
            raise part.failure()
