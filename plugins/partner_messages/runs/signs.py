"""What sets a stalled run's clock anew: that its partner got it, or has worked on it (values only)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


class WorkSign(enum.StrEnum):
    """By what it is seen that a partner works on a started run, each in the shop's own words."""

    CONSUMPTION_LOG = "consumption_log"
    """A row of that table that the partner logged: cloth, thread, energy, hours."""
    MEDIA_ATTACHED = "media_attached"
    """A picture of the work; the shop puts it down to an admin, though the partner sent it."""
    GOODS_TRANSFER_SHIPPED = "goods_transfer_shipped"
    """Goods that the partner sent off."""
    GOODS_TRANSFER_RECORDED = "goods_transfer_recorded"
    """Goods that the partner handed over."""
    PRODUCED_QUANTITY = "produced_quantity"
    """A change of the run's produced quantity, as the daily ticks saw it."""
    PARTNER_ACTIVITY = "partner_activity"
    """Whatever is put down to the partner in the run's activity."""


HANDOVERS = ("sent_to_partner", "partner_assigned", "reminder_retried_same_partner")
"""Kinds of activity with which a partner gets a run, or gets it once more."""

KINDS_OF_WORK = (WorkSign.MEDIA_ATTACHED, WorkSign.GOODS_TRANSFER_SHIPPED, WorkSign.GOODS_TRANSFER_RECORDED)
"""Kinds of activity that are work, whoever they are put down to."""


@dataclass(frozen=True)
class Entry:
    """The last one of its like in a run's activity.

    Attributes:
        production_run_id: The run.
        partner_id: Whom it names, if anybody.
        kind: What happened.
        by_partner: Whether the partner entered it.
        at: When it happened.
    """

    production_run_id: str
    partner_id: str | None
    kind: str | None
    by_partner: bool
    at: dt.datetime

    def counts(self, work: Collection[WorkSign]) -> bool:
        """Whether it sets the clock anew, where these signs are work."""
        return (
            self.kind in HANDOVERS
            or (self.kind in KINDS_OF_WORK and self.kind in work)
            or (self.by_partner and WorkSign.PARTNER_ACTIVITY in work)
        )


def last_entries(
    entries: Iterable[Entry], partners: Mapping[str, str], work: Collection[WorkSign]
) -> dict[str, dt.datetime]:
    """When each run's clock was last set anew by what its activity says.

    Args:
        entries: Of these runs.
        partners: Whose each run is. What names no partner is the run's own one's; what names another, who had it
            before, is not.
        work: What counts beside handovers.
    """
    found: dict[str, dt.datetime] = {}
    for entry in entries:
        run_id = entry.production_run_id
        if entry.partner_id in (None, partners[run_id]) and entry.counts(work):
            found[run_id] = max(entry.at, found.get(run_id, entry.at))
    return found
