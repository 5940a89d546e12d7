"""Which runs need a person: for what reason, since when, and until when.

Pure: what the shop and the message log know of a day comes in as values.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from partner_messages.config.schedule import day_of
from partner_messages.config.sending_days import Calendar
from partner_messages.messages.kinds import ReminderKind, StuckRun, UnownedRun
from partner_messages.messages.scope import Scope
from partner_messages.ops.reasons import OF_ANSWERS, RULES, Reason, Stall, StallToday
from partner_messages.planning.reminders.policy import EVERY_DAY, Policy
from partner_messages.shop.names import Names, ids_of
from whatsapp_provider.masking import mask

LONGEST_QUOTE = 120
"""Characters of what a partner has written, in the list that operations get."""
OTHERS_NAMED = 10
"""Up to as many of a digest's other runs are named beside the one that a person is called for."""


@dataclass(frozen=True, kw_only=True)
class Trouble(Stall):
    """A stall that needs a person, and why."""

    reason: Reason

    def said(self, names: Names, *, in_short: bool = False) -> str:
        """Whose run it is, why it needs a person, what is to be done, and last the ids to look it up by.

        Args:
            names: What people call the run.
            in_short: Without what the reason means and asks for, where that is said once for all.
        """
        who, rule = names.of(self.production_run_id, self.partner_id), RULES[self.reason]
        kind = f" ({self.kind})" if self.kind else ""
        means = "" if in_short else f" — {rule.meaning} {rule.act}"
        return f"{who}: {self.reason} since {day_of(self.since)}{kind}{means}{self._hint(names)} | {self._ids()}"

    def _hint(self, _names: Names) -> str:
        return ""

    def _ids(self) -> str:
        return ids_of(self.production_run_id, self.partner_id)

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
        told_on: The day on which operations were last told of this stall for a reason that asks for the same act.
        closed_at: When it was closed, by a tick or by hand.
        over_at: When a tick saw that it no longer holds.
        readings: What the partner's number may mean, masked, where it does not say so itself.
        said_words: What the partner has written, where it was opened for that.
        others: The other runs of the message that they answered.
    """

    id: uuid.UUID
    opened_at: dt.datetime
    told_on: dt.date | None = None
    closed_at: dt.datetime | None = None
    over_at: dt.datetime | None = None
    readings: str | None = None
    said_words: str | None = None
    others: Sequence[str] = ()

    def _hint(self, names: Names) -> str:
        may_be = f" It may be {self.readings}." if self.readings else ""
        # A text from outside: short, on one line, and without numbers.
        words = " ".join(mask(self.said_words or "").split())[:LONGEST_QUOTE]
        wrote = f' They wrote: "{words}".' if words else ""
        return f"{may_be}{wrote}{self._of_others(names)}"

    def _of_others(self, names: Names) -> str:
        if not self.others:
            return ""
        named = [names.of(run_id, None, unknown=run_id) for run_id in self.others[:OTHERS_NAMED]]
        more = f" and {len(self.others) - len(named)} more" if len(self.others) > len(named) else ""
        return f" They were written to about {len(self.others)} more: {', '.join(named)}{more}."

    def _ids(self) -> str:
        others = ", ".join(self.others[:OTHERS_NAMED])
        return f"{super()._ids()}; the others: {others}" if others else super()._ids()

    def as_json(self) -> dict[str, Any]:
        """As JSON values, with the readings where there are any."""
        return {**super().as_json(), **({"readings": self.readings} if self.readings else {})}

    @property
    def is_open(self) -> bool:
        """Whether a person is still waited for."""
        return self.closed_at is None

    @property
    def key(self) -> str:
        """A deduplication key for notifiers: the same for every try, another one when operations are told again."""
        return f"{self.id}:{self.told_on or 'first'}"

    @property
    def is_closed_by_hand(self) -> bool:
        """Whether a person has closed it while it still holds."""
        return self.closed_at is not None and self.over_at is None


@dataclass(frozen=True)
class DayKnowledge:
    """What the message log knows of a day, sending included.

    Attributes:
        ends: What became of each run's reminder in this tick.
        not_on_whatsapp: The partners whose number, by Meta's last answer about any of their runs, is not on WhatsApp.
        reminded: The days of each run's reminders in its kind that count, today included, in order; empty where nobody
            asks.
        awaited: The other runs of these partners, where Meta has taken a message to the number today: the number may
            have been put right since that answer.
    """

    ends: Mapping[str, str]
    not_on_whatsapp: Collection[str]
    reminded: Mapping[str, Sequence[dt.date]]
    awaited: Collection[str] = ()


def stalls_today(
    stuck: Iterable[StuckRun], unowned: Iterable[UnownedRun], day: DayKnowledge, policy: Policy
) -> list[StallToday]:
    """What a tick knows of every stuck run, and of every one that nobody has (a run that is both is the latter)."""
    stalls = {
        run.production_run_id: StallToday(
            production_run_id=run.production_run_id, partner_id=run.partner_id, kind=None, since=run.since
        )
        for run in unowned
    }
    for run in stuck:
        reminded = policy.in_this_stall(run, day.reminded.get(run.production_run_id, ()))
        stall = StallToday(
            production_run_id=run.production_run_id,
            partner_id=run.partner_id,
            kind=run.kind,
            since=run.since,
            end=day.ends.get(run.production_run_id),
            refused=run.partner_id in day.not_on_whatsapp,
            awaited=run.production_run_id in day.awaited,
            used_up=policy.is_used_up(run, reminded),
            ignored=was_ignored(reminded, policy, run.partner_id),
            left_alone=policy.settings.is_left_alone(run.production_run_id, run.partner_id),
        )
        stalls.setdefault(run.production_run_id, stall)
    return list(stalls.values())


def was_ignored(reminded: Sequence[dt.date], policy: Policy, partner_id: str) -> bool:
    """Whether these days of a stall's reminders call for a person (`escalate_after`); more of them do so, too."""
    after = policy.settings.escalate_after
    if after is None or len(reminded) < after:
        return False
    return days_in_a_row(reminded, policy.calendar_for(partner_id)) >= after


def days_in_a_row(days: Sequence[dt.date], calendar: Calendar) -> int:
    """The longest row of sending days among these days; weekends and holidays do not interrupt it.

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
class Coverage:
    """What a tick looks at; what lies outside is neither opened nor ended by it.

    Attributes:
        now: The tick's.
        scope: The partners and runs that its params name.
        kinds: The kinds that they name; runs that nobody has are looked at where these are all.
        ended: The runs whose partner has answered a lifecycle message, and does not make them any more.
        policy: The rules by which the tick finds runs stuck.
    """

    now: dt.datetime
    scope: Scope = field(default_factory=Scope)
    kinds: frozenset[ReminderKind] = frozenset(ReminderKind)
    ended: frozenset[str] = frozenset()
    policy: Policy = EVERY_DAY

    def misses(self, stall: Stall) -> bool:
        """Whether the tick would have found a run in this state, so that one that it did not find has moved."""
        if stall.kind is None or stall.partner_id is None:
            return True
        return self.policy.finds(stall.kind, stall.partner_id, stall.since, now=self.now)

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


def judge(stalls: Iterable[StallToday], rows: Sequence[Escalation], coverage: Coverage) -> Judgement:
    """Compare the stalls that a tick knows with the escalations that are not over.

    Beside the rows that answers have opened, a run has one, which says what holds today: the first reason that does, or
    else the row's own as long as nothing disproves it. Where that is another one, the row is over and a new one opens;
    so it is where the run has moved. A row that was closed by hand keeps the run from being opened again for that
    reason, until that is disproved.
    """
    known = {stall.production_run_id: stall for stall in stalls if coverage.covers(stall)}
    over: dict[uuid.UUID, str] = {}
    standing: dict[str, list[Escalation]] = {}
    for row in rows:
        if (why := _is_over(row, known.get(row.production_run_id), coverage)) is not None:
            over[row.id] = why
        elif row.reason not in OF_ANSWERS:
            standing.setdefault(row.production_run_id, []).append(row)
    new: list[Trouble] = []
    for stall in known.values():
        its_rows = standing.get(stall.production_run_id, ())
        of_now = next((row for row in its_rows if row.is_open), None)
        reason = _reason_today(stall, its_rows)
        if any(_is_out_of_reach(row, coverage) for row in its_rows) or (of_now and of_now.reason is reason):
            continue
        if of_now:
            over[of_now.id] = _why_it_changed(of_now.reason, reason, stall)
        if reason:
            new.append(_trouble(stall, reason))
    return Judgement(new, over)


def _is_out_of_reach(row: Escalation, coverage: Coverage) -> bool:
    """Whether the tick may not end a row that is not over: it has not looked there, or knows less than a later one."""
    return coverage.precedes(row) or (row.is_open and not coverage.covers(row))


def _is_over(row: Escalation, stall: StallToday | None, coverage: Coverage) -> str | None:
    """Why a row is over, whatever else holds; None where it stands."""
    if row.over_at is not None or coverage.precedes(row) or not coverage.covers(row):
        return None
    if row.reason in OF_ANSWERS:
        return "The run moved on." if _has_moved(row, stall, coverage) else None
    if stall is None or not row.is_same(stall):
        return "The run moved on."
    if row.is_closed_by_hand and not (stall.rests or RULES[row.reason].lasts(stall)):
        return _why_it_changed(row.reason, None, stall)
    return None


def _has_moved(row: Escalation, stall: StallToday | None, coverage: Coverage) -> bool:
    """Whether the run of a row that an answer opened has moved.

    What sounds like STOP is about the partner, whatever becomes of the run. A lifecycle message is about no stall: its
    run has moved when it stands still anew, since later, or is its partner's no more.
    """
    if row.reason is Reason.MAYBE_OPT_OUT:
        return False
    if row.kind is not None:
        return coverage.misses(row) if stall is None else not row.is_same(stall)
    if stall is None:
        return row.production_run_id in coverage.ended
    return stall.partner_id != row.partner_id or stall.since > row.since


def _reason_today(stall: StallToday, rows: Sequence[Escalation]) -> Reason | None:
    """The first reason that holds, or that was open and lasts; none that somebody has dealt with."""
    dealt_with = {row.reason for row in rows if not row.is_open}
    open_for = {row.reason for row in rows if row.is_open}
    return next(
        (
            one
            for one, rule in RULES.items()
            if one not in dealt_with and (rule.holds(stall) or (one in open_for and rule.lasts(stall)))
        ),
        None,
    )


def _why_it_changed(before: Reason, now: Reason | None, stall: StallToday) -> str:
    if now:
        return f"The reason ({before}) is gone; now it is {now}."
    return f"The run is set aside ({stall.end})." if stall.rests else f"The reason ({before}) is gone."


def _trouble(stall: StallToday, reason: Reason) -> Trouble:
    return Trouble(
        production_run_id=stall.production_run_id,
        partner_id=stall.partner_id,
        kind=stall.kind,
        since=stall.since,
        reason=reason,
    )
