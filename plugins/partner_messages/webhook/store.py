"""Store the bodies that Meta POSTs, before they are parsed."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

from partner_messages.message_log.database import LogConnection, rows

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
    (stored,) = rows(
        connection,
        "store",
        sha256=hashlib.sha256(body).hexdigest(),
        body=body,
        spoken=bool(_HAS_MESSAGES.search(body)),
        received_at=received_at,
    )
    return bool(stored["times_received"] == 1)
