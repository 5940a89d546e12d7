"""The tasks of `production_run_reminders` as Airflow calls them: the context comes in, Airflow's own endings go out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from partner_messages.deployment.endings import airflow_endings
from partner_messages.deployment.forms import REMINDERS
from partner_messages.deployment.params import check_names, parse_params
from partner_messages.deployment.run_context import run_pass
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import Tick, TickSkipped
from partner_messages.ops import escalate as escalation
from partner_messages.planning import find
from partner_messages.planning import plan_reminders as plan
from partner_messages.planning.dealing import max_map_length
from partner_messages.tasks import preflight as checks


def preflight(context: Mapping[str, Any]) -> dict[str, Any]:
    """See `tasks/preflight.py`."""
    with airflow_endings():
        check_names(context["params"], REMINDERS)
        params = parse_params(context["params"])
        return checks.preflight(
            run_pass(context),
            params.delivery,
            plan.templates_of_reminders,
            redirect_to=params.redirect_to,
            keeps_holidays=True,
            scope=params.scope,
        )


def find_stuck_runs(context: Any, tick: dict[str, Any], kind: str) -> dict[str, Any]:
    """See `planning/find.py`; the mapped task's name says how many there are (`stuck` in its context)."""
    with airflow_endings():
        found = find.find_stuck_runs(Tick.from_xcom(tick), ReminderKind(kind), parse_params(context["params"]))
        context["stuck"] = found["found"]
        return found


def plan_messages(context: Mapping[str, Any], tick: dict[str, Any]) -> list[dict[str, Any]]:
    """See `planning/plan_reminders.py`."""
    with airflow_endings():
        return plan.plan_messages(
            Tick.from_xcom(tick),
            parse_params(context["params"]),
            max_map_length=max_map_length(),
        )


def escalate(context: Mapping[str, Any], tick: dict[str, Any] | None) -> dict[str, int]:
    """See `ops/escalate.py`; runs whatever became of the messages."""
    with airflow_endings():
        if tick is None:
            raise TickSkipped("Nothing was looked at: the first task let nothing pass.")
        return escalation.escalate(Tick.from_xcom(tick), parse_params(context["params"]), context)
