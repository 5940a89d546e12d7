"""Says what a tick did, and fails the DAG run for what needs an engineer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from partner_messages import run_context
from partner_messages.messages.database import open_message_log
from partner_messages.messages.escalations import standing_escalations
from partner_messages.messages.stops import RunAttempt, stops_of
from partner_messages.messages.summary import NAMED, Summary, summarise_tick
from partner_messages.tasks.notifier import notify, on_failure_now
from partner_messages.tick import Tick
from partner_messages.whatsapp.errors import RECIPIENT_CODES, classify

log = logging.getLogger(__name__)


class NeedsAnEngineer(Exception):
    """Something went wrong that does not concern one recipient alone; the message says what."""


def summarise(tick: Tick, attempt: RunAttempt, unfinished: Sequence[str], title: str, *, finds: bool) -> dict[str, Any]:
    """Log the tick's summary and return its counts.

    Args:
        tick: The run's tick.
        attempt: The DAG run's pass.
        unfinished: Tasks of the run that failed.
        title: How the log line begins, such as `Reminder run`.
        finds: Whether the run looked for what is stuck.

    Raises:
        NeedsAnEngineer: After everything has been said: a stopped sender, unknown outcomes, messages still queued, a
            template that is refused, another failure that is not the recipient's own, or a failed task.
    """
    with open_message_log() as connection:
        summary = summarise_tick(connection, tick, stops_of(connection, attempt), run_context.wall_clock())
        if finds:
            summary = replace(summary, escalations=standing_escalations(connection, tick))
    log.info(summary.line(title, finds=finds))
    for said in tick.warnings:
        log.error("%s", said)
    for named in summary.named:
        log.warning("%s", named)
    for one in summary.open_escalations[:NAMED]:
        log.warning("Needs a person: %s", one)
    if (more := len(summary.open_escalations) - NAMED) > 0:
        log.warning("Need a person: %d more; see the table escalation.", more)
    problems = problems_of(summary, unfinished)
    for problem in problems:
        log.error("Needs an engineer: %s.", problem)
    if problems:
        raise NeedsAnEngineer("; ".join(problems))
    return summary.counts()


def problems_of(summary: Summary, unfinished: Sequence[str]) -> list[str]:
    """What needs an engineer, each in a few words; empty where the tick went well."""
    broken = [
        named
        for named in summary.named
        if named.status == "failed" and named.error_code not in RECIPIENT_CODES and named.message_kind != "followup"
    ]
    templates = sum(classify(named.error_code).template for named in broken)
    unknown = summary.statuses.get("unknown", 0)
    facts: list[tuple[bool, str]] = [
        *((True, f"sender {sender} is stopped: {said}") for sender, said in summary.stopped_senders.items()),
        *(
            (True, f"{number} messages were skipped because {template} is not approved")
            for template, number in summary.unapproved.items()
        ),
        (bool(unknown), f"{unknown} messages are unknown (a request left and no answer came; they are not sent again)"),
        (bool(summary.left), f"{summary.left} messages are still queued (clear send_messages, or trigger again today)"),
        (bool(templates), f"{templates} messages failed because their template is refused"),
        (len(broken) > templates, f"{len(broken) - templates} messages failed (see error_detail in the message log)"),
        # Last: where a message says why, the task that failed for it adds nothing.
        (bool(unfinished), f"failed tasks: {', '.join(unfinished)}"),
    ]
    return [said for is_so, said in facts if is_so]


def notify_on_failure(context: Any) -> None:
    """Tell operations of a failed run through the notifier of the setting `on_failure`, if there is one."""
    if spec := on_failure_now():
        notify(spec, "on_failure", context)
