"""What sets a stalled run's clock anew: that its partner got it, or has worked on it (values only)."""

from __future__ import annotations

import enum


class WorkSign(enum.StrEnum):
    """The signs that a partner works on a started run, each by the shop's own name."""

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
