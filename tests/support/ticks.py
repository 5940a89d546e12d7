"""Runs a DAG for real inside the test process and shows what it left behind."""

from __future__ import annotations

import collections
import datetime as dt
import os
import time
from dataclasses import dataclass
from typing import Any
from unittest import mock

import psycopg
from airflow.dag_processing.dagbag import DagBag
from psycopg.rows import DictRow

from support.deployment import TICK


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
    log: psycopg.Connection[DictRow],
    conf: dict[str, Any] | None = None,
    *,
    logical_date: dt.datetime | None = TICK,
    run_after: dt.datetime = TICK,
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
    # A second at each empty mapping: `dag.test()` waits for somebody else to schedule something, and nobody will.
    with mock.patch("time.sleep", lambda seconds, sleep=time.sleep: None if seconds == 1 else sleep(seconds)):
        run = dag.test(run_conf=conf or {}, logical_date=logical_date, run_after=run_after)
    instances = run.get_task_instances()
    summary = next((ti for ti in instances if ti.task_id == "summarise"), None)
    rows = log.execute(
        "SELECT * FROM message_log WHERE tick_id = ("
        " SELECT id FROM tick WHERE dag_run_id = %s ORDER BY created_at DESC LIMIT 1) ORDER BY created_at, id",
        [run.run_id],
    ).fetchall()
    return Tick(
        state=str(run.state),
        run_id=run.run_id,
        tasks={ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": str(ti.state) for ti in instances},
        returned=summary.xcom_pull(task_ids="summarise") if summary else None,
        rows=[row for row in rows if row["message_kind"] != "followup"],
        followups=[row for row in rows if row["message_kind"] == "followup"],
    )


def xcoms_of(run_id: str) -> str:
    """Everything that a run's tasks passed to each other, as Airflow stored it."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.query(XComModel.key, XComModel.value).filter(XComModel.run_id == run_id).all()
    assert found
    return repr(found)
