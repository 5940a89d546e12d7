"""What a partner has said of a run, and whether anything reaches them: why nobody reminds them of it (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from partner_messages.config.sending_days import Calendar
from partner_messages.messages.kinds import StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Promise
from partner_messages.recipients.spelling import dialled

READ_WITHIN = 5
"""After as many sending days a run is reminded of all the same, though nobody has read what was answered."""


@dataclass(frozen=True)
class Promised:
    """A promise, and the first day on which its run may be reminded of again."""

    promise: Promise
    until: dt.date


@dataclass(frozen=True)
class PartnersSaid:
    """What partners have said so far, where it still counts.

    Attributes:
        promised: The open promises, by run.
        unread: The runs of which nobody has read yet what was answered, so that they are not reminded of.
        unreachable: Phones (E.164, as they are dialled) to which nothing was delivered, several times in a row.
    """

    promised: Mapping[str, Promised] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    unreachable: frozenset[str] = field(default=frozenset(), repr=False)

    def of(self, run: StuckRun, phone: str, day: dt.date) -> tuple[SkipReason, dt.date | None] | None:
        """Why nobody is reminded of a run on a day, and when they may be again, if that is known."""
        if run.production_run_id in self.unread:
            return SkipReason.ANSWERED, None
        found = self.promised.get(run.production_run_id)
        if found and day < found.until and found.promise.is_about(run.kind, run.partner_id, run.since):
            return SkipReason.PROMISED, found.until
        return (SkipReason.UNREACHABLE, None) if dialled(phone) in self.unreachable else None


NOTHING_SAID = PartnersSaid()


class AnyStall(Protocol):
    """The part of a stall that a promise is compared with."""

    @property
    def partner_id(self) -> str | None:
        """Whose turn it is."""

    @property
    def kind(self) -> str | None:
        """Where the run is stuck."""

    @property
    def since(self) -> dt.datetime:
        """Since when."""


def comes_out(
    promise: Promise, run: AnyStall | None, day: dt.date, *, is_missed: bool, partner_now: str | None = None
) -> tuple[str, str] | None:
    """How an open promise stands on a day.

    Args:
        promise: The promise.
        run: The stall in which its run is found; None where it is in none.
        day: The day, on which the run was looked at.
        is_missed: Whether a run that has not moved since the promise would have been found; where it would not (its
            threshold is not reached, or was raised), that nothing was found says nothing.
        partner_now: Who has the run of which no stall was found, by the shop; None if nobody, or it is gone.

    Returns:
        The state in which it ends, and why; None where it stays open.
    """
    if (run.partner_id if run else partner_now or promise.partner_id) != promise.partner_id:
        return "withdrawn", "The run was given to another partner."
    if run is None:
        return ("kept", "The run moved on.") if is_missed else None
    entered_of_no_stall = promise.kind is None
    moved = (
        run.since > promise.made_at
        if entered_of_no_stall
        else not promise.is_about(run.kind, run.partner_id, run.since)
    )
    if moved:
        return "kept", "The run moved on."
    return ("broken", f"{promise.due_on} went by.") if day > promise.due_on else None


def may_remind_again(due_on: dt.date, calendar: Calendar) -> dt.date:
    """The first day on which a run may be reminded of whose partner has promised a day: the sending day after it."""
    return calendar.sending_day(1, after=due_on)


def is_still_unread(opened_on: dt.date, day: dt.date, calendar: Calendar) -> bool:
    """Whether an answer that nobody has read keeps its run from being reminded of on a day."""
    return calendar.sending_days(opened_on, day) <= READ_WITHIN
