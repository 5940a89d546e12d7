"""Shows the plan, says how every template stands, and fails the run for what needs a person."""

from __future__ import annotations

import collections
import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap
from typing import Any

from partner_messages.deployment.installed_copies import copies_in_the_way
from partner_messages.deployment.last_words import leave
from partner_messages.message_log.database import LogConnection
from partner_messages.ops import run_notes
from partner_messages.ops.summarise import NeedsAnEngineer
from partner_messages.tasks.template_job import Job
from partner_messages.templates.submission.change_log import reasons_of_run
from whatsapp_provider.templates.language_policy import Account
from whatsapp_provider.templates.submit_plan import ASKS_FOR, PlanRow, plan_table, to_json

log = logging.getLogger(__name__)


def show_plan(connection: LogConnection, job: Job) -> list[dict[str, Any]]:
    """Print the plan as a table, account by account, and return its rows as JSON."""
    rows = job.plan(connection)
    _print(rows, job.unreadable(connection))
    return to_json(rows)


def report(
    connection: LogConnection,
    job: Job,
    planned: list[dict[str, Any]] | None,
    failed_tasks: Sequence[str],
    checked: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Say how every template stands now.

    Args:
        connection: The message log.
        job: The run's work.
        planned: What `show_plan` returned; the table is printed again only where it has changed.
        failed_tasks: The tasks of the run that failed, each with why.
        checked: What Meta says of the accounts' numbers, where that was asked for.

    Returns:
        The rows as JSON.

    Raises:
        NeedsAnEngineer: A person must do something; one sentence for each thing.
    """
    rows, unreadable = job.plan(connection), job.unreadable(connection)
    result = to_json(rows)
    if result != planned:
        _print(rows, unreadable)
    sums = collections.Counter(row.action for row in rows)
    counted = ", ".join(f"{number} {action}" for action, number in sorted(sums.items())) or "nothing"
    warnings = sum(bool(row.warning) for row in rows)
    said = f"Template run ({job.params.mode}) — {counted}; warnings: {warnings}."
    asked = [f"{sums[action]} {action}: {asks_for}." for action, asks_for in ASKS_FOR.items() if sums[action]]
    asked = [*checked, *asked]
    for line in (said, *asked):
        log.info("%s", line)
    problems = [
        *starmap(_unreadable, unreadable.items()),
        *(row.needs_human for row in rows if row.needs_human),
        *_undone(connection, job, rows),
        *failed_tasks,
    ]
    needed = [f"Needs a person: {one}" for one in problems]
    to_see = [f"To be looked at: {one}" for one in copies_in_the_way()]
    leave(run_notes.KEY, "\n\n".join([f"**{said}**", *asked, *needed, *to_see]))
    if problems:
        raise NeedsAnEngineer("\n".join(problems))
    return result


def _undone(connection: LogConnection, job: Job, rows: Iterable[PlanRow]) -> list[str]:
    """What this mode should have done and has not, by account and reason."""
    reasons = reasons_of_run(connection, job.dag_run_id)
    undone: dict[tuple[Account, str], list[str]] = collections.defaultdict(list)
    for row in rows:
        if job.change_for(row):
            reason = reasons.get((row.account.waba_id, row.name, row.language), "the log of submit says why.")
            undone[row.account, reason].append(f"{row.name} ({row.language})")
    done = "created" if job.params.mode == "upsert" else "changed"
    return [f"{account.label}: not {done}: {', '.join(names)}: {reason}" for (account, reason), names in undone.items()]


def _print(rows: Sequence[PlanRow], unreadable: Mapping[Account, str]) -> None:
    # One log entry for each line: Airflow's page may join the lines of one entry.
    for line in (*plan_table(rows).splitlines(), *starmap(_unreadable, unreadable.items())):
        log.info("%s", line)


def _unreadable(account: Account, problem: str) -> str:
    return f"{account} could not be read: {problem}"
