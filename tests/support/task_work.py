"""What the tasks of the DAG do, as functions that a process of its own can run (`support.children`)."""

from __future__ import annotations

import contextlib
import datetime as dt
import signal
from collections.abc import Iterator, Sequence
from threading import Barrier
from typing import Any
from unittest import mock

import airflow.providers.postgres.hooks.postgres
import airflow.sdk.execution_time.supervisor
from airflow.sdk.exceptions import AirflowException

from partner_messages.deployment import run_context
from partner_messages.deployment.params import RunParams
from partner_messages.message_log.database import MessageLogError
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import Tick
from partner_messages.planning import find
from partner_messages.planning import plan_reminders as plan
from partner_messages.planning.reminders.wording import templates_of
from partner_messages.sending import batch as sending
from partner_messages.sending import recheck
from partner_messages.sending.batch import NoLongerDue
from partner_messages.sending.template_operator import WhatsAppTemplateOperator
from partner_messages.tasks import preflight
from support.deployment import airflow_run, run_pass

IMPORTED = (airflow.providers.postgres.hooks.postgres, airflow.sdk.execution_time.supervisor, recheck, sending)
"""What tasks import only when they run; the processes are forked after this."""
TRIES = 4


def context(run_id: str, clear_number: int = 0) -> dict[str, Any]:
    """What Airflow tells a task of such a run."""
    run = airflow_run(run_id, clear_number=clear_number)
    return {"dag_run": run, "params": {}}


def found(run_id: str) -> Tick:
    """A run of the DAG up to the point where it plans."""
    tick = Tick.from_xcom(preflight.preflight(run_pass(run_id), "auto", lambda _: templates_of("v1")))
    for kind in ReminderKind:
        find.find_stuck_runs(tick, kind, RunParams())
    return tick


def send_task(tick: Tick, batch: dict[str, Any], no_longer_due: NoLongerDue = recheck.no_longer_due) -> dict[str, int]:
    """One mapped `send_messages` task; SIGTERM reaches it as it does under Airflow's task runner."""
    operator = WhatsAppTemplateOperator(task_id="send_messages", tick=tick.to_xcom(), batch=batch)
    signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())
    with mock.patch.object(recheck, "no_longer_due", no_longer_due):
        return operator.execute(context(tick.dag_run_id))


@contextlib.contextmanager
def in_this_process() -> Iterator[None]:
    """Do a task's work here, much quicker than in a process of its own; the work's signal handlers go with it."""
    at_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, at_sigterm)


def send_task_by_a_clock(
    minutes_off: float, tick: Tick, batch: dict[str, Any], no_longer_due: NoLongerDue
) -> dict[str, int]:
    """One such task on a machine whose clock is wrong."""
    right = run_context.machine_clock
    run_context.machine_clock = lambda: right() + dt.timedelta(minutes=minutes_off)
    return send_task(tick, batch, no_longer_due)


def plan_task(tick: Tick) -> list[dict[str, Any]]:
    """One `plan_messages` task."""
    return plan.plan_messages(tick, RunParams())


def whole_tick(tick: Tick, together: Barrier, meetings: Sequence[str]) -> None:
    """Plan and send at once, meeting others before each step; what Airflow would retry is retried."""
    if "plan" in meetings:
        together.wait()
    for one in range(TRIES):
        try:
            batches = plan_task(tick)
            break
        except MessageLogError:
            if one == TRIES - 1:
                raise
    if "send" in meetings:
        together.wait()
    for batch in batches:
        send_batch(tick, batch)


def send_batch(tick: Tick, batch: dict[str, Any]) -> None:
    """Send one batch, however that ends."""
    with contextlib.suppress(AirflowException):
        send_task(tick, batch)
