"""What a receiver does with webhooks: here, or in a process that a test can kill."""

from __future__ import annotations

import datetime as dt

from partner_messages.deployment import run_context
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.templates.catalog.installed import installed_catalog
from partner_messages.webhook import apply, store
from partner_messages.webhook.apply_record import Applied
from partner_messages.webhook.expiry import expire
from partner_messages.webhook.sender_ids import SenderIds
from support.deployment import TICK
from support.webhooks import NUMBER, WABA

SENDER_IDS = SenderIds({"in": NUMBER}, {"in": WABA})


def apply_webhooks(
    log: LogConnection, *bodies: bytes, now: dt.datetime = TICK, sender_ids: SenderIds = SENDER_IDS
) -> Applied:
    """Store bodies, and apply all that are stored."""
    for body in bodies:
        store.store(log, body, now)
    return apply.apply_pending(log, sender_ids, lambda: now)


def given_up(log: LogConnection, now: dt.datetime) -> int:
    """Give up what Meta has told nothing of for too long; return how many reminders that were."""
    return expire(log, installed_catalog(), now)


def store_and_apply(body: bytes | None, numbers: SenderIds) -> int:
    """Store a body, if there is one, and apply what waits; return how many messages that changed."""
    with open_message_log() as connection:
        if body is not None:
            store.store(connection, body, run_context.wall_clock())
        return apply.apply_pending(connection, numbers, run_context.wall_clock).changed
