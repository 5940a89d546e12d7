"""Runs a DAG inside the test process and shows what it left behind.

`run_dag` has Airflow run it, at some three seconds a run; `go_through` calls the tasks of the weekday tick in their
order, at a tenth of that, for tests whose subject is not Airflow.
"""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import functools
import itertools
import json
import logging
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest import mock

import jsonschema
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from psycopg.rows import DictRow

from partner_messages.database.session import Session
from partner_messages.messages.kinds import ReminderKind
from partner_messages.sending.template_operator import WhatsAppTemplateOperator
from support.dag_tasks import REMINDERS, UPKEEP
from support.deployment import TICK, airflow_run

_TRIES = 4
"""A task's first try and the DAGs' retries."""
_numbers = itertools.count(1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tick:
    """One DAG run and what it wrote.

    Attributes:
        state: The DAG run's state.
        run_id: Its id.
        tasks: Task states by `task_id` or `task_id[map_index]`.
        returned: The return value of `summarise`, None where it failed.
        rows: The message log's rows of this pass of the run, without follow-ups.
        followups: Those of follow-ups.
    """

    state: str
    run_id: str
    tasks: dict[str, str]
    returned: dict[str, Any] | None
    rows: list[DictRow]
    followups: list[DictRow]

    def by(self, column: str) -> collections.Counter[Any]:
        """How many rows have which value of a column (None left out)."""
        return collections.Counter(row[column] for row in self.rows if row[column] is not None)

    @property
    def ends(self) -> dict[str, str]:
        """What became of each run: its row's status, or the reason it was skipped for."""
        return {row["production_run_id"]: row["skip_reason"] or row["status"] for row in self.rows}


def run_dag(
    dag_id: str,
    log: Session,
    conf: dict[str, Any] | None = None,
    *,
    logical_date: dt.datetime | None = TICK,
    run_after: dt.datetime | None = None,
) -> Tick:
    """Run a DAG with `dag.test()`: as triggered by hand, at `logical_date`.

    The same logical date again runs the same DAG run again in place, as a backfill with reprocessing does. Retries come
    at once: waiting for one proves nothing. The DAG is read anew, because a run in this process writes its conf into
    the DAG's params.
    """
    dag = DagBag(dag_folder=f"{os.environ['AIRFLOW__CORE__DAGS_FOLDER']}/{dag_id}.py").dags[dag_id]
    for task in dag.tasks:
        task.retry_delay = dt.timedelta(0)
        if hasattr(task, "partial_kwargs"):
            task.partial_kwargs["retry_delay"] = dt.timedelta(0)
    with contextlib.ExitStack() as patched:
        # A second at each empty mapping: `dag.test()` waits for somebody else to schedule something, and nobody will.
        patched.enter_context(
            mock.patch("time.sleep", lambda seconds, sleep=time.sleep: None if seconds == 1 else sleep(seconds))
        )
        # A third of a run: it would read all DAGs and write them into Airflow's database, as the fixture `dags` did.
        for name in ("BundleDagBag", "sync_bag_to_db"):
            patched.enter_context(mock.patch(f"airflow.dag_processing.dagbag.{name}"))
        # As much again: whenever a param is read, its schema would be compared with the schema of all schemas.
        patched.enter_context(mock.patch.object(jsonschema.Draft202012Validator, "check_schema", _check_schema_once))
        run = dag.test(run_conf=conf or {}, logical_date=logical_date, run_after=run_after or logical_date or TICK)
    instances = run.get_task_instances()
    summary = next((ti for ti in instances if ti.task_id == "summarise"), None)
    return _tick(
        log,
        state=str(run.state),
        run_id=run.run_id,
        tasks={ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": str(ti.state) for ti in instances},
        returned=summary.xcom_pull(task_ids="summarise") if summary else None,
    )


def _check_schema_once(schema: dict[str, Any]) -> None:
    _check_schema(json.dumps(schema))


@functools.cache
def _check_schema(schema: str, check: Callable[..., None] = jsonschema.Draft202012Validator.check_schema) -> None:
    check(json.loads(schema))


def go_through(
    log: Session,
    conf: dict[str, Any] | None = None,
    *,
    logical_date: dt.datetime | None = TICK,
    run_after: dt.datetime | None = None,
) -> Tick:
    """Call the tasks of `production_run_reminders` in their order, each as often as Airflow would try it.

    Without a logical date every call is a DAG run of its own, as one triggered from the command line is.
    """
    run_after = run_after or logical_date or TICK
    run_id = f"manual__{(logical_date or run_after).isoformat()}" + ("" if logical_date else f"__{next(_numbers)}")
    dag_run = airflow_run(run_id, logical_date=logical_date, run_after=run_after)
    run = TaskByTask({"dag_run": dag_run, "params": conf or {}})
    tick, found, batches = run.call("preflight", REMINDERS.preflight), None, None
    if tick:
        found = [run.call(f"find_stuck_runs[{kind}]", REMINDERS.find_stuck_runs, tick, kind) for kind in ReminderKind]
        batches = run.call("plan_messages", REMINDERS.plan_messages, tick)
        run.send("send_messages", tick, batches)
    run.send("send_followups", tick, run.call("plan_followups", REMINDERS.plan_followups, tick))
    run.call("mirror_to_shop", REMINDERS.mirror_to_shop, tick)
    run.call("escalate", REMINDERS.escalate, tick)
    returned = run.call("summarise", REMINDERS.summarise, tick, batches, found)
    return _tick(log, state=run.tasks["summarise"], run_id=run_id, tasks=run.tasks, returned=returned)


def tomorrow(log: Session, days: int = 1) -> Tick:
    """`go_through` as many days later."""
    return go_through(log, logical_date=TICK + dt.timedelta(days=days))


def look_after() -> TaskByTask:
    """Call the tasks of `message_log_upkeep` that hear, send and tell at once, in their order."""
    run_id = f"scheduled__{next(_numbers)}"
    dag_run = airflow_run(run_id, dag_id="message_log_upkeep", run_type="scheduled", logical_date=None)
    run = TaskByTask({"dag_run": dag_run, "params": {}})
    tick = run.call("sweep", UPKEEP.sweep)
    run.send("send_messages", tick, run.call("release", UPKEEP.release, tick))
    run.call("tell_at_once", UPKEEP.tell_at_once, tick)
    run.call("summarise", UPKEEP.summarise, tick, None, None)
    return run


@dataclass
class TaskByTask:
    """A DAG run without Airflow: each task is called as often as Airflow would try it.

    Attributes:
        context: What Airflow tells the run's tasks.
        tasks: Those that were called so far, by their states.
    """

    context: dict[str, Any]
    tasks: dict[str, str] = field(default_factory=dict)

    def call(self, name: str, work: Callable[..., Any], *given: Any) -> Any:
        """Call a task with the run's context; return what it returned, None where it did not end well."""
        run_id = self.context["dag_run"].run_id
        states = {run_id: {re.sub(r"\[(.*)\]", r"_\1", task): state for task, state in self.tasks.items()}}
        for number in range(1, _TRIES + 1):
            ti = SimpleNamespace(
                task_id=name.partition("[")[0],
                try_number=number,
                get_task_states=lambda **_: states,
                xcom_pull=lambda **_: [],
            )
            self.tasks[name], result = _try(work, {**self.context, "ti": ti}, *given)
            if self.tasks[name] != "up_for_retry":
                return result
        self.tasks[name] = "failed"
        return None

    def send(self, task_id: str, tick: Any, batches: Any) -> None:
        """Call the mapped tasks that send these batches."""
        for number, batch in enumerate(batches or ()):
            operator = WhatsAppTemplateOperator(task_id=task_id, tick=tick, batch=batch)
            self.call(f"{task_id}[{number}]", operator.execute)


def _try(work: Callable[..., Any], context: dict[str, Any], *given: Any) -> tuple[str, Any]:
    try:
        return "success", work(context, *given)
    except AirflowSkipException:
        return "skipped", None
    except AirflowFailException:
        return "failed", None
    except Exception:
        logger.exception("The task failed.")
        return "up_for_retry", None


def _tick(log: Session, *, run_id: str, **facts: Any) -> Tick:
    rows = log.execute(
        "SELECT * FROM message_log WHERE tick_id = ("
        " SELECT id FROM tick WHERE dag_run_id = %s ORDER BY created_at DESC LIMIT 1) ORDER BY created_at, id",
        [run_id],
    ).fetchall()
    return Tick(
        run_id=run_id,
        rows=[row for row in rows if row["message_kind"] != "followup"],
        followups=[row for row in rows if row["message_kind"] == "followup"],
        **facts,
    )


def note_of(run_id: str) -> str | None:
    """A DAG run's note, as its page shows it."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        return session.query(DagRun).filter(DagRun.run_id == run_id).one().note


def xcoms_of(run_id: str) -> str:
    """Everything that a run's tasks passed to each other, as Airflow stored it."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.query(XComModel.key, XComModel.value).filter(XComModel.run_id == run_id).all()
    assert found
    return repr(found)
