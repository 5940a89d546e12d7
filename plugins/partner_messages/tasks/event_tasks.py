"""The tasks of `production_run_events` as Airflow calls them: the context comes in, Airflow's own endings go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from partner_messages.deployment import run_context
from partner_messages.deployment.endings import airflow_endings
from partner_messages.deployment.forms import EVENTS
from partner_messages.deployment.params import check_names
from partner_messages.deployment.run_context import run_pass
from partner_messages.messages.tick import Tick
from partner_messages.planning import plan_events
from partner_messages.planning.dealing import max_map_length
from partner_messages.planning.events.event import parse_event_params
from partner_messages.tasks import preflight as checks


def preflight(context: Mapping[str, Any]) -> dict[str, Any]:
    """See `tasks/preflight.py`. An event is told now or never, so its run speaks for now, whatever its logical date."""
    with airflow_endings():
        check_names(context["params"], EVENTS)
        params = parse_event_params(context["params"])
        run = replace(run_pass(context), now=run_context.wall_clock())
        return checks.preflight(run, params.delivery, plan_events.templates_of_events, redirect_to=params.redirect_to)


def check_runs(context: Mapping[str, Any]) -> int:
    """See `plan_events.check_runs`."""
    with airflow_endings():
        return plan_events.check_runs(parse_event_params(context["params"]))


def plan_messages(context: Mapping[str, Any], tick: dict[str, Any]) -> list[dict[str, Any]]:
    """See `planning/plan_events.py`."""
    with airflow_endings():
        return plan_events.plan_event_messages(
            Tick.from_xcom(tick),
            parse_event_params(context["params"]),
            run_pass(context).run_after,
            max_map_length(),
        )
