"""Ticks up to where they escalate, and the escalations that come of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from partner_messages.database.session import Session
from partner_messages.messages.kinds import ReminderKind
from support.dag_tasks import REMINDERS
from support.deployment import TICK, Deployment, airflow_run
from support.log_rows import Log, change

DAY = dt.timedelta(days=1)


def keep(shop: Session, *run_ids: str) -> None:
    shop.execute("DELETE FROM production_runs WHERE NOT id = ANY (%s)", [list(run_ids)])


def planned(deployment: Deployment, days: int = 0, **params: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run of the DAG so many days after TICK, up to where it sends: its context and its tick."""
    now = TICK + days * DAY
    if params.get("delivery") != "dry_run":
        deployment.now = now + dt.timedelta(minutes=1)
    run = airflow_run(f"{now.isoformat()} {params}", logical_date=now, run_after=now)
    of = {"dag_run": run, "params": params}
    tick = REMINDERS.preflight(of)
    for kind in ReminderKind:
        REMINDERS.find_stuck_runs(of, tick, kind.value)
    REMINDERS.plan_messages(of, tick)
    return of, tick


def escalated(deployment: Deployment, days: int = 0, **params: Any) -> dict[str, int]:
    return REMINDERS.escalate(*planned(deployment, days, **params))


def rows(log: Log) -> list[tuple[str, str, bool]]:
    """Every escalation: its run, its reason, whether it is open; in the order in which they were opened."""
    found = log.execute("SELECT * FROM escalation ORDER BY opened_at, production_run_id").fetchall()
    return [(row["production_run_id"], row["reason"], row["closed_at"] is None) for row in found]


def lists(told: Path) -> list[str]:
    return told.read_text().split("\n---\n")[:-1] if told.exists() else []


def goes(log: Log, *statuses: str, **columns: Any) -> None:
    """What becomes of the message that was queued last."""
    (last,) = log.execute("SELECT id FROM message_log ORDER BY created_at DESC LIMIT 1").fetchall()
    for status in ("sending", *statuses):
        change(log, last["id"], status=status, claimed_at=dt.datetime.now(dt.UTC))
    change(log, last["id"], **{"error_code": None, **columns})
