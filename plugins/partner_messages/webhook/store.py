"""Store the bodies that Meta POSTs, before they are parsed."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

from partner_messages.message_log.answers import listens_with
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.webhook.apply import MAX_BATCH_BYTES
from partner_messages.webhook.events import InboundMessage
from partner_messages.webhook.parsing import parse
from partner_messages.webhook.received import may_be_stop

_HAS_MESSAGES = re.compile(rb'"(?:messages|user_preferences)"\s*:')
"""The keys of messages from partners; such a body is applied before others."""


def store(connection: LogConnection, body: bytes, received_at: dt.datetime) -> bool:
    """Store a body in one statement with a durable commit (`open_message_log`).

    Args:
        connection: The message log, outside a transaction.
        body: The body as received; its signature was checked.
        received_at: The wall clock.

    Returns:
        Whether it is new; a repeated body (Meta's retry) is only counted.
    """
    spoken = bool(_HAS_MESSAGES.search(body))
    (stored,) = rows(
        connection,
        "store",
        sha256=hashlib.sha256(body).hexdigest(),
        body=body,
        spoken=spoken,
        may_be_stop=spoken and _may_say_stop(connection, body, received_at),
        received_at=received_at,
    )
    return bool(stored["times_received"] == 1)


def _may_say_stop(connection: LogConnection, body: bytes, received_at: dt.datetime) -> bool:
    if len(body) > MAX_BATCH_BYTES:  # Meta's answer must not wait until it is parsed.
        return True
    stop_words = listens_with(connection).stop_words
    return any(may_be_stop(item, stop_words) for item in parse(body, received_at) if isinstance(item, InboundMessage))
