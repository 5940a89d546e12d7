"""Which runs need a person: for what reason, since when, and until when.

Pure: what the shop and the message log know of a day comes in as values.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason
from partner_messages.reminders.policy import Policy
from partner_messages.reminders.sending_days import Calendar
from partner_messages.runs.kinds import ReminderKind, StuckRun, UnownedRun
from partner_messages.runs.scope import Scope
from partner_messages.tick import day_of


class Reason(enum.StrEnum):
    """Why a run needs a person: the value of `escalation.reason`; where several hold, the first one stands."""

    PARKED = "parked"
    PARTNER_INACTIVE = "partner_inactive"
    NO_PHONE = "no_phone"
    INVALID_PHONE = "invalid_phone"
    NO_CONSENT = "no_consent"
    NOT_ON_WHATSAPP = "not_on_whatsapp"
    NO_APPROVED_TEMPLATE = "no_approved_template"
    NO_PICTURE = "no_picture"
    NO_COMMON_HOURS = "no_common_hours"
    REMINDERS_USED_UP = "reminders_used_up"
    NO_REACTION = "no_reaction"


@dataclass(frozen=True, kw_only=True)
class Stall:
    """One stall of one run; as long as all of it is the same, the run has not moved.

    Attributes:
        production_run_id: The shop's run id.
        partner_id: Whose turn it is, if anybody's.
        kind: Where it is stuck; None where nobody has it.
        since: The clock that made it stuck, or when it was parked.
    """

    production_run_id: str
    partner_id: str | None
    kind: ReminderKind | None
    since: dt.datetime

    def is_same(self, other: Stall) -> bool:
        """Whether the run has not moved between the two."""
        return (self.production_run_id, self.partner_id, self.kind, self.since) == (
            *(other.production_run_id, other.partner_id, other.kind, other.since),
        )


@dataclass(frozen=True, kw_only=True)
class Case(Stall):
    """What a tick knows of one stall.

    Attributes:
        end: What became of the run's reminder today: a status or a skip reason; None where nothing was decided.
        refused: Whether Meta's last answer about the partner was that the number is not on WhatsApp.
        ignored: Whether the run was reminded so often in a row that it needs a person.
    """

    end: str | None = None
    refused: bool = False
    ignored: bool = False


@dataclass(frozen=True, kw_only=True)
class Trouble(Stall):
    """A stall that needs a person, and why."""

    reason: Reason

    def __str__(self) -> str:
        whose = f"of partner {self.partner_id}" if self.partner_id else "of nobody"
        return (
            f"{self.production_run_id} {whose}: {self.reason} since {day_of(self.since)}. {RULES[self.reason].meaning}"
        )

    def as_json(self) -> dict[str, Any]:
        """As JSON values, for the run's return value and for notifiers."""
        return {
            "production_run_id": self.production_run_id,
            "partner_id": self.partner_id,
            "kind": self.kind.value if self.kind else None,
            "reason": self.reason.value,
            "since": self.since.isoformat(),
        }


@dataclass(frozen=True, kw_only=True)
class Escalation(Trouble):
    """A row of `escalation`.

    Attributes:
        id: The row.
        opened_at: The now of the tick that opened it.
        told_on: The day on which operations were last told of it.
        closed_at: When it was closed, by a tick or by hand.
        over_at: When a tick saw that it no longer holds.
    """

    id: uuid.UUID
    opened_at: dt.datetime
    told_on: dt.date | None = None
    closed_at: dt.datetime | None = None
    over_at: dt.datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether a person is still waited for."""
        return self.closed_at is None

    @property
    def is_closed_by_hand(self) -> bool:
        """Whether a person has closed it while it still holds."""
        return self.closed_at is not None and self.over_at is None


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    Attributes:
        meaning: What is the matter, for operations.
        holds: Whether a stall is to be escalated for it.
        lasts: Whether it goes on while the run does not move; True where it may well not hold every day.
    """

    meaning: str
    holds: Callable[[Case], bool]
    lasts: Callable[[Case], bool]


_COULD_BE_WRITTEN_TO = frozenset(
    {
        *("queued", "sending", "sent", "delivered", "read", "unknown", "rehearsed"),
        *(SkipReason.DUPLICATE, SkipReason.ALREADY_IN_SHOP, SkipReason.OVER_LIMIT, SkipReason.NOT_DUE),
        SkipReason.ESCALATED,
    }
)
"""The ends of a day that show that nothing stands between us and the partner."""


def _skipped(reason: SkipReason, *, of_our_message: bool = False) -> Rule:
    """A skip; one of our own message (its template, its picture, its hours) is not disproved by what the shop wrote."""
    disproved_by = _COULD_BE_WRITTEN_TO - ({SkipReason.ALREADY_IN_SHOP} if of_our_message else set())
    return Rule(
        EXPLANATIONS[reason].meaning,
        holds=lambda case: case.end == reason,
        lasts=lambda case: case.end not in disproved_by,
    )


def _while_it_does_not_move(_: Case) -> bool:
    return True


RULES: Mapping[Reason, Rule] = {
    Reason.PARKED: Rule(
        "Nobody has the run: it waits to be reassigned, or has no partner.",
        holds=lambda case: case.kind is None,
        lasts=_while_it_does_not_move,
    ),
    Reason.PARTNER_INACTIVE: _skipped(SkipReason.PARTNER_INACTIVE),
    Reason.NO_PHONE: _skipped(SkipReason.NO_PHONE),
    Reason.INVALID_PHONE: _skipped(SkipReason.INVALID_PHONE),
    Reason.NO_CONSENT: _skipped(SkipReason.NO_CONSENT),
    Reason.NOT_ON_WHATSAPP: Rule(
        "Meta could not deliver to the partner's number: it is not on WhatsApp (131026).",
        holds=lambda case: case.refused,
        lasts=lambda case: case.refused,
    ),
    Reason.NO_APPROVED_TEMPLATE: _skipped(SkipReason.NO_APPROVED_TEMPLATE, of_our_message=True),
    Reason.NO_PICTURE: _skipped(SkipReason.NO_PICTURE, of_our_message=True),
    Reason.NO_COMMON_HOURS: _skipped(SkipReason.NO_COMMON_HOURS, of_our_message=True),
    Reason.REMINDERS_USED_UP: Rule(
        "The partner was reminded as often as setting max_reminders allows, and is not reminded any more.",
        holds=lambda case: case.end == SkipReason.ESCALATED,
        lasts=_while_it_does_not_move,
    ),
    Reason.NO_REACTION: Rule(
        "The partner was reminded on as many days in a row as setting escalate_after says, and nothing happened.",
        holds=lambda case: case.ignored,
        lasts=_while_it_does_not_move,
    ),
}
"""By reason, in the order of `Reason`."""


@dataclass(frozen=True)
class DayFacts:
    """What the message log knows of a day, sending included.

    Attributes:
        ends: What became of each run's reminder in this tick.
        not_on_whatsapp: The partners about whom Meta's last answer, over all their runs, was that the number is not.
        reminded: The days of each run's reminders in its kind that count, today included, in order.
    """

    ends: Mapping[str, str]
    not_on_whatsapp: Collection[str]
    reminded: Mapping[str, Sequence[dt.date]]


def cases_of(stuck: Iterable[StuckRun], unowned: Iterable[UnownedRun], day: DayFacts, policy: Policy) -> list[Case]:
    """What a tick knows of every stuck run, and of every one that nobody has (a run that is both is the latter)."""
    cases = {
        run.production_run_id: Case(
            production_run_id=run.production_run_id, partner_id=run.partner_id, kind=None, since=run.since
        )
        for run in unowned
    }
    for run in stuck:
        reminded = policy.in_this_stall(run, day.reminded.get(run.production_run_id, ()))
        case = Case(
            production_run_id=run.production_run_id,
            partner_id=run.partner_id,
            kind=run.kind,
            since=run.since,
            end=day.ends.get(run.production_run_id),
            refused=run.partner_id in day.not_on_whatsapp,
            ignored=_is_ignored(reminded, policy, run.partner_id),
        )
        cases.setdefault(run.production_run_id, case)
    return list(cases.values())


def _is_ignored(reminded: Sequence[dt.date], policy: Policy, partner_id: str) -> bool:
    after = policy.settings.escalate_after
    return after is not None and days_in_a_row(reminded, policy.calendar_for(partner_id)) >= after


def days_in_a_row(days: Sequence[dt.date], calendar: Calendar) -> int:
    """The most sending days without one in between that is not there; a weekend or a holiday is none.

    Args:
        days: In order; one that is no sending day (a run that was started by hand) neither counts nor interrupts.
        calendar: The sending days.
    """
    longest = current = 0
    before: dt.date | None = None
    for day in filter(calendar.is_sending_day, days):
        current = current + 1 if before and calendar.sending_days(before, day) == 1 else 1
        longest, before = max(longest, current), day
    return longest


@dataclass(frozen=True)
class View:
    """What a tick looks at; what lies outside is neither opened nor ended by it.

    Attributes:
        now: The tick's.
        scope: The partners and runs that its params name.
        kinds: The kinds that they name; runs that nobody has are looked at where these are all.
    """

    now: dt.datetime
    scope: Scope = field(default_factory=Scope)
    kinds: frozenset[ReminderKind] = frozenset(ReminderKind)

    def covers(self, stall: Stall) -> bool:
        """Whether the tick has looked at the run in this state."""
        of_kinds = stall.kind in self.kinds if stall.kind else self.kinds == frozenset(ReminderKind)
        partners, runs = self.scope.partner_ids, self.scope.production_run_ids
        return (
            of_kinds
            and (partners is None or stall.partner_id in partners)
            and (runs is None or stall.production_run_id in runs)
        )

    def precedes(self, row: Escalation) -> bool:
        """Whether a later tick has opened or ended the row: this one, cleared hours later, knows less."""
        return row.opened_at > self.now or (row.over_at is not None and row.over_at > self.now)


@dataclass(frozen=True)
class Judgement:
    """What is to be written: new escalations, and those that are over with the reason why."""

    new: Sequence[Trouble]
    over: Mapping[uuid.UUID, str]


def judge(cases: Iterable[Case], rows: Sequence[Escalation], view: View) -> Judgement:
    """Compare what a tick knows with the rows that are not over.

    A run has one open row. It stays, whatever else comes to hold, as long as the run does not move and its reason
    lasts; when only its reason has gone, the row is over and the next reason opens another one. A row that was closed
    by hand keeps the run from being opened again for that reason for just as long.
    """
    known = {case.production_run_id: case for case in cases if view.covers(case)}
    over: dict[uuid.UUID, str] = {}
    standing: dict[str, list[Escalation]] = {}
    for row in rows:
        case = known.get(row.production_run_id)
        if row.over_at is None and view.covers(row) and not view.precedes(row):
            if case is None or not row.is_same(case):
                over[row.id] = "The run moved on."
                continue
            if not RULES[row.reason].lasts(case):
                over[row.id] = f"The reason ({row.reason}) is gone."
                continue
        standing.setdefault(row.production_run_id, []).append(row)
    new = (_trouble(case, standing.get(case.production_run_id, ()), view) for case in known.values())
    return Judgement([trouble for trouble in new if trouble], over)


def _trouble(case: Case, standing: Sequence[Escalation], view: View) -> Trouble | None:
    if any(row.is_open or view.precedes(row) for row in standing):
        return None
    dealt_with = {row.reason for row in standing}
    reason = next((one for one, rule in RULES.items() if one not in dealt_with and rule.holds(case)), None)
    if reason is None:
        return None
    return Trouble(
        production_run_id=case.production_run_id,
        partner_id=case.partner_id,
        kind=case.kind,
        since=case.since,
        reason=reason,
    )
