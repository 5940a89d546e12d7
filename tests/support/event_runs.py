"""DAG runs of `production_run_events` and `message_log_upkeep`, task by task, without Airflow around them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any

from partner_messages.deployment import run_context
from partner_messages.deployment.params import RunParams
from partner_messages.message_log.database import open_message_log
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import Tick
from partner_messages.planning import find
from partner_messages.planning import plan_reminders as plan
from partner_messages.planning.reminders.wording import templates_of
from partner_messages.sending import recheck
from partner_messages.sending.batch import BatchSender, Outcome
from partner_messages.tasks import preflight as checks
from partner_messages.templates.catalog.installed import installed_catalog
from support.dag_tasks import EVENTS, UPKEEP
from support.deployment import airflow_run, run_pass


@dataclass(frozen=True)
class SendingRun:
    """A DAG run that was planned.

    Attributes:
        tick: Its tick.
        batches: What planning returned.
        params: Its params.
        clear_number: How often it was cleared.
    """

    tick: Tick
    batches: Sequence[Mapping[str, Any]]
    params: Mapping[str, Any] = field(default_factory=dict)
    clear_number: int = 0

    @property
    def message_ids(self) -> list[str]:
        """Of the messages that were dealt out."""
        return [id_ for batch in self.batches for id_ in batch["message_ids"]]

    def send(self) -> list[Outcome]:
        """Do the work of its `send_messages` tasks; return how each one's messages stand then."""
        return [self._send(batch) for batch in self.batches]

    def _send(self, batch: Mapping[str, Any]) -> Outcome:
        with open_message_log() as connection:
            sender = BatchSender(
                connection=connection,
                tick=self.tick,
                run=run_pass(self.tick.dag_run_id, dag_id=self.tick.dag_id, clear_number=self.clear_number),
                ids=[uuid.UUID(id_) for id_ in batch["message_ids"]],
                sender_label=batch["sender"],
                params=self.params,
                no_longer_due=recheck.no_longer_due,
                catalog=installed_catalog(),
                clock=run_context.wall_clock,
            )
            sender.send()
            return sender.outcome()


def context(
    dag_id: str,
    run_id: str,
    params: Mapping[str, Any],
    *,
    run_after: dt.datetime | None = None,
    clear_number: int = 0,
    run_type: str = "manual",
) -> dict[str, Any]:
    """What Airflow tells a task of a DAG run that was due just now, unless another time is given."""
    run = airflow_run(
        run_id,
        dag_id=dag_id,
        run_type=run_type,
        logical_date=None,
        run_after=run_after or run_context.wall_clock(),
        clear_number=clear_number,
    )
    return {"dag_run": run, "params": dict(params)}


def start_events(
    conf: Mapping[str, Any], run_id: str = "run 1", **of_run: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first task of an events run; returns its context and its tick."""
    of_task = context("production_run_events", run_id, conf, **of_run)
    return of_task, EVENTS.preflight(of_task)


def plan_events(conf: Mapping[str, Any], run_id: str = "run 1", **of_run: Any) -> SendingRun:
    """An events run up to where it sends."""
    of_task, tick = start_events(conf, run_id, **of_run)
    batches = EVENTS.plan_messages(of_task, tick)
    return SendingRun(Tick.from_xcom(tick), batches, conf, of_run.get("clear_number", 0))


def tell(conf: Mapping[str, Any], run_id: str = "run 1", **of_run: Any) -> SendingRun:
    """An events run, sending and all."""
    planned = plan_events(conf, run_id, **of_run)
    planned.send()
    return planned


def tell_together(conf: Mapping[str, Any], run_id: str, together: Barrier) -> None:
    """An events run that plans, and then sends, at the same moment as others."""
    of_task, tick = start_events(conf, run_id)
    together.wait()
    batches = EVENTS.plan_messages(of_task, tick)
    together.wait()
    SendingRun(Tick.from_xcom(tick), batches, conf).send()


def upkeep(run_id: str = "upkeep 1") -> SendingRun:
    """A run of `message_log_upkeep` up to where it sends."""
    of_task = context("message_log_upkeep", run_id, {}, run_type="scheduled")
    tick = UPKEEP.sweep(of_task)
    return SendingRun(Tick.from_xcom(tick), UPKEEP.release(of_task, tick))


def act_on_sending(sending: str, run_after: dt.datetime | None = None, **params: Any) -> str:
    """A run of `message_log_upkeep` with which all sending is halted, or goes on."""
    said = {"sending": sending, "sending_by": "ops", "sending_why": "wrong text", **params}
    return UPKEEP.halt_sending(context("message_log_upkeep", "by hand", said, run_after=run_after))


def weekday_tick(*production_run_ids: str, run_id: str = "tick 1") -> SendingRun:
    """A run of `production_run_reminders` for some runs, up to where it sends."""
    params = RunParams(production_run_ids=production_run_ids)
    tick = Tick.from_xcom(checks.preflight(run_pass(run_id), "auto", lambda _: templates_of("v1")))
    for kind in ReminderKind:
        find.find_stuck_runs(tick, kind, params)
    return SendingRun(tick, plan.plan_messages(tick, params))
