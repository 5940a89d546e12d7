"""What became of a tick's messages, counted and said in one line."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from partner_messages.messages.database import LogConnection, of_tick, rows
from partner_messages.reminders.escalation import Escalation
from partner_messages.runs.kinds import ReminderKind
from partner_messages.tick import Tick

NAMED = 100
"""Up to as many escalations are named one by one, in a log, a return value or a message to operations."""


@dataclass(frozen=True)
class Named:
    """A message that somebody may ask about, by its run and partner (never by its phone)."""

    message_kind: str
    production_run_id: str | None
    partner_id: str | None
    status: str
    skip_reason: str | None
    error_code: int | None
    error_detail: str | None

    def __str__(self) -> str:
        why = self.skip_reason or self.error_detail or ""
        what = f"{self.message_kind} {self.production_run_id or self.partner_id} of partner {self.partner_id}"
        return f"{what}: {self.status} {why}".rstrip()


@dataclass(frozen=True)
class Summary:
    """One tick's counts; they add up: inspected = found + no partner + not overdue.

    Attributes:
        tick: Whose.
        inspected: Active runs at the tick's now; None where planning did not get that far.
        no_partner: Those of them with nobody to remind.
        found: Stuck runs by kind.
        statuses: Messages by status, without follow-ups; those that wait for their time are `held`.
        skipped: Skips by reason, without follow-ups.
        followups: Follow-ups by status, the skipped ones by reason.
        stopped_senders: Senders that Meta refuses as a whole.
        unapproved: Templates that are not approved where they were needed, each with how many messages it cost.
        named: Failed, unknown, still queued, or over the limit.
        escalations: Of the tick's delivery, those that are not over.
    """

    tick: Tick
    inspected: int | None
    no_partner: int | None
    found: Mapping[str, int]
    statuses: Mapping[str, int]
    skipped: Mapping[str, int]
    followups: Mapping[str, int] = field(default_factory=dict)
    stopped_senders: Mapping[str, str] = field(default_factory=dict)
    unapproved: Mapping[str, int] = field(default_factory=dict)
    named: Collection[Named] = ()
    escalations: Sequence[Escalation] = ()

    @property
    def open_escalations(self) -> list[Escalation]:
        """The runs that need a person, those first that have been stuck for longest."""
        return [one for one in self.escalations if one.is_open]

    @property
    def escalated(self) -> Mapping[str, int]:
        """How many runs need a person, by reason; those that a person has closed and that have not moved are apart."""
        of_open = collections.Counter(one.reason.value for one in self.open_escalations)
        by_hand = sum(one.is_closed_by_hand for one in self.escalations)
        return {**of_open, **({"closed by hand": by_hand} if by_hand else {})}

    @property
    def dispatched(self) -> int:
        """Messages that Meta took (live, redirect) or that were rehearsed (dry run)."""
        return sum(self.statuses.get(status, 0) for status in ("sent", "delivered", "read", "rehearsed"))

    @property
    def left(self) -> int:
        """Messages that are still queued or claimed."""
        return self.statuses.get("queued", 0) + self.statuses.get("sending", 0)

    def counts(self) -> dict[str, Any]:
        """The numbers, as the task's return value."""
        found = {kind.value: self.found.get(kind, 0) for kind in ReminderKind}
        total = sum(found.values())
        not_overdue = None if self.inspected is None else self.inspected - total - (self.no_partner or 0)
        return {
            "day": self.tick.day.isoformat(),
            "delivery": self.tick.delivery,
            "inspected": self.inspected,
            "found": total,
            "no_partner": self.no_partner,
            "not_overdue": not_overdue,
            "kinds": found,
            "dispatched": self.dispatched,
            "failed": self.statuses.get("failed", 0),
            "unknown": self.statuses.get("unknown", 0),
            "queued": self.left,
            "held": self.statuses.get("held", 0),
            "skipped": dict(self.skipped),
            "followups": dict(self.followups),
            "escalated": dict(self.escalated),
            "escalations": [one.as_json() for one in self.open_escalations[:NAMED]],
            "warnings": list(self.tick.warnings),
        }

    def line(self, title: str = "Reminder run", *, finds: bool = True) -> str:
        """The one log line that operations search for.

        Args:
            title: How it begins.
            finds: Whether the run looked for what is stuck, and says what it found.
        """
        counts = self.counts()
        found = f"{self._found()}; " if finds else ""
        escalated = f"; need a person: {_listed(self.escalated)}" if self.escalated else ""
        warned = f"; warnings: {len(self.tick.warnings)}" if self.tick.warnings else ""
        return f"{title} — {counts['day']} {counts['delivery']}: {found}{self._outcome()}{escalated}{warned}"

    def _found(self) -> str:
        counts = self.counts()
        kinds = ", ".join(f"{kind} {number}" for kind, number in counts["kinds"].items())
        return (
            f"inspected {_said(counts['inspected'])}"
            f" = found {counts['found']} + no partner {_said(counts['no_partner'])}"
            f" + not overdue {_said(counts['not_overdue'])}; {kinds}"
        )

    def _outcome(self) -> str:
        counts = self.counts()
        ends = ", ".join(f"{end} {counts[end]}" for end in ("dispatched", "failed", "unknown", "queued"))
        held = f", held {counts['held']}" if counts["held"] else ""
        followups = f"; follow-ups: {_listed(self.followups)}" if self.followups else ""
        return f"skipped: {_listed(self.skipped)}; {ends}{held}{followups}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {number}" for what, number in sorted(counts.items())) or "none"


def _said(number: int | None) -> str:
    return "not known" if number is None else str(number)


def summarise_tick(
    connection: LogConnection, tick: Tick, stopped_senders: Mapping[str, str], now: dt.datetime
) -> Summary:
    """Count what this tick did (and nothing that an earlier pass of the same DAG run did).

    Args:
        connection: The message log.
        tick: The tick.
        stopped_senders: Senders that Meta refuses as a whole.
        now: The moment by which messages are held or not.
    """
    statuses: collections.Counter[str] = collections.Counter()
    skipped: collections.Counter[str] = collections.Counter()
    followups: collections.Counter[str] = collections.Counter()
    for row in rows(connection, "summary", **of_tick(tick), now=now):
        if row["is_followup"]:
            followups[row["skip_reason"] or row["status"]] += row["messages"]
            continue
        statuses[row["status"]] += row["messages"]
        if row["skip_reason"]:
            skipped[row["skip_reason"]] += row["messages"]
    noted = rows(connection, "tick", tick_id=tick.id)
    return Summary(
        tick=tick,
        inspected=noted[0]["inspected"] if noted else None,
        no_partner=noted[0]["no_partner"] if noted else None,
        found={row["kind"]: row["found"] for row in rows(connection, "found", dag_run_id=tick.dag_run_id)},
        statuses=statuses,
        skipped=skipped,
        followups=followups,
        stopped_senders=stopped_senders,
        unapproved={
            f"{row['template_name']} in {row['language']} on the account of {row['sender']}": row["messages"]
            for row in rows(connection, "unapproved", **of_tick(tick))
        },
        named=[Named(**row) for row in rows(connection, "named", **of_tick(tick), now=now)],
    )
