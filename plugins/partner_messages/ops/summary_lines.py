"""The lines of a log that make a summary, each short enough for Airflow's page (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple

from partner_messages.config.plain_text import INDENT, wrapped
from partner_messages.config.schedule import day_of
from partner_messages.message_log.silences import in_words
from partner_messages.messages.skip_reasons import EXPLANATIONS
from partner_messages.ops.reasons import RULES, Reason
from partner_messages.ops.summary import NAMED, Summary, Whom
from partner_messages.shop.names import Names, ids_of
from whatsapp_provider.masking import mask


def lines_of(
    summary: Summary, title: str = "Reminder run", *, finds: bool = True, names: Names | None = None
) -> list[str]:
    """What operations read: first the line that they search for, then the counts one by one.

    Args:
        summary: What is said.
        title: How the first line begins.
        finds: Whether the run looked for what is stuck, and says what it found.
        names: What people call the runs of those who were written to, and of those who were not, if they are to be
            named.
    """
    lines = [
        _headline(summary, title),
        *(_found(summary) if finds else ()),
        *_reached(summary, names),
        *_skipped(summary, names),
        *([f"of those sent, Meta holds back: {_listed(summary.kept_by_meta)}"] if summary.kept_by_meta else []),
        *([f"follow-ups: {_listed(summary.followups)}"] if summary.followups else []),
        *_opted_out(summary, names),
        *(in_words(sender, since) for sender, since in sorted(summary.silent.items())),
        *_by_reason("need a person:", summary.escalated, {reason.value: RULES[reason].act for reason in Reason}),
    ]
    return [part for line in lines for part in ([line] if line.startswith(INDENT) else wrapped(line))]


def _headline(summary: Summary, title: str) -> str:
    counts = summary.counts()
    rehearsed = summary.tick.delivery == "dry_run"
    took = f"rehearsed {summary.dispatched}, nothing sent" if rehearsed else f"sent {summary.dispatched}"
    ends = "".join(f", {end} {counts[end]}" for end in ("failed", "unknown", "queued", "held") if counts[end])
    called = f"; need a person: {len(summary.open_escalations)}" if summary.open_escalations else ""
    warned = f"; warnings: {len(summary.tick.warnings)}" if summary.tick.warnings else ""
    delivery = summary.tick.delivery.replace("_", " ")
    return f"{title} — {counts['day']} {delivery}: {took}{ends}{called}{warned}"


def _found(summary: Summary) -> Iterator[str]:
    counts = summary.counts()
    yield (
        f"inspected {_said(counts['inspected'])}"
        f" = found {counts['found']} + no partner {_said(counts['no_partner'])}"
        f" + not overdue {_said(counts['not_overdue'])}"
    )
    yield f"found: {', '.join(f'{kind} {number}' for kind, number in counts['kinds'].items())}"


def _by_reason(what: str, numbers: Mapping[str, int], meanings: Mapping[str, str]) -> Iterator[str]:
    """One line for each reason, with its meaning; for a duplicate, without the status of the other message."""
    for reason, number in sorted(numbers.items()):
        meaning = meanings.get(reason.partition(" of ")[0])
        yield f"{what} {reason} {number}" + (f" ({meaning.rstrip('.')})" if meaning else "")


def _reached(summary: Summary, names: Names | None) -> Iterator[str]:
    would_be = "would be " if summary.tick.delivery == "dry_run" else ""
    for what, number, whom in (
        (f"{would_be}sent to", summary.dispatched, summary.reached),
        ("held until it is day for", summary.statuses.get("held", 0), summary.whom.get("held", ())),
    ):
        if number and names:
            yield f"{what}:"
            yield from _named(whom, number, names)


def _skipped(summary: Summary, names: Names | None) -> Iterator[str]:
    """Each reason, and below it whose messages were skipped for it."""
    meanings = {reason.value: one.meaning for reason, one in EXPLANATIONS.items()}
    for reason, number in sorted(summary.skipped.items()):
        yield from _by_reason("skipped", {reason: number}, meanings)
        if names:
            yield from _named(summary.whom.get(reason, ()), number, names)
    if not summary.skipped:
        yield "skipped: none"


def _opted_out(summary: Summary, names: Names | None) -> Iterator[str]:
    """Who is not written to by their own word or one that was entered for them, since when, and by which."""
    if not summary.opted_out:
        return
    yield f"opted out, or may have: {len(summary.opted_out)}"
    if names is None:
        return
    for one in summary.opted_out[:NAMED]:
        who = names.of(None, one["partner_id"], unknown=one["partner_id"]) if one["partner_id"] else mask(one["phone"])
        yield f"{INDENT}{who}: {one['value']} since {day_of(one['at'])} ({one['source']})"


def _named(whom: Sequence[Whom], number: int, names: Names) -> list[str]:
    """Names with semicolons between them, indented, on as many lines as they need."""
    known = [names.of(one.production_run_id, one.partner_id, unknown=ids_of(*astuple(one))) for one in whom]
    more = [f"and {number - len(known)} more"] if number > len(known) else []
    return wrapped("; ".join([*known, *more]), INDENT)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {number}" for what, number in sorted(counts.items()))


def _said(number: int | None) -> str:
    return "not known" if number is None else str(number)
