"""The tasks of `production_run_reminders` as Airflow calls them: the context comes in, Airflow's own endings go out."""

from __future__ import annotations

import collections
import contextlib
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow.sdk import conf
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException, AirflowSkipException

from partner_messages.params import parse_params
from partner_messages.run_context import RunFacts
from partner_messages.runs.kinds import ReminderKind
from partner_messages.settings import SettingsError
from partner_messages.tasks import find, plan, summarise
from partner_messages.tasks import preflight as checks
from partner_messages.tick import RunRefused, StaleTick, Tick

log = logging.getLogger(__name__)

_BAD_ENDS = ("failed", "upstream_failed")


@contextlib.contextmanager
def _airflow_endings() -> Iterator[None]:
    """What must be changed by a person fails without retries; what is over is skipped; the rest is retried."""
    try:
        yield
    except (SettingsError, RunRefused, summarise.NeedsAnEngineer) as error:
        raise AirflowFailException(str(error)) from None
    except AirflowNotFoundException as error:
        raise AirflowFailException(f'{error}: add this connection (README, "Point it at a real shop").') from None
    except StaleTick as error:
        raise AirflowSkipException(str(error)) from None


def preflight(context: Mapping[str, Any]) -> dict[str, Any]:
    """See `tasks/preflight.py`."""
    with _airflow_endings():
        return checks.preflight(RunFacts.of(context), parse_params(context["params"]))


def find_stuck_runs(context: Mapping[str, Any], tick: dict[str, Any], kind: str) -> dict[str, Any]:
    """See `tasks/find.py`."""
    with _airflow_endings():
        return find.find_stuck_runs(Tick.from_xcom(tick), ReminderKind(kind), parse_params(context["params"]))


def plan_messages(context: Mapping[str, Any], tick: dict[str, Any]) -> list[dict[str, Any]]:
    """See `tasks/plan.py`."""
    with _airflow_endings():
        return plan.plan_messages(
            Tick.from_xcom(tick),
            parse_params(context["params"]),
            max_map_length=conf.getint("core", "max_map_length", fallback=1024),
        )


def summarise_run(context: Mapping[str, Any], tick: dict[str, Any] | None) -> dict[str, Any]:
    """See `tasks/summarise.py`; runs whatever happened before, and is what makes a DAG run green or red."""
    run = RunFacts.of(context)
    unfinished = _unfinished(context, run)
    with _airflow_endings():
        if tick is not None:
            return summarise.summarise(Tick.from_xcom(tick), run.attempt, unfinished)
        log.info("Reminder run — nothing was done: preflight let nothing pass.")
        if unfinished:
            raise summarise.NeedsAnEngineer("preflight failed; its log says in one sentence what must be changed")
        raise StaleTick("Preflight skipped this run.")


def _unfinished(context: Mapping[str, Any], run: RunFacts) -> list[str]:
    """The tasks of the run that failed, mapped ones counted: `send_messages (3)`."""
    ti = context["ti"]
    states = ti.get_task_states(dag_id=run.dag_id, run_ids=[run.dag_run_id]).get(run.dag_run_id, {})
    failed = collections.Counter(
        re.sub(r"_\d+$", "", name) for name, state in states.items() if state in _BAD_ENDS and name != ti.task_id
    )
    return [f"{task} ({number})" if number > 1 else task for task, number in sorted(failed.items())]
