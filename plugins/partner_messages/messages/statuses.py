"""How far a message has come (values only); docs/lifecycle.md shows what each may become."""

from __future__ import annotations

import enum


class MessageStatus(enum.StrEnum):
    """The column `status` of the message log."""

    QUEUED = "queued"
    SENDING = "sending"
    """One process has claimed it; its request may have left."""
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """A request left and no answer came: the message may have arrived."""
    SKIPPED = "skipped"
    REHEARSED = "rehearsed"
    """A dry run's, which nobody sends."""


REACHED_PARTNER = frozenset({MessageStatus.DELIVERED, MessageStatus.READ})
"""What is on the partner's phone, by Meta's word."""
TAKEN_BY_META = frozenset({MessageStatus.SENT, *REACHED_PARTNER})
"""What Meta has accepted, and has not failed to deliver since; the SQL part of the same name is the same list."""
