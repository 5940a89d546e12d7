"""Tells operations once what became of a tick: sent, not sent and why, and what is theirs to do (setting `on_summary`).

It is the last thing that a DAG run does: after it no task is tried again, but for one whose process was killed. That
one's message has the same key.
"""

from __future__ import annotations

import collections
import hashlib
import json
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from partner_messages.config.schedule import day_of
from partner_messages.config.settings import Settings, SettingsError
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.page_addresses import whole_address
from partner_messages.message_log.database import LogConnection, MessageLogError, open_message_log, rows
from partner_messages.message_log.history import ends_of_day
from partner_messages.message_log.ticks import note_summary_told, told_figures
from partner_messages.messages.skip_reasons import EXPLANATIONS
from partner_messages.messages.tick import Halt, RunPass, Tick
from partner_messages.ops.notifier import NotTold, notify
from partner_messages.ops.reasons import RULES, Reason
from partner_messages.ops.run_notes import DELIVERIES, HALTED
from partner_messages.ops.summary import Summary
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

AGAIN = "CHANGED since it was told: "
"""How what is told of a DAG run once more begins."""


def tell_summary(
    context: Mapping[str, Any], run: RunPass, summary: Summary, *, halted: str | None, problems: Sequence[str]
) -> None:
    """Tell of a tick that came to its summary.

    Args:
        context: The task's, for the notifier.
        run: The pass of the DAG run.
        summary: What became of it.
        halted: That sending is halted by now, by whom, and what lets it go on.
        problems: What needs an engineer, each in a sentence.

    Raises:
        NotTold: The notifier failed; another try tells the same under the same key.
        SettingsError: The notifier cannot be made.
    """
    settings = _settings_for(summary.tick.delivery)
    if settings is None:
        return
    with open_message_log() as connection:
        work = open_work(connection)
        ends = ends_of_day(connection, summary.tick.dag_id, summary.tick.delivery, summary.tick.day)
        before = told_figures(connection, summary.tick)
    figures = _mark_of([*ends, halted or "", *problems])
    if before == figures:
        log.info("Operations were told of this run already, and nothing of its day has changed since.")
        return
    text = "\n".join(lines_of(summary, work, halted=halted, problems=problems))
    title = title_of(summary, sum(work.values()), halted=halted, problems=problems)
    if before:
        title, text = f"{AGAIN}{title}", f"{AGAIN}{text}"
    _tell(settings, context, run, title, text, day=summary.tick.day.isoformat())
    try:
        with open_message_log() as connection:
            note_summary_told(connection, summary.tick, figures)
    except MessageLogError as error:  # Told once too often is better than not at all.
        log.warning("It is not noted that operations were told: %s", error)


def _mark_of(said: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()[:32]


def tell_of_nothing(context: Mapping[str, Any], run: RunPass, *, failed: Sequence[str], why: Sequence[str]) -> None:
    """Tell of a tick whose first task let nothing pass.

    Args:
        context: The task's, for the notifier; its params say which delivery was asked for.
        run: The pass of the DAG run.
        failed: The tasks that failed, each with why.
        why: What the first task has said of its end.

    Raises:
        NotTold: Nothing has failed but the notifier.
        SettingsError: The notifier cannot be made, likewise.
    """
    settings = _settings_for(context["params"].get("delivery"))
    if settings is None:
        return
    title = f"{'FAILED: ' if failed else ''}{day_of(run.now):%a %-d %b}: nothing was sent"
    text = "\n".join([f"{title}.", *map(mask, failed or why), "", *_links()])
    try:
        _tell(settings, context, run, title, text)
    except (NotTold, SettingsError) as error:
        if not failed:
            raise
        log.warning("%s", error)  # No other try comes: the run fails for what has failed.


def tell_of_waiting(
    context: Mapping[str, Any], run: RunPass, tick: Tick, messages: int, *, settings: Settings, hold: Halt | None
) -> None:
    """Tell that a tick waits for somebody to approve it, until when, and what happens then.

    Args:
        context: The task's, for the notifier.
        run: The pass of the DAG run.
        tick: The tick.
        messages: How many wait.
        settings: The settings, by which it is decided.
        hold: Who holds the tick, if anybody does.

    Raises:
        NotTold: The notifier failed; another try tells the same under the same key.
        SettingsError: The notifier cannot be made.
    """
    until = f"{settings.approve_until:%H:%M} IST"
    title = f"{tick.day:%a %-d %b}: {messages} messages wait for approval until {until}"
    then = "they are sent all the same" if settings.approve_else == "send" else "none of them is sent"
    text = [
        f"{title}.",
        *([f"The tick is held {hold}. While it is, nothing is sent, approved or not."] if hold else []),
        f"If nobody has approved them by then, {then} (setting approve_else).",
        *([f"Look at them and approve them: {page}"] if (page := whole_address("/before")) else []),
    ]
    _tell(settings, context, run, title, "\n".join(text), about=" waits", page="/before")


def _settings_for(delivery: str | None) -> Settings | None:
    """The settings, where they name somebody who is told of ticks that are delivered so."""
    try:
        settings = load_settings()
    except SettingsError:  # Whatever has met it has said so, and on_failure tells of it.
        return None
    if settings.on_summary is None:
        return None
    if delivery in (None, "auto"):
        delivery = settings.delivery
    return settings if delivery == "live" or settings.on_summary_of_rehearsals else None


def open_work(connection: LogConnection) -> Mapping[tuple[str, str | None], int]:
    """How many open items need a person, by reason and by who has taken them on."""
    return {(row["reason"], row["assigned_to"]): row["items"] for row in rows(connection, "open_work")}


def title_of(summary: Summary, work: int, *, halted: str | None, problems: Sequence[str]) -> str:
    """One line: the worst first, then the counts."""
    state = "HALTED: " if halted else "FAILED: " if problems else ""
    took = "rehearsed" if summary.tick.delivery == "dry_run" else "sent"
    counts = {
        took: summary.dispatched,
        "failed": summary.counts()["failed"],
        "not known": summary.counts()["unknown"],
        "waiting": summary.left + summary.statuses.get("held", 0),
        "not sent": sum(summary.skipped.values()),
        "to be done by a person": work,
    }
    said = ", ".join(f"{number} {what}" for what, number in counts.items() if number or what == took)
    return f"{state}{summary.tick.day:%a %-d %b}: {said}"


def lines_of(
    summary: Summary, work: Mapping[tuple[str, str | None], int], *, halted: str | None, problems: Sequence[str]
) -> Iterator[str]:
    """The message, line by line."""
    tick = summary.tick
    yield f"{title_of(summary, sum(work.values()), halted=halted, problems=problems)} ({DELIVERIES[tick.delivery]})."
    if halted:
        yield f"SENDING IS HALTED{halted.removeprefix(HALTED)}"
    yield from (f"Needs an engineer: {said}" for said in problems if said != halted)
    yield from (f"To be looked at: {said}" for said in tick.warnings)
    if summary.skipped:
        yield ""
        yield "Not sent:"
    for reason, number in sorted(summary.skipped.items(), key=lambda one: -one[1]):
        known = {one.value: row for one, row in EXPLANATIONS.items()}.get(reason.partition(" of ")[0])
        acts = f" Who acts: {known.acts}." if known else ""
        yield f"- {number} {reason.replace('_', ' ')}" + (f": {known.meaning}{acts}" if known else "")
    yield ""
    yield "Needs a person:" if work else "Nothing needs a person."
    by_reason: dict[str, collections.Counter[str]] = {}
    for (reason, who), items in work.items():
        by_reason.setdefault(reason, collections.Counter())[who or "nobody yet"] += items
    for reason, whose in by_reason.items():
        whom = ", ".join(f"{who} {items}" for who, items in whose.items())
        yield f"- {whose.total()} {reason.replace('_', ' ')}: {RULES[Reason(reason)].act} Who has it: {mask(whom)}."
    yield ""
    yield from _links(day=tick.day.isoformat(), delivery=tick.delivery, dag=tick.dag_id, dag_run=tick.dag_run_id)


def _links(**of: str) -> Iterator[str]:
    pages = (
        ("The day", "/", ("day", "delivery")),
        ("Every message, and who got none and why", "/messages", ("dag", "dag_run")),
        ("What needs a person", "/people", ()),
    )
    for what, page, filters in pages:
        if address := whole_address(page, **{name: of[name] for name in filters if name in of}):
            yield f"{what}: {address}"


def _tell(
    settings: Settings,
    context: Mapping[str, Any],
    run: RunPass,
    title: str,
    text: str,
    *,
    day: str | None = None,
    about: str = "",
    page: str = "/",
) -> None:
    if settings.on_summary is None:
        return
    mentions = {
        "summary_title": title,
        "summary_text": text,
        "summary_key": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{run.dag_id} {run.dag_run_id} {run.clear_number}{about}")),
        "summary_address": whole_address(page, day=day),
    }
    notify(settings.on_summary, "on_summary", context, mentions)
    log.info("Operations were told: %s", title)
