"""Whole ticks under the real scheduler, beside what Meta's rate alone takes, and in chunks beside one task each."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol

import psutil  # type: ignore[import-untyped]
import psycopg

from sandbox import airflow_env, embedded, stack, whole_airflow
from sandbox.bench.memory import watching
from sandbox.bench.report import Row, Target, memory_row
from sandbox.bench.send import refusals_of
from sandbox.bench.workplace import BenchError, Workplace, live_settings
from sandbox.console import Console, DagRun
from sandbox.graph_api import server as graph_api
from sandbox.graph_api.server import LocalGraphApi

RATE = 80
"""Of the senders and of the Graph API, messages a second, as Meta gives it to a new number."""
IN_CHUNKS, ONE_TASK_EACH = 0, 1_000
"""The setting `task_each_up_to` for either tick."""
TARGET = Target("at least", 5, "x")
TICKS: tuple[tuple[int, int, Target], ...] = (
    (10_000, IN_CHUNKS, Target("under", 1.15 * 10_000 / RATE, "s")),
    (2_000, IN_CHUNKS, Target("under", 1.25 * 2_000 / RATE, "s")),
    (20, IN_CHUNKS, Target("under", 3.5, "s")),
    (20, ONE_TASK_EACH, Target("under", 6, "s")),
)
"""Reminders, how they travel, and how long they may take: the largest first, as runs are only taken out of the shop."""
TASK_TITLE = "airflow worker -- "
"""How Airflow begins the titles of the processes that run tasks."""
FORGET_MESSAGES = Path(__file__).with_name("forget_messages.sql")
KEEP_STUCK = Path(__file__).with_name("keep_stuck.sql")


def measure(workplace: Workplace) -> list[Row]:
    """A row for each tick, one for both ways, and one for the memory of all their tasks."""
    most = TICKS[0][0] // workplace.sizes.divisor
    workplace.make_shop(runs=10 * most, stuck=most, partners=min(most, 2_000))
    workplace.server.create_database(airflow_env.METADATA)
    environment = airflow_env.airflow_environment(
        workplace.folder / "airflow", workplace.server, airflow_env.new_secrets(), port=embedded.free_port()
    )
    with contextlib.ExitStack() as running:
        api = running.enter_context(graph_api.running(rate=RATE))
        made = workplace.connections(api.url, RATE)
        airflow = running.enter_context(
            whole_airflow.running(workplace.folder, environment, made, live_settings(), workplace.tell)
        )
        console = Console(airflow.url, airflow.check)
        workplace.tell("A first run, which warms up")
        console.unpause(stack.DAG)
        console.run(stack.DAG, {"delivery": "dry_run"})
        peaks = running.enter_context(watching(psutil.Process(airflow.scheduler.keeper.pid), _is_a_task))
        rows = [a_tick(workplace, console, api, *one) for one in TICKS[:2]]
        rows.append(ticks(workplace, console, api))
        rows += [a_tick(workplace, console, api, *one) for one in TICKS[2:]]
    return [*rows, memory_row("the tick's tasks (the highest)", max(peaks))]


class RunsDags(Protocol):
    """What runs a DAG with settings (`Console`)."""

    def set_variable(self, name: str, value: dict[str, object]) -> None:
        """Give a Variable another value."""

    def run(self, dag_id: str, conf: dict[str, object]) -> DagRun:
        """Run a DAG to its end."""


def ticks(workplace: Workplace, airflow: RunsDags, api: LocalGraphApi) -> Row:
    """Run the same tick in both ways.

    Raises:
        BenchError: One of them did not send every reminder.
    """
    reminders = workplace.sizes.reminders
    seconds = {
        name: _seconds(workplace, airflow, api, reminders, task_each_up_to, name)
        for name, task_each_up_to in (("in chunks", IN_CHUNKS), ("one task each", ONE_TASK_EACH))
    }
    return Row(
        what=f"a tick of {reminders:,} reminders under the scheduler, in chunks",
        measured=f"{seconds['in chunks']:.1f} s",
        beside=f"one task each: {seconds['one task each']:.1f} s",
        reached=seconds["one task each"] / seconds["in chunks"],
        target=TARGET,
        refusals=refusals_of(api, 2 * reminders),
    )


def a_tick(
    workplace: Workplace, airflow: RunsDags, api: LocalGraphApi, size: int, task_each_up_to: int, target: Target
) -> Row:
    """Run a tick of so many reminders, beside what the number's rate alone takes.

    Raises:
        BenchError: It did not send every reminder.
    """
    reminders = max(1, size // workplace.sizes.divisor)
    name = "in chunks" if task_each_up_to == IN_CHUNKS else "one task each"
    seconds = _seconds(workplace, airflow, api, reminders, task_each_up_to, name)
    return Row(
        what=f"a tick of {reminders:,} reminders under the scheduler, {name}",
        measured=f"{seconds:.1f} s",
        beside=f"{RATE} a second alone: {reminders / RATE:.1f} s",
        reached=seconds,
        target=target,
        refusals=refusals_of(api, reminders),
    )


def _seconds(
    workplace: Workplace, airflow: RunsDags, api: LocalGraphApi, reminders: int, task_each_up_to: int, name: str
) -> float:
    workplace.tell(f"A tick of {reminders:,} reminders, {name}")
    with psycopg.connect(workplace.server.url_of(stack.SHOP)) as shop:
        shop.execute(KEEP_STUCK.read_bytes(), {"keep": reminders})
    with psycopg.connect(workplace.server.url_of(stack.MESSAGE_LOG)) as log:
        log.execute(FORGET_MESSAGES.read_bytes())
    airflow.set_variable("partner_messages", live_settings(task_each_up_to=task_each_up_to))
    taken = len(api.outbox())
    run = airflow.run(stack.DAG, {"delivery": "live"})
    sent = len(api.outbox()) - taken
    if (run.state, sent) != ("success", reminders):
        raise BenchError(f"The tick {name} ended {run.state} and sent {sent} reminders instead of {reminders}.")
    return run.seconds


def _is_a_task(process: psutil.Process) -> bool:
    """Whether it is a process in which a task runs, or the LocalExecutor worker that watches over it."""
    return bool(process.cmdline()) and process.cmdline()[0].startswith(TASK_TITLE)
