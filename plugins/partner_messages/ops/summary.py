"""What became of a tick's messages, counted."""

from __future__ import annotations

import collections
import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from partner_messages.message_log.database import LogConnection, of_history, of_tick, rows
from partner_messages.message_log.silences import open_silences
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.statuses import TAKEN_BY_META, MessageStatus
from partner_messages.messages.tick import RunPass, Tick
from partner_messages.ops.judgement import Escalation
from partner_messages.shop.names import Names, ids_of

NAMED = 100
"""Up to as many of a list are named one by one, in a log, a return value or a message to operations."""
FEW = 20
"""Up to as many runs are named for each count of a summary."""


@dataclass(frozen=True)
class Whom:
    """Whom a message was for: its partner and, unless it speaks of several, its run."""

    production_run_id: str | None
    partner_id: str | None


@dataclass(frozen=True)
class Named:
    """A message that somebody may ask about, by its run and partner (never by its phone).

    Attributes:
        kept_by_meta: What Meta said when it took the message and did not mean to deliver it at once.
        other_status: For a duplicate: the status of the message that holds its slot.
        more: How many more there are of its status and reason, where it is the last one that is named of them.
    """

    id: uuid.UUID
    message_kind: str
    production_run_id: str | None
    partner_id: str | None
    status: str
    skip_reason: str | None
    error_code: int | None
    error_detail: str | None
    kept_by_meta: str | None = None
    other_status: str | None = None
    more: int = 0

    def said(self, names: Names) -> str:
        """Whom it was for, how it stands, and last the ids to look it up by."""
        of_other = f" of one that is {self.other_status}" if self.other_status else ""
        why = f"{self.skip_reason or self.kept_by_meta or self.error_detail or ''}{of_other}"
        stands = f"{self.status} {why}".rstrip()
        ids = ids_of(self.production_run_id, self.partner_id)
        # A person needs the id to settle the message by hand.
        ids = f"message {self.id}, {ids}" if self.status == MessageStatus.UNKNOWN else ids
        more = f"; {self.more} more, see the table message_log" if self.more else ""
        return f"{names.of(self.production_run_id, self.partner_id)} ({self.message_kind}): {stands} | {ids}{more}"


_DISPATCHED = tuple(status for status in MessageStatus if status in {*TAKEN_BY_META, MessageStatus.REHEARSED})


@dataclass(frozen=True)
class Summary:
    """What a DAG run has done by now, and what its last pass found.

    That adds up: inspected = found + no partner + not overdue.

    Attributes:
        tick: The last pass.
        inspected: Active runs at the tick's now; None where planning did not get that far.
        no_partner: Those of them with nobody to remind.
        found: Stuck runs by kind.
        statuses: Messages by status, without follow-ups; those that wait for their time are `held`.
        skipped: Skips by reason, without follow-ups.
        whom: By status or skip reason, the first few for whom the messages were.
        kept_by_meta: Messages that Meta took but holds back, by its word for that.
        followups: Follow-ups by status, the skipped ones by reason.
        stopped_senders: Senders that Meta refuses as a whole.
        unapproved: Templates that are not approved where they were needed, each with how many messages it cost.
        broken: Messages that failed, by Meta's code; a follow-up may, and so may what a person says did not arrive.
        named: Failed, unknown, still queued, held back by Meta, over the limit, or a duplicate of a message that has
            failed or is not settled; of each such list no more than `NAMED`.
        planned: Whether planning came to its end, as far as the log knows.
        untold: Messages that are unknown and for which no run has failed yet, by the DAG run that they are of.
        escalations: Of the tick's delivery, those that are not over.
        opted_out: Who has opted out, or may have, the latest first (`preferences.opt_outs`).
        silent: The senders whose webhook is silent by now, and since when.
    """

    tick: Tick
    inspected: int | None
    no_partner: int | None
    found: Mapping[str, int]
    statuses: Mapping[str, int]
    skipped: Mapping[str, int]
    whom: Mapping[str, Sequence[Whom]] = field(default_factory=dict)
    kept_by_meta: Mapping[str, int] = field(default_factory=dict)
    followups: Mapping[str, int] = field(default_factory=dict)
    stopped_senders: Mapping[str, str] = field(default_factory=dict)
    unapproved: Mapping[str, int] = field(default_factory=dict)
    broken: Mapping[int | None, int] = field(default_factory=dict)
    named: Collection[Named] = ()
    escalations: Sequence[Escalation] = ()
    planned: bool = True
    untold: Mapping[uuid.UUID, str] = field(default_factory=dict)
    silent: Mapping[str, dt.datetime] = field(default_factory=dict)
    opted_out: Sequence[Mapping[str, Any]] = ()

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
        return sum(self.statuses.get(status, 0) for status in _DISPATCHED)

    @property
    def reached(self) -> Sequence[Whom]:
        """The first few for whom those were."""
        return [one for status in _DISPATCHED for one in self.whom.get(status, ())][:FEW]

    @property
    def left(self) -> int:
        """Messages that are still queued or claimed."""
        return self.statuses.get(MessageStatus.QUEUED, 0) + self.statuses.get(MessageStatus.SENDING, 0)

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
            "failed": self.statuses.get(MessageStatus.FAILED, 0),
            "unknown": self.statuses.get(MessageStatus.UNKNOWN, 0),
            "queued": self.left,
            "held": self.statuses.get("held", 0),
            "held_back": dict(self.kept_by_meta),
            "skipped": dict(self.skipped),
            "followups": dict(self.followups),
            "escalated": dict(self.escalated),
            "escalations": [one.as_json() for one in self.open_escalations[:NAMED]],
            "silent": sorted(self.silent),
            "warnings": list(self.tick.warnings),
        }


def summarise_tick(
    connection: LogConnection,
    tick: Tick,
    stopped_senders: Mapping[str, str],
    now: dt.datetime,
    *,
    clear_number: int = 0,
    of_all: bool = False,
) -> Summary:
    """Count what became of a DAG run's messages, and what its last pass found and skipped.

    What an earlier pass of the same DAG run has sent, or may have, counts too: the last one must not be green over it.

    Args:
        connection: The message log.
        tick: The last pass.
        stopped_senders: Senders that Meta refuses as a whole.
        now: The moment at which a message is due, or held until later.
        clear_number: How often the DAG run was cleared: what an earlier pass has failed for is not told again.
        of_all: Whether it also answers for what no other run has told of.
    """
    statuses: collections.Counter[str] = collections.Counter()
    skipped: collections.Counter[str] = collections.Counter()
    kept_by_meta: collections.Counter[str] = collections.Counter()
    followups: collections.Counter[str] = collections.Counter()
    whom: dict[str, list[Whom]] = {}
    its_own = {**of_tick(tick), "delivery": tick.delivery}
    for row in rows(connection, "summary", **its_own, now=now, few=FEW):
        if row["is_followup"]:
            followups[row["skip_reason"] or row["status"]] += row["messages"]
            continue
        if row["not_followed"]:
            followups[row["not_followed"]] += row["messages"]
        statuses[row["status"]] += row["messages"]
        if row["skip_reason"]:
            skipped[row["skip_reason"]] += row["messages"]
        of_row = map(Whom, row["production_run_ids"], row["partner_ids"])
        whom.setdefault(row["skip_reason"] or row["status"], []).extend(of_row)
        if row["kept_by_meta"]:
            kept_by_meta[row["kept_by_meta"]] += row["messages"]
    untold = rows(connection, "untold_unknown", **of_tick(tick), clear_number=clear_number, of_all=of_all)
    noted = rows(connection, "tick", tick_id=tick.id)
    return Summary(
        tick=tick,
        inspected=noted[0]["inspected"] if noted else None,
        no_partner=noted[0]["no_partner"] if noted else None,
        found={row["kind"]: row["found"] for row in rows(connection, "found", dag_run_id=tick.dag_run_id)},
        statuses=statuses,
        skipped=skipped,
        whom=whom,
        kept_by_meta=kept_by_meta,
        followups=followups,
        stopped_senders=stopped_senders,
        unapproved={
            f"{row['template_name']} in {row['language']} on the account of {row['sender']}": row["messages"]
            for row in rows(connection, "unapproved", **of_tick(tick))
        },
        broken={row["error_code"]: row["messages"] for row in rows(connection, "broken", **its_own)},
        named=[_named(row) for row in rows(connection, "named", **its_own, now=now, at_most=NAMED)],
        planned=bool(noted) and noted[0]["planned"] is not None,
        untold={row["id"]: row["dag_run_id"] for row in untold},
        silent=open_silences(connection),
    )


def _named(row: Mapping[str, Any]) -> Named:
    of_it = {name: value for name, value in row.items() if name not in ("place", "of_its_list")}
    return Named(**of_it, more=row["of_its_list"] - NAMED if row["place"] == NAMED else 0)


def note_unknown_told(connection: LogConnection, run: RunPass, unknown: Collection[uuid.UUID]) -> None:
    """Note that this pass of a DAG run fails for these unknown messages, so that a later pass does not."""
    told = {"dag_run_id": run.dag_run_id, "clear_number": run.clear_number, "ids": list(unknown)}
    rows(connection, "note_unknown_told", **told)


def undecided_runs(connection: LogConnection, tick: Tick, kinds: Sequence[ReminderKind]) -> list[str]:
    """The runs that the tick's DAG run found stuck in these kinds, and about which nothing was decided that day."""
    asked = {"dag_run_id": tick.dag_run_id, **of_history(tick), "day": tick.day, "kinds": list(kinds)}
    return [row["production_run_id"] for row in rows(connection, "undecided_runs", **asked)]
