"""The DAG run as the tasks see it, and their clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from partner_messages.messages.tick import RunAttempt


@dataclass(frozen=True)
class RunFacts:
    """What the package needs to know of a DAG run.

    Attributes:
        dag_id: The DAG.
        dag_run_id: The run.
        run_type: Airflow's: scheduled, manual, backfill, asset_triggered.
        now: The moment the run speaks for: its logical date, or run_after for a run that has none (command line, REST).
        run_after: When the run was due to start.
        attempt: One pass of the run; clearing its tasks makes a new one.
    """

    dag_id: str
    dag_run_id: str
    run_type: str
    now: dt.datetime
    run_after: dt.datetime
    attempt: RunAttempt

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> RunFacts:
        """Read them from a task's context."""
        dag_run, ti = context["dag_run"], context.get("ti")
        return cls(
            dag_id=dag_run.dag_id,
            dag_run_id=dag_run.run_id,
            run_type=str(getattr(dag_run.run_type, "value", dag_run.run_type)),
            now=dag_run.logical_date or dag_run.run_after,
            run_after=dag_run.run_after,
            attempt=RunAttempt(
                dag_run.dag_id, dag_run.run_id, dag_run.clear_number or 0, try_number=ti.try_number if ti else 1
            ),
        )


def machine_clock() -> dt.datetime:
    """The time at which this very line runs, as this machine has it."""
    return dt.datetime.now(dt.UTC)


def wall_clock() -> dt.datetime:
    """The time by which everything is judged; tests that travel in time replace it here, in one place."""
    return machine_clock()
