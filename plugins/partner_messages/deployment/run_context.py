"""The DAG run as the tasks see it, and their clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from partner_messages.messages.tick import RunPass


def run_pass(context: Mapping[str, Any]) -> RunPass:
    """Which pass of which DAG run this is, by the context that Airflow gives a task."""
    dag_run, ti = context["dag_run"], context.get("ti")
    return RunPass(
        dag_id=dag_run.dag_id,
        dag_run_id=dag_run.run_id,
        run_type=str(getattr(dag_run.run_type, "value", dag_run.run_type)),
        now=dag_run.logical_date or dag_run.run_after,
        run_after=dag_run.run_after,
        clear_number=dag_run.clear_number or 0,
        try_number=ti.try_number if ti else 1,
    )


def machine_clock() -> dt.datetime:
    """The present time by this machine's clock."""
    return dt.datetime.now(dt.UTC)


def wall_clock() -> dt.datetime:
    """The time by which everything is judged; tests that travel in time replace it here, in one place."""
    return machine_clock()
