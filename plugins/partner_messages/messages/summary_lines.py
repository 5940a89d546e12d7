"""A summary as the lines of a log, each short enough to be read whole on Airflow's page (pure)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from partner_messages.messages.skip_reasons import EXPLANATIONS
from partner_messages.messages.summary import Summary
from partner_messages.reminders.reasons import RULES, Reason

WIDTH = 120
"""Characters of a line that Airflow shows without cutting it."""


def lines_of(summary: Summary, title: str = "Reminder run", *, finds: bool = True) -> list[str]:
    """What operations read: first the line that they search for, then the counts one by one.

    Args:
        summary: What is said.
        title: How the first line begins.
        finds: Whether the run looked for what is stuck, and says what it found.
    """
    lines = [
        *(_found(summary) if finds else ()),
        *_by_reason("skipped", summary.skipped, {reason.value: one.meaning for reason, one in EXPLANATIONS.items()}),
        *([] if summary.skipped else ["skipped: none"]),
        *([f"of those sent, Meta holds back: {_listed(summary.held_back)}"] if summary.held_back else []),
        *([f"follow-ups: {_listed(summary.followups)}"] if summary.followups else []),
        *_by_reason("need a person:", summary.escalated, {reason.value: RULES[reason].act for reason in Reason}),
    ]
    return [_headline(summary, title), *(textwrap.shorten(line, WIDTH, placeholder="…") for line in lines)]


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
    """A reason a line, with its meaning; of a duplicate the other one's status is no part of the reason."""
    for reason, number in sorted(numbers.items()):
        meaning = meanings.get(reason.partition(" of ")[0])
        yield f"{what} {reason} {number}" + (f" ({meaning.rstrip('.')})" if meaning else "")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {number}" for what, number in sorted(counts.items()))


def _said(number: int | None) -> str:
    return "not known" if number is None else str(number)
