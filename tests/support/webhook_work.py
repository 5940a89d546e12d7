"""What a receiver's process does, as a function that a process of its own can be killed in."""

from __future__ import annotations

from partner_messages.deployment import run_context
from partner_messages.message_log.database import open_message_log
from partner_messages.webhook import apply, store
from partner_messages.webhook.accounts import SenderIds


def store_and_apply(body: bytes | None, numbers: SenderIds) -> int:
    """Store a body, if there is one, and apply what waits; return how many messages that changed."""
    with open_message_log() as connection:
        if body is not None:
            store.store(connection, body, run_context.wall_clock())
        return apply.apply_pending(connection, numbers, run_context.wall_clock).changed
