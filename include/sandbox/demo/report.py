"""What `make demo` prints at its end, as text made from rows (pure)."""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import phonenumbers

KINDS = ("assignment_pending", "not_started", "idle")
NOBODY = "no_partner"
LONGEST_TEXT = 700
"""Characters of a message's text that are printed; one partner of the sample shop has a very long name."""
WIDTH = 100
PLAN_LINE = re.compile(r"^\S+ \[info +\] (?P<words>.*?) +\[partner_messages\.tasks\.template_report\]", re.MULTILINE)


def plan_of(log: str) -> str:
    """The plan's table in the log of a `whatsapp_templates` run: what its report task said before its last line."""
    said = [match["words"].rstrip() for match in PLAN_LINE.finditer(log)]
    return "\n".join(said[:-1])


@dataclass(frozen=True)
class Decision:
    """How often the tick decided something.

    Attributes:
        reminder_kind: None where nobody was to be reminded.
        status: The messages' status.
        skip_reason: For status skipped.
        messages: How many rows.
    """

    reminder_kind: str | None
    status: str
    skip_reason: str | None
    messages: int


@dataclass(frozen=True)
class Sent:
    """One message that left: its row in the message log and what Meta's outbox holds for it (None: nothing)."""

    reminder_kind: str
    production_run_id: str
    sender: str
    language: str
    to_phone: str
    body_text: str
    status: str
    taken: Mapping[str, object] | None

    @property
    def problem(self) -> str | None:
        """What is wrong between the message log and the outbox, as one clause; None if they agree."""
        if self.taken is None:
            return f"the message log says {self.status}, but the outbox does not hold it"
        if self.taken["text"] != self.body_text:
            return "the outbox holds another text than the message log"
        if self.taken["to"] != self.to_phone:
            return "it went to another number than the message log says"
        return None


def census_line(inspected: int, found: Mapping[str, int], no_partner: int) -> str:
    """How the inspected runs divide; "not overdue" is what is left."""
    stuck = sum(found.values())
    not_overdue = inspected - stuck - no_partner
    return f"{inspected} runs inspected: {stuck} stuck, {no_partner} without a partner, {not_overdue} not overdue."


def decision_table(found: Mapping[str, int], decisions: Iterable[Decision]) -> list[str]:
    """The table of what was found, sent and skipped, one line per reminder kind, and its sum.

    Args:
        found: Number of stuck runs by kind.
        decisions: Rows of the message log, counted.
    """
    done: dict[str, Counter[str]] = {kind: Counter() for kind in (*KINDS, NOBODY)}
    skipped: dict[str, Counter[str]] = {kind: Counter() for kind in (*KINDS, NOBODY)}
    for decision in decisions:
        kind = decision.reminder_kind or NOBODY
        done[kind][decision.status] += decision.messages
        if decision.skip_reason:
            skipped[kind][decision.skip_reason] += decision.messages
    rows = [
        (
            words(kind),
            str(found.get(kind, done[kind]["skipped"] if kind == NOBODY else 0)),
            str(done[kind].total() - done[kind]["skipped"] - done[kind]["failed"] - done[kind]["unknown"]),
            *(str(done[kind][status] or "") for status in ("failed", "unknown", "skipped")),
            ", ".join(f"{words(reason)} {count}" for reason, count in sorted(skipped[kind].items())),
        )
        for kind in (*KINDS, NOBODY)
    ]
    numbers = [[int(row[column] or 0) for row in rows] for column in range(1, 6)]
    total = ("in all", *(str(sum(column) or "") for column in numbers), "")
    return aligned(("", "found", "sent", "failed", "unknown", "skipped", "why"), [*rows, total])


def words(name: str) -> str:
    """A name as people write it: `no_phone` is "no phone"."""
    return name.replace("_", " ")


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with their columns aligned: first and last to the left, numbers between to the right.

    A column that is empty in all rows is left out.
    """
    kept = [column for column in range(len(head)) if column == 0 or any(row[column] for row in rows)]
    widths = {column: max(len(row[column]) for row in [head, *rows]) for column in kept}
    lines = []
    for row in [head, *rows]:
        cells = [
            row[column].ljust(widths[column]) if column in {0, len(head) - 1} else row[column].rjust(widths[column])
            for column in kept
        ]
        lines.append("   ".join(cells).rstrip())
    return lines


def message_block(number: int, sent: Sent) -> list[str]:
    """One message: who got it from whom, and its text as Meta took it."""
    head = f"{number:>3}  {words(sent.reminder_kind)} · {sent.sender} · {sent.language} · to {masked(sent.to_phone)}"
    status = [] if sent.status == "sent" else [sent.status]
    text = str(sent.taken["text"]) if sent.taken else sent.body_text
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}… ({len(text):,} characters)"
    lines = [line for paragraph in text.splitlines() if paragraph for line in textwrap.wrap(paragraph, WIDTH - 5)]
    return ["".join([head, *(f" · {word}" for word in status)]), *(f"     {line}" for line in lines)]


def masked(phone: str) -> str:
    """A phone number as it may be seen: country code and last four digits."""
    return f"+{phonenumbers.parse(phone).country_code}•••••{phone[-4:]}"


def day_and_time(moment: dt.datetime) -> str:
    """A moment as people in its zone say it."""
    return f"{moment:%A %-d %B %Y, %H:%M} {moment.tzname()}"
