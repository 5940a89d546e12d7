"""Whose first reminder is held back, so that it can be told what reminders do (setting `control_share`; pure).

Who is reminded differs from who is not, so their runs cannot be compared. Hence partners are drawn by lot, each
fortnight anew: those drawn get no reminder of a stall that is their run's first and that begins in it, for a fortnight
at most. What would follow a reminder (the cadence, `max_reminders`, escalations) goes on as if each had been sent.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from partner_messages.messages.kinds import StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Draft
from partner_messages.planning.reminders.inputs import PlanningInputs

FORTNIGHT = dt.timedelta(days=14)
_A_FIRST_DAY = dt.date(2024, 1, 1)
"""A Monday."""
_BYTES = 8


@dataclass(frozen=True)
class Case:
    """A stall of which it is told whether its run moves.

    Attributes:
        fortnight: The first day of that in which it began.
        held_back: Whether its reminder was held back, or is planned.
        run: The run.
    """

    fortnight: dt.date
    held_back: bool
    run: StuckRun


def fortnight_of(day: dt.date) -> dt.date:
    """The first day (a Monday) of the fortnight in which a day lies."""
    return day - (day - _A_FIRST_DAY) % FORTNIGHT


def is_drawn(partner_id: str, day: dt.date, share: float) -> bool:
    """Whether a partner is in the control group of the fortnight in which a day lies.

    The same for all days of the fortnight, and independent of the one before. Whoever is drawn for a share is drawn for
    every larger one, too.

    Args:
        partner_id: The partner.
        day: The day.
        share: Which share of all partners is drawn, from 0 to 1.
    """
    drawn = hashlib.sha256(f"{fortnight_of(day)} {partner_id}".encode()).digest()[:_BYTES]
    return int.from_bytes(drawn) < share * (1 << 8 * _BYTES)


def is_held_back(inputs: PlanningInputs, run: StuckRun) -> bool:
    """Whether a reminder that could be sent today is held back."""
    began = _begins(inputs, run)
    return began is not None and is_drawn(run.partner_id, began, inputs.policy.settings.control_share)


def cases_of(inputs: PlanningInputs, stuck: Iterable[StuckRun], drafts: Iterable[Draft]) -> list[Case]:
    """What a plan adds to the comparison: of each partner and fortnight the stall that began first."""
    if not inputs.policy.settings.control_share:
        return []
    decided = {run_id: draft.skip_reason for draft in drafts for run_id in draft.production_run_ids}
    cases: dict[tuple[dt.date, str], Case] = {}
    for run in sorted(stuck, key=lambda run: (run.since, run.production_run_id)):
        began = _begins(inputs, run)
        reason = decided.get(run.production_run_id, SkipReason.DUPLICATE)
        if began is None or reason not in (None, SkipReason.CONTROL_GROUP):
            continue
        fortnight = fortnight_of(began)
        cases.setdefault((fortnight, run.partner_id), Case(fortnight, reason is not None, run))
    return list(cases.values())


def _begins(inputs: PlanningInputs, run: StuckRun) -> dt.date | None:
    """The first day of a stall that takes part: its run's first, not reminded of yet, and no older than a fortnight."""
    log, id_ = inputs.log, run.production_run_id
    if not inputs.policy.settings.control_share or id_ in log.not_first or id_ in log.slot_holders:
        return None
    if _but(inputs.policy.in_this_stall(run, log.days_reminded.get(id_, ())), log.days_held_back.get(id_, ())):
        return None
    began = inputs.policy.first_day(run, inputs.tick)
    return began if inputs.tick.day - began < FORTNIGHT else None


def _but(days: Collection[dt.date], others: Collection[dt.date]) -> bool:
    return not set(days) <= set(others)
