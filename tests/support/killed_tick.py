"""A whole DAG run whose tasks are each killed once at a random moment, in a process of its own, and then done again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from partner_messages.message_log import before
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import Tick
from partner_messages.planning.marks import mark_of
from partner_messages.tasks.approval import is_decided
from sandbox.shop import run_id as id_of
from support.children import Child
from support.dag_tasks import REMINDERS, UPKEEP
from support.deployment import TICK
from support.log_rows import Log
from support.sending import let_the_leases_run_out
from support.task_work import context, in_this_process, send_task

RUN_ID = "run 1"
NOT_OVERDUE = id_of("SENT23H")
"""A run of which nothing is to be said."""
STARTING_SECONDS = 0.3
"""What a process takes besides the task's work, about."""


def work_of(task: str, run_id: str, *given: Any) -> Any:
    """Do a task's work as Airflow calls it; None where it skips itself."""
    ti = SimpleNamespace(task_id=task, try_number=1, get_task_states=lambda **_: {run_id: {}})
    of_task = {**context(run_id), "ti": ti}
    try:
        return WORK[task](of_task, *given)
    except AirflowSkipException:
        return None


def find_stuck_runs(tick: dict[str, Any], kind: str) -> Any:
    """One instance of the mapped task of that name."""
    return work_of("find_stuck_runs", RUN_ID, tick, kind)


def wait_for_approval(tick: dict[str, Any]) -> bool:
    """What the task of that name asks each minute."""
    return is_decided(Tick.from_xcom(tick))


def leave_alone(run: str, day: str) -> Any:
    """The task of that name of `message_log_upkeep`, for a run."""
    asked = {"leave_alone": "run", "leave_alone_id": run, "leave_alone_until": day}
    said = {"leave_alone_by": "Asha", "leave_alone_why": "its loom is repaired"}
    return UPKEEP.leave_alone({**context("by hand"), "params": {**asked, **said}})


WORK: dict[str, Callable[..., Any]] = {
    "preflight": REMINDERS.preflight,
    "find_stuck_runs": REMINDERS.find_stuck_runs,
    "plan_messages": REMINDERS.plan_messages,
    "plan_followups": REMINDERS.plan_followups,
    "mirror_to_shop": REMINDERS.mirror_to_shop,
    "escalate": REMINDERS.escalate,
    "summarise": REMINDERS.summarise,
    "sweep": UPKEEP.sweep,
    "release": UPKEEP.release,
    "forget": UPKEEP.forget,
}
"""The tasks by their names; sending is `send_task`."""


@dataclass
class KilledTick:
    """A run of `production_run_reminders`, then one of `message_log_upkeep`.

    Attributes:
        log: A session with the message log.
        start: Starts a process.
        dice: Chances; None for a run that nobody kills.
        lasts: How long each task's work takes, as far as it was seen.
        killed: The tasks that were killed while they worked.
    """

    log: Log
    start: Callable[..., Child]
    dice: random.Random | None
    lasts: dict[str, float]
    killed: list[str] = field(default_factory=list)

    def go_through(self) -> dict[str, int] | None:
        """Go through both runs; return the summary's counts, None where it asks for a person."""
        tick = self._task("preflight")
        found = self._mapped("find_stuck_runs", find_stuck_runs, [(tick, kind.value) for kind in ReminderKind])
        batches = self._task("plan_messages", tick)
        self._wait_for_their_morning()
        now = self._task("plan_messages", tick)
        self._killed_once("leave_alone", leave_alone, NOT_OVERDUE, "2026-12-24")
        self._let_it_wait_and_approve(tick)
        assert self._killed_once("wait_for_approval", wait_for_approval, tick)
        self._send(tick, now)
        self._send(tick, self._task("plan_followups", tick))
        self._task("mirror_to_shop", tick)
        self._task("escalate", tick)
        self._until_morning()
        later = self._task("sweep", run_id="upkeep")
        self._send(later, self._task("release", later, run_id="upkeep"))
        self._task("mirror_to_shop", tick)
        self._task("forget")
        counts: dict[str, int] | None = self._task("summarise", tick, batches, found)
        return counts

    def _task(self, task: str, *given: Any, run_id: str = RUN_ID) -> Any:
        return self._killed_once(task, work_of, task, run_id, *given)

    def _send(self, tick: dict[str, Any], batches: list[dict[str, Any]] | None) -> None:
        self._mapped("send_messages", send_task, [(Tick.from_xcom(tick), batch) for batch in batches or ()])

    def _mapped(self, task: str, work: Callable[..., Any], given: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Do a mapped task's work, one instance after the other; one of them is killed."""
        victim = self.dice.randrange(len(given)) if self.dice and given else None
        return [
            (self._killed_once if number == victim else self._done)(task, work, *one)
            for number, one in enumerate(given)
        ]

    def _killed_once(self, task: str, work: Callable[..., Any], *given: Any) -> Any:
        if self.dice:
            child = self.start(work, *given)
            child.process.join(self.dice.random() * (STARTING_SECONDS + self.lasts.get(task, 0.0)))
            if child.process.exitcode is None:
                child.kill()
                self.killed.append(task)
            let_the_leases_run_out(self.log)
        return self._done(task, work, *given)

    def _done(self, task: str, work: Callable[..., Any], *given: Any) -> Any:
        began = time.monotonic()
        try:
            with in_this_process():
                return work(*given)
        except AirflowException:
            return None
        finally:
            self.lasts[task] = time.monotonic() - began

    def _wait_for_their_morning(self) -> None:
        """As if it were night for the partners of every third message."""
        self.log.execute(
            "UPDATE message_log SET not_before = now() + interval '100 years' WHERE status = 'queued' AND id IN ("
            " SELECT id FROM (SELECT id, row_number() OVER (ORDER BY context_id) AS number FROM message_log"
            "  WHERE status = 'queued') AS numbered WHERE number % 3 = 0)"
        )

    def _let_it_wait_and_approve(self, tick: dict[str, Any]) -> None:
        """As if the schedule had begun it with setting `approve_first`, and somebody had seen all of it."""
        self.log.execute("UPDATE tick SET awaits_approval = true WHERE id = %s", [tick["id"]])
        seen = [mark_of(row) for row in before.waiting_messages(self.log, tick["dag_run_id"], tick["id"])]
        before.approve(self.log, Tick.from_xcom(tick).day, seen, who="Asha", why="looked at all", now=TICK)

    def _until_morning(self) -> None:
        self.log.execute(
            "UPDATE message_log SET not_before = '2026-01-01' WHERE status = 'queued' AND not_before IS NOT NULL"
        )
