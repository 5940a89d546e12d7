"""What `make demo` prints at its end, as text made from rows (pure)."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import phonenumbers

SUBJECTS = {
    "assignment_pending": "assignment pending",
    "not_started": "not started",
    "idle": "idle",
    "digest": "digest",
    "no_partner": "no partner",
    "sent_to_partner": "assigned",
    "cancelled": "cancelled",
    "completed": "completed",
    "followup": "follow-up",
}
"""What a message may be about, in words and in the order in which it is shown."""
LONGEST_TEXT = 700
"""Characters of a message's text that are printed; one partner of the sample shop has a very long name."""
WIDTH = 100
"""Characters of a line."""
_NO_ANSWERS = "<style>form { display: none }</style></head>"
TOKEN = re.compile(r"(?<=\bwa_token=)[^\s&\"'<>]+")
PLAN_LINE = re.compile(r"^\S+ \[info +\] (?P<words>.*?) +\[partner_messages\.tasks\.template_report\]", re.MULTILINE)


class Part(NamedTuple):
    """A head line and what stands below it; some parts are only in the file."""

    head: str
    lines: Sequence[str]
    on_screen: bool = True


def one_screen(parts: Iterable[Part]) -> list[str]:
    """The beginning of each part that is for the screen, up to its first empty line; what is too long goes on below."""
    said: list[str] = []
    for part in parts:
        if part.on_screen:
            said += ["", part.head, *itertools.takewhile(bool, part.lines)]
    return [fitting for line in said for fitting in _wrapped(line, " " * (len(line) - len(line.lstrip()) + 2))]


def kept_page(html: str) -> str:
    """The phones page as a file: nobody hears an answer there any more, and its links sign nobody in."""
    return TOKEN.sub("…", html).replace("</head>", _NO_ANSWERS)


def plan_of(log: str) -> str:
    """The plan's table in the log of a `whatsapp_templates` run, which its report task prints again as it stands then.

    Without the lines of what an account is not to have, which its head counts.
    """
    lines: list[str] = []
    for match in PLAN_LINE.finditer(log):
        line = match["words"].rstrip()
        if line.startswith("Template run ") or (lines and _account_of(line) == _account_of(lines[0])):
            break
        lines.append(line)
    return "\n".join(line for line in lines if not line.endswith("  not_for_this_account")).rstrip()


def _account_of(line: str) -> str | None:
    """Whose part of the table begins with this line, if one does."""
    return line.partition(":")[0] if line[:1].strip() else None


@dataclass(frozen=True)
class Decision:
    """How often something was decided.

    Attributes:
        subject: What it is about, one of `SUBJECTS`.
        status: The messages' status.
        skip_reason: For status skipped.
        messages: How many rows.
    """

    subject: str
    status: str
    skip_reason: str | None
    messages: int


@dataclass(frozen=True)
class Sent:
    """One message that left: its row in the message log and what Meta's outbox holds for it (None: nothing)."""

    subject: str
    production_run_id: str
    sender: str
    language: str
    to_phone: str
    body_text: str
    status: str
    taken: Mapping[str, Any] | None

    @property
    def links(self) -> Sequence[Mapping[str, str]]:
        """The buttons below the text that open a page, each with text and url."""
        return [button for button in self.taken["buttons"] if button.get("url")] if self.taken else []

    @property
    def problem(self) -> str | None:
        """What is wrong between the message log and the outbox, as one clause; None if they agree."""
        if self.taken is None:
            return f"the message log says {self.status}, but the outbox does not hold it"
        if self.taken["status"] == "failed" != self.status:
            return f"the message log says {self.status}, but it failed on the way: {self.taken['error']['title']}"
        text = str(self.taken["text"])
        if self.subject == "followup":
            text = text.rpartition("\n")[0]  # the link below it is made at the moment of sending, and stands in no row
        if text != self.body_text:
            return "the outbox holds another text than the message log"
        if self.taken["to"] != self.to_phone:
            return "it went to another number than the message log says"
        return None


@dataclass(frozen=True)
class Told:
    """One message to a partner about stuck runs.

    Attributes:
        delivery: `live`, or `dry_run` under the other policy.
        message_kind: `reminder` or `digest`.
        body_text: Its text.
    """

    delivery: str
    message_kind: str
    body_text: str


@dataclass(frozen=True)
class Logged:
    """One run that was started long ago, and whose partner logs what it takes.

    Attributes:
        production_run_id: The run.
        name: Its partner's.
        started_at: When it was started.
        logged_at: When its partner last logged something.
    """

    production_run_id: str
    name: str
    started_at: dt.datetime
    logged_at: dt.datetime


def not_called_idle(logged: Iterable[Logged], idle: Collection[str], tick: dt.datetime) -> list[str]:
    """A line for each run that its partner's log keeps from being called idle.

    Args:
        logged: The runs that would be idle by their start alone.
        idle: The ids of those that the tick found idle.
        tick: Its moment.
    """
    return [
        f"Not called idle: {one.production_run_id} of {one.name}, started {_hours(tick - one.started_at)} ago; what it"
        f" takes was last logged {_hours(tick - one.logged_at)} ago (consumption_log)."
        for one in logged
        if one.production_run_id not in idle
    ]


def _hours(time: dt.timedelta) -> str:
    return f"{time / dt.timedelta(hours=1):.0f} h"


def both_policies(told: Iterable[Told]) -> list[str]:
    """What one partner gets under the seed's policy, a message a run, and with the setting `digest`."""
    apart = [one for one in told if one.delivery == "live"]
    together = [one for one in told if one.delivery == "dry_run"]
    head = f"A partner with {len(apart)} stuck runs got {len(apart)} messages; with setting digest on: {len(together)}"
    return [head, *(line for one in together for line in ("", *indented(one.body_text)))]


def census_line(inspected: int, found: Mapping[str, int], no_partner: int) -> str:
    """How the inspected runs divide; "not overdue" is what is left."""
    stuck = sum(found.values())
    not_overdue = inspected - stuck - no_partner
    return f"{inspected} runs inspected: {stuck} stuck, {no_partner} without a partner, {not_overdue} not overdue."


def in_order(messages: Iterable[Sent]) -> list[Sent]:
    """The messages as they are shown: by what they are about, then as they came."""
    places = list(SUBJECTS)
    return sorted(messages, key=lambda message: places.index(message.subject))


def decision_table(found: Mapping[str, int], decisions: Iterable[Decision]) -> list[str]:
    """The table of what was found, sent and skipped, one line per subject, and its sum.

    Args:
        found: Number of stuck runs by kind.
        decisions: Rows of the message log, counted.
    """
    done: dict[str, Counter[str]] = {subject: Counter() for subject in SUBJECTS}
    skipped: dict[str, Counter[str]] = {subject: Counter() for subject in SUBJECTS}
    for decision in decisions:
        done[decision.subject][decision.status] += decision.messages
        if decision.skip_reason:
            skipped[decision.subject][decision.skip_reason] += decision.messages
    rows = [
        (
            said,
            str(found.get(subject, done[subject].total())),
            str(done[subject].total() - done[subject]["skipped"] - done[subject]["failed"] - done[subject]["unknown"]),
            *(str(done[subject][status] or "") for status in ("failed", "unknown", "skipped")),
            ", ".join(f"{words(reason)} {count}" for reason, count in sorted(skipped[subject].items())),
        )
        for subject, said in SUBJECTS.items()
    ]
    numbers = [[int(row[column] or 0) for row in rows] for column in range(1, 6)]
    total = ("in all", *(str(sum(column) or "") for column in numbers), "")
    return aligned(("", "found", "sent", "failed", "unknown", "skipped", "why"), [*rows, total])


def ticks(status: str) -> str:
    """How far a message has come, with the ticks that its sender would see."""
    return {"sent": "✓", "delivered": "✓✓", "read": "✓✓ read"}.get(status, status)


def words(name: str) -> str:
    """A name as people write it: `no_phone` is "no phone"."""
    return name.replace("_", " ")


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with their columns aligned: first and last to the left, numbers between to the right.

    A column that is empty in all rows is left out. What is too long in the last one goes on below it.
    """
    kept = [column for column in range(len(head)) if column == 0 or any(row[column] for row in rows)]
    widths = {column: max(len(row[column]) for row in [head, *rows]) for column in kept}
    lines = []
    for row in [head, *rows]:
        cells = [
            row[column].ljust(widths[column]) if column in {0, len(head) - 1} else row[column].rjust(widths[column])
            for column in kept
        ]
        last = len("   ".join(cells[:-1])) + 3
        lines += _wrapped("   ".join(cells).rstrip(), " " * last)
    return lines


def _wrapped(line: str, below: str) -> list[str]:
    """A line as one or more that fit; what goes on begins with the text `below`."""
    return textwrap.wrap(line, WIDTH, subsequent_indent=below, break_on_hyphens=False) if line else [line]


def message_block(number: int, sent: Sent) -> list[str]:
    """One message: who got it from whom, and its text and links as Meta took them, without the links' tokens."""
    head = f"{number:>3}  {SUBJECTS[sent.subject]} · {sent.sender} · {sent.language} · to {masked(sent.to_phone)}"
    status = [ticks(sent.status)]
    text = TOKEN.sub("…", str(sent.taken["text"]) if sent.taken else sent.body_text)
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}… ({len(text):,} characters)"
    text += "".join(f"\n[{button['text']}] {TOKEN.sub('…', button['url'])}" for button in sent.links)
    return ["".join([head, *(f" · {word}" for word in status)]), *indented(text)]


def indented(text: str) -> list[str]:
    """A message's text as it is printed, without its empty lines."""
    wrap = functools.partial(textwrap.wrap, width=WIDTH - 5, break_on_hyphens=False)
    return [f"     {line}" for paragraph in text.splitlines() if paragraph for line in wrap(paragraph)]


def masked(phone: str) -> str:
    """A phone number as it may be seen: country code and last four digits."""
    return f"+{phonenumbers.parse(phone).country_code}•••••{phone[-4:]}"


def day_and_time(moment: dt.datetime) -> str:
    """A moment as people in its zone say it."""
    return f"{moment:%A %-d %B %Y, %H:%M} {moment.tzname()}"
