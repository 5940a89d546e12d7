"""Events about runs of the sample shop, and what became of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from psycopg.rows import DictRow

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.database.session import Session
from sandbox.shop import run_id
from support.deployment import Deployment
from support.log_rows import Log, everything

RUN, OTHER_RUN = run_id("SENT25H"), run_id("SENT24H1S")
"""Both sent a day ago and not accepted: one to RAJESH, one to MEERA."""
ASSIGNED, CANCELLED, COMPLETED = (f"production_run.{what}" for what in ("sent_to_partner", "cancelled", "completed"))
REMINDER = "production_run.reminder_assignment_pending"


def conf(event: str = ASSIGNED, production_run_id: str = RUN, **more: Any) -> dict[str, Any]:
    """The conf of a DAG run for one event."""
    return {"event": event, "production_run_id": production_run_id, **more}


def at(deployment: Deployment, clock: str, day: int = 23) -> dt.datetime:
    """Set the wall clock to a time of India's in November 2026; return it."""
    time = dt.time.fromisoformat(clock)
    deployment.now = dt.datetime.combine(dt.date(2026, 11, day), time, SCHEDULE_TIMEZONE).astimezone(dt.UTC)
    return deployment.now


def set_run(shop: Session, production_run_id: str = RUN, **columns: Any) -> None:
    """Change columns of a run in the shop."""
    assignments = ", ".join(f"{name} = %({name})s" for name in columns)
    shop.execute(
        f"UPDATE production_runs SET {assignments} WHERE id = %(id)s",
        {**columns, "id": production_run_id},
    )


def told(log: Log) -> list[tuple[str, str]]:
    """Which DAG run's decision came to what, in the order of the DAG runs' names."""
    return sorted((one["dag_run_id"], one["skip_reason"] or one["status"]) for one in everything(log))


def only_row(log: Log, dag_run_id: str) -> DictRow:
    """The one row that a DAG run wrote."""
    (found,) = [one for one in everything(log) if one["dag_run_id"] == dag_run_id]
    return found
