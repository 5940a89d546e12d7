"""Store the bodies that Meta POSTs, before they are parsed."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Collection
from typing import Any

from partner_messages.config.settings import Settings
from partner_messages.message_log.answers import listens_with, listens_with_async
from partner_messages.message_log.database import AsyncLogConnection, LogConnection, rows, rows_async
from partner_messages.webhook.apply import MAX_BATCH_BYTES
from partner_messages.webhook.events import InboundMessage
from partner_messages.webhook.parsing import parse
from partner_messages.webhook.received import may_be_stop

_MESSAGES = re.compile(rb'"(?:messages|user_preferences)"\s*:')
"""The keys of messages from partners; such a body is applied before others."""


def store(connection: LogConnection, body: bytes, received_at: dt.datetime) -> None:
    """Store a body in one statement with a durable commit (`open_message_log`); a repeated one (Meta's retry) counts.

    Args:
        connection: The message log, outside a transaction.
        body: The body as received; its signature was checked.
        received_at: The wall clock.
    """
    settings = listens_with(connection) if _has_messages(body) else None
    rows(connection, "store", **_event(body, received_at, settings))


async def store_async(connection: AsyncLogConnection, body: bytes, received_at: dt.datetime) -> None:
    """As `store`, on an event loop."""
    settings = await listens_with_async(connection) if _has_messages(body) else None
    await rows_async(connection, "store", **_event(body, received_at, settings))


def _has_messages(body: bytes) -> bool:
    return _MESSAGES.search(body) is not None


def _event(body: bytes, received_at: dt.datetime, settings: Settings | None) -> dict[str, Any]:
    """The row of a body; the settings are None for one without messages."""
    return {
        "sha256": hashlib.sha256(body).hexdigest(),
        "body": body,
        "spoken": settings is not None,
        "may_be_stop": settings is not None and _may_say_stop(body, received_at, settings.stop_words),
        "received_at": received_at,
    }


def _may_say_stop(body: bytes, received_at: dt.datetime, stop_words: Collection[str]) -> bool:
    if len(body) > MAX_BATCH_BYTES:  # Meta's answer must not wait until it is parsed.
        return True
    return any(may_be_stop(item, stop_words) for item in parse(body, received_at) if isinstance(item, InboundMessage))
