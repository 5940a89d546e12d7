"""One production run as it stands now (values only)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class ProductionRun:
    """A row of `production_runs` that is not deleted.

    Attributes:
        id: The shop's run id (`prod_run_…`).
        status: Such as `sent_to_partner`, `in_progress`, `completed`, `cancelled`.
        partner_id: Whose turn it is, if anybody's.
        previous_partner_id: Who had it before it was taken back; older shops do not know it.
        design_id: The design it makes, if the shop knows it.
        quantity: Pieces ordered.
        produced_quantity: Pieces produced; None means the partner never reported.
        accepted_at: When the partner accepted it.
        finished_at: When the partner had finished it.
        cancelled_reason: Why it was cancelled, in the shop's words.
        bad_column: The column of its row that holds what cannot be, if one does.
    """

    id: str
    status: str
    partner_id: str | None
    previous_partner_id: str | None
    design_id: str | None
    quantity: float
    produced_quantity: float | None
    accepted_at: dt.datetime | None
    finished_at: dt.datetime | None
    cancelled_reason: str | None
    bad_column: str | None = None

    @property
    def is_made(self) -> bool:
        """Whether its partner has made it: it is completed, or finished and only waits for the shop to complete it.

        A run that was taken back keeps the time at which somebody had finished it, and is not made.
        """
        has_it = self.status == "in_progress" or (self.status == "sent_to_partner" and self.accepted_at is not None)
        return self.status == "completed" or (has_it and self.finished_at is not None)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be done by its partner."""
        return self.status == "cancelled" or self.is_made
