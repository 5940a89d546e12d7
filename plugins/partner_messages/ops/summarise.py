"""Says what a tick did, and fails the DAG run for what needs an engineer."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from partner_messages.config.ends import RepairNeeded
from partner_messages.config.settings import SettingsError
from partner_messages.deployment import run_context
from partner_messages.deployment.last_words import leave
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.outbox import missing_of
from partner_messages.message_log.preferences import opt_outs
from partner_messages.message_log.promises import broken_at
from partner_messages.message_log.stops import stops_of
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import RunPass, Tick
from partner_messages.ops import run_notes
from partner_messages.ops.daily_summary import tell_summary
from partner_messages.ops.escalations import standing_escalations
from partner_messages.ops.halt_by_hand import halted_now
from partner_messages.ops.hearing import Untold, note_told, untold
from partner_messages.ops.metrics import emit_metrics
from partner_messages.ops.names import names_if_known
from partner_messages.ops.notifier import NotTold, notify, on_failure_now
from partner_messages.ops.promises_due import broken_in_words
from partner_messages.ops.summary import NAMED, Summary, Whom, note_unknown_told, summarise_tick, undecided_runs
from partner_messages.ops.summary_lines import lines_of
from whatsapp_provider.api.errors import RECIPIENT_CODES, classify

log = logging.getLogger(__name__)

_FEW = 10
"""Up to as many are named one by one in a sentence."""
PAUSED = "paused"
"""What Meta says of a message that it took, and whose template it has paused."""


class NeedsAnEngineer(RepairNeeded):
    """Something went wrong that does not concern one recipient alone; the message says what, a line for each thing."""


@dataclass(frozen=True)
class TaskResults:
    """What a DAG run's tasks have returned; it is compared with the message log.

    Attributes:
        found: How many runs were found stuck, by kind; None where this DAG finds nothing, or not every kind has said.
        dealt: The messages that planning dealt out.
        kinds: Those that were to be reminded of.
    """

    found: Mapping[str, int] | None = None
    dealt: Collection[str] = ()
    kinds: Sequence[ReminderKind] = ()


def summarise(
    tick: Tick,
    run: RunPass,
    unfinished: Sequence[str],
    title: str,
    *,
    told: TaskResults,
    finds: bool = False,
    of_all: bool = False,
    went_on: str | None = None,
    context: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Log the DAG run's summary and return its counts.

    Args:
        tick: The run's tick.
        run: The pass of the DAG run.
        unfinished: The tasks of the run that failed, each with why.
        title: How its first line begins, such as `Reminder run`.
        told: What the tasks have returned.
        finds: Whether the run looked for what is stuck.
        of_all: Whether it answers for what no other run has told of, too.
        went_on: Who has let sending go on by this very run, and why.
        context: The task's, for the notifier of the setting `on_summary`; None where nobody is to be told.

    Raises:
        NotTold: Nothing else is amiss, but that notifier failed.
        NeedsAnEngineer: After everything has been said: a stopped sender, unknown outcomes that nobody was told of yet,
            messages still queued, a template that is refused, another failure that is not the recipient's own, a
            message log that does not have what the tasks say, or a failed task.
    """
    with open_message_log() as connection:
        to_tell = untold(connection, at_once=_only_notes_tell())[:NAMED] if of_all else []
        said = [*(one.said for one in to_tell), *_broken_promises(connection, tick, finds=finds)]
        tick = replace(tick, warnings=(*tick.warnings, *(one for one in said if one not in tick.warnings)))
        summary = summarise_tick(
            connection,
            tick,
            stops_of(connection, run),
            run_context.wall_clock(),
            clear_number=run.clear_number,
            of_all=of_all,
        )
        if finds:
            summary = replace(
                summary, escalations=standing_escalations(connection, tick), opted_out=opt_outs(connection)
            )
        if not of_all:  # Upkeep has told them at its beginning.
            emit_metrics(connection, run_context.wall_clock())
        halted = _halted(connection)
        amiss = _amiss(connection, summary, told, finds=finds) if not unfinished else []
    _say(summary, title, finds=finds)
    # Where a task has failed because of the halt, its sentence says so. Messages are left because of it; a halt that
    # leaves none needs no engineer.
    is_told = halted is None or tick.delivery == "dry_run" or any(halted in said for said in unfinished)
    if halted and not is_told and not summary.left:
        log.error("%s", halted)
    problems = [
        *([halted] if halted and not is_told and summary.left else []),
        *problems_of(summary, unfinished),
        *amiss,
    ]
    note = run_notes.text_of(
        summary.counts(), problems, halted=halted, went_on=went_on, auto=_auto_now(), sends_what_waits=of_all
    )
    leave(run_notes.KEY, note)
    # Airflow's page of a long log opens at its end, so the note comes last.
    for line in run_notes.headlines(note):
        log.info("In short: %s", line)
    if summary.untold or to_tell:
        with open_message_log() as connection:
            note_unknown_told(connection, run, summary.untold.keys())
            # Only now: what a run that was killed has not said, the next one says.
            _note_told(connection, to_tell, note)
    if finds and context is not None:
        try:
            tell_summary(context, run, summary, halted=halted, problems=problems)
        except (NotTold, SettingsError) as error:
            if not problems:
                raise
            problems.append(str(error))  # No other try comes.
    if problems:
        raise NeedsAnEngineer("\n".join(problems))
    return summary.counts()


def _broken_promises(connection: LogConnection, tick: Tick, *, finds: bool) -> list[str]:
    """The promises that this very tick has found broken, each in a sentence: `on_escalation` may name nobody."""
    if not finds or tick.delivery != "live":
        return []
    return [broken_in_words(one) for one in broken_at(connection, tick.now)[:_FEW]]


def _note_told(connection: LogConnection, to_tell: Sequence[Untold], note: str) -> None:
    """What has found room in the run's note is told; the rest is for the next run."""
    told = [one for one in to_tell if one.said in note[: run_notes.LONGEST]]
    note_told(connection, told, run_context.wall_clock())


def _say(summary: Summary, title: str, *, finds: bool) -> None:
    """Log what became of everything: counts, whom it reached and whom not, what needs an engineer or a person."""
    whom = (one for several in summary.whom.values() for one in several)
    out = (Whom(None, one["partner_id"]) for one in summary.opted_out[:NAMED])
    names = names_if_known([*summary.named, *summary.open_escalations[:NAMED], *whom, *out])
    for line in lines_of(summary, title, finds=finds, names=names):
        log.info("%s", line)
    for said in summary.tick.warnings:
        log.error("%s", said)
    for named in summary.named:
        log.warning("%s", named.said(names))
    for one in summary.open_escalations[:NAMED]:
        log.warning("Needs a person: %s", one.said(names, in_short=True))
    if (more := len(summary.open_escalations) - NAMED) > 0:
        log.warning("Need a person: %d more; see the table escalation.", more)


def _only_notes_tell() -> bool:
    """Whether nobody is told at once of what cannot wait (setting `on_escalation`), so that the run's note is to."""
    try:
        return load_settings().on_escalation is None
    except (
        SettingsError
    ):  # Then nobody was told: whatever cannot wait waits for the next run, and stands in this note too.
        return False


def _auto_now() -> str | None:
    """What `auto` stands for by now."""
    try:
        return load_settings().delivery
    except SettingsError:  # Whatever has met it has said so.
        return None


def _halted(connection: LogConnection) -> str | None:
    """Why nothing may leave by now, where sending is halted."""
    try:
        return halted_now(connection, load_settings())
    except SettingsError:  # Whatever has met it has said so.
        return None


def _amiss(connection: LogConnection, summary: Summary, told: TaskResults, *, finds: bool) -> list[str]:
    """Where the message log does not have what the run's tasks say that they have done, each in a few words."""
    missing = len(missing_of(connection, told.dealt))
    undecided = undecided_runs(connection, summary.tick, told.kinds) if finds and summary.planned else []
    found = {kind: number for kind, number in (told.found or {}).items() if number != summary.found.get(kind, 0)}
    problems_if = [
        (
            finds and not summary.planned,
            "the message log does not say that planning came to its end, and its task does",
        ),
        (
            bool(missing),
            f"{missing} of {len(told.dealt)} messages that were dealt out are not in the message log (another database,"
            " or one that lost them; see to it, then trigger the DAG again)",
        ),
        *(
            (True, f"{number} runs were found stuck in {kind}, and the message log has {summary.found.get(kind, 0)}")
            for kind, number in found.items()
        ),
        (
            bool(undecided),
            f"about {len(undecided)} of {sum(summary.found.values())} stuck runs nothing was decided (trigger the DAG"
            f" again): {', '.join(undecided[:_FEW])}",
        ),
    ]
    return [said for is_so, said in problems_if if is_so]


def problems_of(summary: Summary, unfinished: Sequence[str]) -> list[str]:
    """What needs an engineer, each in a few words; empty where the tick went well."""
    broken = {code: number for code, number in summary.broken.items() if code not in RECIPIENT_CODES}
    failed = sum(broken.values())
    templates = sum(number for code, number in broken.items() if classify(code).template)
    paused = summary.kept_by_meta.get(PAUSED, 0)
    problems_if: list[tuple[bool, str]] = [
        *((True, f"sender {sender} is stopped: {said}") for sender, said in summary.stopped_senders.items()),
        *(
            (True, f"{number} messages were skipped because {template} is not approved")
            for template, number in summary.unapproved.items()
        ),
        (bool(summary.untold), _unknown(summary)),
        (
            bool(paused),
            f"{paused} messages were taken and are paused, with their template (see WhatsApp Manager)",
        ),
        (bool(summary.left), f"{summary.left} messages are still queued (clear send_messages, or trigger again today)"),
        (bool(templates), f"{templates} messages failed because their template is refused"),
        (failed > templates, f"{failed - templates} messages failed (see error_detail in the message log)"),
        # Last, because a failed task often only repeats what a message above has said.
        *((True, said) for said in unfinished),
    ]
    return [said for is_so, said in problems_if if is_so]


def _unknown(summary: Summary) -> str:
    others = sorted(set(summary.untold.values()) - {summary.tick.dag_run_id})
    of_others = f", some of them of {', '.join(others[:_FEW])}" if others else ""
    return (
        f"{len(summary.untold)} messages are unknown (a request left and no answer came; they are not sent again unless"
        " somebody says that they did not arrive: trigger message_log_upkeep with message_id, outcome, settled_by and"
        f" settled_why){of_others}"
    )


def notify_on_failure(context: Any) -> None:
    """Tell operations of a failed run through the notifier of the setting `on_failure`, if there is one."""
    if spec := on_failure_now():
        notify(spec, "on_failure", context)
