"""The package's own steps, timed: `python -m sandbox.bench.steps <step> question.json answer.json`.

Each runs in a process of its own, started by `workplace.Steps`, as a task does, so that its memory is its own. What a
task pays once (imports, the first session with each database) is paid before the clock starts: `make bench` has a row
for whole ticks, which pay all of it.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import gc
import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil  # type: ignore[import-untyped]
import psycopg
from airflow.providers.postgres.hooks.postgres import PostgresHook

from partner_messages.messages.database import open_message_log
from partner_messages.messages.stops import RunAttempt
from partner_messages.params import RunParams
from partner_messages.reminders.wording import templates_of
from partner_messages.run_context import RunFacts
from partner_messages.runs.kinds import ReminderKind
from partner_messages.settings import SHOP_CONN_ID, Settings
from partner_messages.tasks.find import find_stuck_runs
from partner_messages.tasks.plan import plan_messages
from partner_messages.tasks.preflight import preflight
from partner_messages.tick import Tick
from partner_messages.whatsapp.template_operator import WhatsAppTemplateOperator
from sandbox.bench.memory import peak_mb

DAG = "bench"
PARAMS = RunParams(delivery="live", confirmed=True)
COUNT = Path(__file__).with_name("count.sql")
FORGET_MESSAGES = Path(__file__).with_name("forget_messages.sql")
MAX_MAP_LENGTH = 1_024
"""Airflow's default."""


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How many seconds something took, and what it returned."""
    start = time.perf_counter()
    returned = work()
    return time.perf_counter() - start, returned


def run_of(number: int, now: dt.datetime) -> RunFacts:
    """A DAG run, triggered by hand."""
    run = f"bench {number}"
    return RunFacts(DAG, run, "manual", now=now, run_after=now, attempt=RunAttempt(DAG, run, 0))


def find(now: str, repeats: int) -> dict[str, Any]:
    """Find what is stuck, in every kind at once; beside it, count the runs. The census is measured with planning.

    Args:
        now: The tick, ISO 8601.
        repeats: How often; each is a DAG run of its own.
    """
    count = COUNT.read_bytes()
    counting: list[float] = []
    finding: list[float] = []
    tick: dict[str, Any] = {}
    found = 0
    with contextlib.closing(_shop_session()) as session:
        for number in range(repeats):
            tick = preflight(run_of(number, dt.datetime.fromisoformat(now)), PARAMS.delivery, _templates)
            seconds, _ = timed(lambda: session.execute(count).fetchone())
            counting.append(seconds)
            seconds, found = timed(lambda tick=tick: _find_all(Tick.from_xcom(tick)))  # type: ignore[misc]
            finding.append(seconds)
    return {"tick": tick, "found": found, "count_seconds": counting, "find_seconds": finding}


def _templates(settings: Settings) -> tuple[str, ...]:
    return templates_of(settings.template_family)


def _find_all(tick: Tick) -> int:
    with ThreadPoolExecutor(len(ReminderKind)) as at_once:  # as the DAG's mapped tasks are
        return sum(
            task["found"] for task in at_once.map(lambda kind: find_stuck_runs(tick, kind, PARAMS), ReminderKind)
        )


def _shop_session() -> psycopg.Connection[Any]:
    session = cast("psycopg.Connection[Any]", PostgresHook(postgres_conn_id=SHOP_CONN_ID).get_conn())
    session.autocommit = True
    return session


def plan(tick: dict[str, Any], repeats: int) -> dict[str, Any]:
    """Plan what was found, each time as if nothing had been planned yet; return the last time's batches."""
    seconds: list[float] = []
    batches: list[dict[str, Any]] = []
    with open_message_log() as log:
        for _ in range(repeats):
            log.execute(FORGET_MESSAGES.read_bytes())
            took, batches = timed(lambda: plan_messages(Tick.from_xcom(tick), PARAMS, MAX_MAP_LENGTH))
            seconds.append(took)
    return {"plan_seconds": seconds, "batches": batches}


def send(tick: dict[str, Any], batch: dict[str, Any]) -> dict[str, Any]:
    """Send one batch as its task does; return how long it took and its messages by status."""
    now = Tick.from_xcom(tick).now
    dag_run = SimpleNamespace(
        dag_id=DAG, run_id=tick["dag_run_id"], run_type="manual", logical_date=now, run_after=now, clear_number=0
    )
    operator = WhatsAppTemplateOperator(
        task_id="send_messages", tick=tick, batch=batch, no_longer_due="partner_messages.tasks.recheck.no_longer_due"
    )
    with open_message_log():  # the imports of a first session
        pass
    seconds, counts = timed(lambda: operator.execute({"dag_run": dag_run, "params": PARAMS.model_dump(mode="json")}))
    return {"seconds": seconds, "counts": counts}


STEPS: dict[str, Callable[..., dict[str, Any]]] = {"find": find, "plan": plan, "send": send}


def main() -> None:
    """Run the step that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.bench.steps", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("question", type=Path, help="the step's arguments, JSON")
    parser.add_argument("answer", type=Path, help="where to write what it returns, JSON")
    asked = parser.parse_args()
    # Every message is a line of its task's log; writing them is part of the work.
    logging.basicConfig(level=logging.INFO, force=True)
    gc.freeze()  # LocalExecutor's workers are forked so: what was imported is not looked through for garbage
    answer = STEPS[asked.step](**json.loads(asked.question.read_text()))
    asked.answer.write_text(json.dumps(answer | {"peak_mb": peak_mb(psutil.Process())}))


if __name__ == "__main__":
    main()
