"""A whole Airflow that sends, whose scheduler can be told to end and whose tasks can be put to sleep or killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import yaml
from psycopg.rows import dict_row

from partner_messages.database.session import Session
from partner_messages.message_log.migrations import SCHEMA
from sandbox import airflow_env, broker, embedded, postgres, processes, stack, whole_airflow
from sandbox.bench.tick import FORGET_MESSAGES
from sandbox.bench.workplace import Sizes, Workplace, live_settings
from sandbox.console import Console, DagRun
from sandbox.graph_api import server as graph_api
from sandbox.processes import Kept, pauses
from support.log_rows import Log
from support.rough_weather import ANSWER_SECONDS, MESSAGES
from support.sending import let_the_leases_run_out, requested

RATE = 5.0
"""Messages a second: the task sends for 12 seconds, longer than a scheduler that is told to end has for its end."""
HEARTBEAT_SECONDS = "30"
"""After how long without a heartbeat Airflow gives a task up; by default 300."""
IMPATIENT = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": HEARTBEAT_SECONDS,
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": HEARTBEAT_SECONDS,
}
LONG = 300.0
"""Seconds that no step of a round takes."""


def celery_settings(broker_url: str, server: postgres.Server, results: str) -> dict[str, str]:
    """CeleryExecutor with the settings of docker-compose.yaml, on another broker and database."""
    compose = yaml.safe_load((airflow_env.PROJECT / "docker-compose.yaml").read_text())["x-airflow-environment"]
    return {name: value for name, value in compose.items() if name.startswith("AIRFLOW__CELERY")} | {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": broker_url,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{server.url_of(results, scheme='postgresql+psycopg2')}",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
    }


@dataclass
class RealAirflow:
    """A running Airflow over a shop in which 60 runs are stuck.

    Attributes:
        console: Its REST API.
        metadata: A session with its own database.
        graph_api: The local Graph API.
        log: A session with the message log.
        scheduler: The scheduler that runs now, whose executor's tasks descend from it.
        workers: Celery's; none with LocalExecutor.
    """

    console: Console
    metadata: Session
    graph_api: Any
    log: Log
    scheduler: Kept
    workers: list[Kept]
    _start_scheduler: Callable[[], Kept]

    def begin(self, dice: random.Random) -> str:
        """Trigger a live run of the day as if there had been none; return its id."""
        self.log.execute(FORGET_MESSAGES.read_bytes())
        self.graph_api.reset()
        self.graph_api.hang_next(
            ANSWER_SECONDS, times=10 * MESSAGES, taken=dice.random() < 0.5, operation="send_message"
        )
        return self.console.trigger(stack.DAG, {"delivery": "live"})

    def some_way_in(self, dice: random.Random) -> None:
        """Wait until a random number of requests has arrived."""
        number = dice.randint(1, MESSAGES - 5)
        for _ in pauses(LONG):
            if requested(self.graph_api) >= number:
                return
        raise AssertionError(f"{number} requests never came")

    def sending(self) -> list[psutil.Process]:
        """The processes of the task that sends: the one that watches over it, then its own."""
        (running,) = self.metadata.execute(
            "SELECT id FROM task_instance WHERE task_id = 'send_messages' AND state = 'running'"
        ).fetchall()
        return [
            one for part in (self.scheduler, *self.workers) for one in _of(part) if str(running["id"]) in _title(one)
        ]

    def kill_who_sends(self) -> None:
        """Kill the Celery worker whose task sends, with all that descends from it."""
        sending = {one.pid for one in self.sending()}
        (worker,) = (one for one in self.workers if sending & {process.pid for process in _of(one)})
        self.workers.remove(worker)
        for process in (psutil.Process(worker.keeper.pid), *_of(worker)):
            process.kill()

    def put_to_sleep(self, sleepers: list[psutil.Process]) -> None:
        """Stop a task (SIGSTOP) until Airflow has given it up."""
        for sleeper in sleepers:
            sleeper.suspend()
        for _ in pauses(LONG):
            if not self.metadata.execute("SELECT FROM task_instance WHERE state = 'running'").rowcount:
                return
        raise AssertionError("Airflow never gave the task up")

    def end_scheduler(self, *, with_its_tasks: bool) -> None:
        """Tell the scheduler to end (SIGTERM), as Docker does, kill after ten seconds what is left, and start another.

        Args:
            with_its_tasks: Tell every process that descends from it, too, as systemd does.
        """
        if with_its_tasks:
            for one in psutil.Process(self.scheduler.keeper.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    os.kill(one.pid, signal.SIGTERM)
        self.scheduler.stop()
        self.scheduler = self._start_scheduler()

    def until_over(self, run_id: str) -> DagRun:
        """Wait for a run's end; what Airflow is to try again it tries at once, as if minutes had passed."""
        for _ in pauses(LONG, longest=1):
            if run := self.console.over(stack.DAG, run_id):
                return run
            self._let_minutes_pass()
        raise AssertionError(f"{run_id} is not over")

    def _let_minutes_pass(self) -> None:
        waiting = self.metadata.execute(
            "SELECT id FROM task_instance WHERE state = 'up_for_retry' AND end_date > now() - interval '30 minutes'"
        ).fetchall()
        if not waiting:
            return
        # First the leases: the next try must find them run out.
        let_the_leases_run_out(self.log)
        self.metadata.execute(
            "UPDATE task_instance SET end_date = end_date - interval '1 hour' WHERE id = ANY (%s)",
            [[row["id"] for row in waiting]],
        )

    def ids(self) -> list[uuid.UUID]:
        """The messages that were to be sent."""
        return [row["id"] for row in self.log.execute("SELECT id FROM message_log WHERE status <> 'skipped'")]


def _of(part: Kept) -> list[psutil.Process]:
    """The processes of a part of Airflow."""
    return psutil.Process(part.keeper.pid).children(recursive=True)


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextlib.contextmanager
def real_airflow(folder: Path, workers: int = 0) -> Iterator[RealAirflow]:
    """Run one with its data in a folder, until the block ends: with so many Celery workers, or with LocalExecutor."""
    with contextlib.ExitStack() as running:
        server = running.enter_context(postgres.server(folder / "postgres"))
        workplace = Workplace(server, folder, Sizes(), tell=lambda _: None)
        workplace.make_shop(runs=MESSAGES, stuck=MESSAGES, partners=MESSAGES)
        server.create_database(airflow_env.METADATA)
        environment = airflow_env.airflow_environment(
            folder / "airflow", server, airflow_env.new_secrets(), port=embedded.free_port()
        )
        environment |= IMPATIENT
        if workers:
            environment |= celery_settings(running.enter_context(broker.running(folder)), server, airflow_env.METADATA)
        api = running.enter_context(graph_api.running(rate=1_000))
        settings = live_settings(task_each_up_to=0, chunk_size=MESSAGES)
        airflow = running.enter_context(
            whole_airflow.running(
                folder, environment, workplace.connections(api.url, RATE), settings, tell=lambda _: None
            )
        )
        started = [
            running.enter_context(whole_airflow.worker(folder, f"worker-{number}", environment))
            for number in range(1, workers + 1)
        ]
        console = Console(airflow.url, check=lambda: None)
        console.unpause(stack.DAG)
        run = console.run(stack.DAG, {"delivery": "dry_run"})  # It warms up, and makes the message log's tables.
        assert run.state == "success"
        log, metadata = (
            running.enter_context(
                psycopg.connect(
                    server.url_of(name), autocommit=True, row_factory=dict_row, options=f"-c search_path={path}"
                )
            )
            for name, path in ((stack.MESSAGE_LOG, SCHEMA), (airflow_env.METADATA, "public"))
        )

        def start_scheduler() -> processes.Kept:
            return running.enter_context(whole_airflow.part(folder, whole_airflow.SCHEDULER, environment))

        yield RealAirflow(console, metadata, api, log, airflow.scheduler, started, start_scheduler)
