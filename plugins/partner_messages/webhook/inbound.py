"""What a partner said, and what follows from it. This is the place for it; nothing is kept yet.

`apply.py` calls these within its own transaction, each item in a savepoint of its own: what raises is rolled back alone
and kept with its webhook as an error. Each must be idempotent, as the same message may come in two webhooks.
"""

from __future__ import annotations

import datetime as dt

from partner_messages.message_log.database import LogConnection
from partner_messages.webhook.events import InboundMessage, PreferenceUpdate


def comes_first(message: InboundMessage) -> bool:
    """Whether a message goes before all others that wait to be applied: it may stop what is about to be sent."""
    return (message.text or "").strip().casefold() == "stop"


def apply_inbound(log: LogConnection, message: InboundMessage, now: dt.datetime) -> None:
    """Keep what a partner wrote or tapped, and do what follows from it.

    Args:
        log: The message log, in a transaction.
        message: What was said; its time is Meta's.
        now: The wall clock: a sweep may come much later.
    """


def apply_preference(log: LogConnection, update: PreferenceUpdate, now: dt.datetime) -> None:
    """Keep what somebody told WhatsApp itself about a category of messages.

    Args:
        log: The message log, in a transaction.
        update: What was said; its time is Meta's.
        now: The wall clock.
    """
