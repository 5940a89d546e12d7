"""`airflow` commands without the imports of each: those take most of a short command's time."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import processes
from sandbox.airflow_env import PROJECT

FORKS = Path(__file__).with_name("airflow_forks.py")
COMMAND_SECONDS = 180.0


@dataclass(frozen=True)
class Command(processes.Running):
    """A command that was begun.

    Attributes:
        ended: The file that takes its exit status.
        forks: What it is a copy of; they end together.
    """

    ended: Path
    forks: processes.Kept

    def status(self) -> int | None:
        """The command's exit status, None while it runs."""
        gone = self.forks.status()
        return int(self.ended.read_text()) if self.ended.exists() else gone

    def failure(self) -> processes.ProcessFailedError:
        """The error to raise; what it says is in the log of what the command was to be a copy of, if that has ended."""
        return self.forks.failure() if self.forks.status() is not None else super().failure()


@dataclass(frozen=True)
class AirflowCommands:
    """Runs commands of one Airflow, one after the other.

    Attributes:
        folder: Where files may lie meanwhile.
        forks: The process that each command is a copy of.
        orders: The file descriptor that takes its orders.
    """

    folder: Path
    forks: processes.Kept
    orders: int
    _numbers: Iterator[int]

    def start(
        self, name: str, arguments: Sequence[str], *, log: Path, changed: Mapping[str, str] | None = None
    ) -> Command:
        """Begin a command; the one before has to be over.

        Args:
            name: What people call it, for messages.
            arguments: What stands after `airflow`.
            log: File that takes its output (written over).
            changed: What is different in its environment.
        """
        ended = self.folder / f"airflow-command-{next(self._numbers)}.ended"
        ended.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        log.touch()
        order = {
            "arguments": [*arguments],
            "environment": {**(changed or {})},
            "log": str(log.absolute()),
            "ended": str(ended.absolute()),
        }
        os.write(self.orders, f"{json.dumps(order)}\n".encode())
        return Command(name, log, ended, self.forks)

    def run(self, arguments: Sequence[str], log: Path) -> None:
        """Run a command to its end.

        Raises:
            processes.ProcessFailedError: It failed or took longer than three minutes; the message has the end of its
                log.
        """
        command = self.start(f"airflow {' '.join(arguments[:2])}", arguments, log=log)
        for _ in processes.pauses(COMMAND_SECONDS):
            if command.status() is not None:
                break
        if command.status() != 0:
            raise command.failure()


@contextlib.contextmanager
def running(folder: Path, environment: Mapping[str, str], *, dag_runs: bool) -> Iterator[AirflowCommands]:
    """Be ready for commands until the block ends, which ends the one that runs.

    Args:
        folder: Where the log `airflow.log` goes.
        environment: From `airflow_env.airflow_environment`.
        dag_runs: Whether a command will run a DAG (`airflow dags test`).
    """
    pipe = folder / "airflow.orders"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe, 0o600)
    # For reading, too: nobody has to read for it to be opened, and what is written stays until somebody does.
    orders = os.open(pipe, os.O_RDWR)
    try:
        with processes.keep(
            "Airflow's command line",
            [sys.executable, "-P", FORKS, pipe.absolute(), *(["dag-runs"] if dag_runs else [])],
            log=folder / "airflow.log",
            env=environment,
            cwd=PROJECT,
        ) as forks:
            yield AirflowCommands(folder, forks, orders, itertools.count(1))
    finally:
        os.close(orders)
        for left in [pipe, *folder.glob("airflow-command-*.ended")]:
            left.unlink(missing_ok=True)
