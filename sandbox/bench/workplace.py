"""What every measurement works with: sizes, a PostgreSQL server, and the package's steps as processes."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox import airflow_env, processes, shop, stack
from sandbox.connections import SETTINGS, as_environment, connections
from sandbox.postgres import Server

STEP_SECONDS = 1_800.0
MANY = 100_000
"""Setting `max_messages_per_run`: no run of the bench is cut short."""


class BenchError(processes.SandboxError):
    """What was measured did not do its work, so its speed means nothing; the message says what is wrong."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        runs: Production runs in the shop in which stuck ones are found.
        stuck: How many of them are stuck; divides `runs`.
        messages: Sent in one chunk.
        reminders: Of one tick under the real scheduler, in both ways.
        history: Days before the tick's of which the message log knows, each with a thousand messages.
        repeats: How often finding and planning are measured.
        divisor: By what any other size is divided.
    """

    runs: int = 1_000_000
    stuck: int = 10_000
    messages: int = 2_000
    reminders: int = 500
    history: int = 1_000
    repeats: int = 7
    divisor: int = 1

    def divided_by(self, divisor: int) -> Sizes:
        """The same on a smaller scale."""
        return Sizes(
            self.runs // divisor,
            self.stuck // divisor,
            self.messages // divisor,
            self.reminders // divisor,
            max(1, self.history // divisor),
            self.repeats,
            divisor,
        )


@dataclass(frozen=True)
class Workplace:
    """Where measurements are taken.

    Attributes:
        server: PostgreSQL; a measurement makes its own databases on it.
        folder: Takes logs and Airflow's home.
        sizes: How much is measured.
        tell: Told of each step.
    """

    server: Server
    folder: Path
    sizes: Sizes
    tell: Callable[[str], None]

    def make_shop(self, *, runs: int, stuck: int, partners: int, abroad: int = 0) -> dt.datetime:
        """Make a shop with many runs, and an empty message log; return the tick at which so many are stuck."""
        tick = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
        self.tell(f"A shop with {runs:,} runs, {stuck:,} of them stuck")
        url = self.server.create_database(stack.SHOP)
        shop.load_bench(url, tick, runs=runs, stuck=stuck, partners=partners, abroad=abroad)
        self.server.create_database(stack.MESSAGE_LOG)
        return tick

    def connections(self, graph_api_url: str, messages_per_second: float) -> dict[str, dict[str, Any]]:
        """The package's connections, its senders at this rate."""
        made = connections(
            shop_url=stack.shop_reader_url(self.server),
            message_log_url=self.server.url_of(stack.MESSAGE_LOG),
            graph_api_url=graph_api_url,
            shop_inbox_url=stack.shop_inbox_url(self.server),
        )
        for name, connection in made.items():
            if name.startswith("whatsapp_"):
                connection["extra"]["messages_per_second"] = messages_per_second
        return made

    def steps(self, graph_api_url: str, messages_per_second: float, **settings: Any) -> Steps:
        """The package's steps, with these settings beside those of `live_settings`."""
        environment = airflow_env.airflow_environment(
            self.folder / "airflow", self.server, airflow_env.new_secrets(), port=0
        )
        made = as_environment(self.connections(graph_api_url, messages_per_second), live_settings(**settings))
        path = os.pathsep.join(str(airflow_env.PROJECT / folder) for folder in (".", "plugins"))
        return Steps(self.folder, environment | made | {"PYTHONPATH": path})


def live_settings(**settings: Any) -> dict[str, Any]:
    """The Variable `partner_messages` for a bench: live, and not held back by a limit."""
    return SETTINGS | {"delivery": "live", "max_messages_per_run": MANY, "confirm_above": MANY} | settings


@dataclass(frozen=True)
class Steps:
    """Runs steps of the package (`steps.py`), each in a process of its own."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, step: str, **question: Any) -> dict[str, Any]:
        """Run one step to its end.

        Returns:
            What the step returned, and its process's `peak_mb`.

        Raises:
            processes.ProcessFailedError: It failed; the message has the end of its log.
        """
        asked, answered = self.folder / "question.json", self.folder / "answer.json"
        asked.write_text(json.dumps(question))
        command: list[str | Path] = [sys.executable, "-m", "sandbox.bench.steps", step, asked, answered]
        with processes.keep(
            f"Step {step}", command, env=self.environment, log=self.folder / f"{step}.log", cwd=airflow_env.PROJECT
        ) as child:
            if child.wait(STEP_SECONDS) != 0:
                raise child.failure()
        answer: dict[str, Any] = json.loads(answered.read_text())
        return answer

    def at_once(self, step: str, questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Run a step for each of several questions at the same time; return what each came to, as `run` does."""

        def run(number: int, question: dict[str, Any]) -> dict[str, Any]:
            folder = self.folder / f"{step} {number}"
            folder.mkdir(exist_ok=True)
            return replace(self, folder=folder).run(step, **question)

        with ThreadPoolExecutor(len(questions)) as pool:
            return [*pool.map(run, range(len(questions)), questions)]
