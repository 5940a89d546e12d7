"""Keeps what Meta POSTs as it came, before anybody looks into it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

from partner_messages.message_log.database import LogConnection, rows

_SPEAKS = re.compile(rb'"(?:messages|user_preferences)"\s*:')
"""The keys under which a partner speaks; whether one really does is known once it is read."""


def store(connection: LogConnection, body: bytes, received_at: dt.datetime) -> bool:
    """Keep a body, in one statement whose commit lasts (`open_message_log`).

    Args:
        connection: The message log, outside a transaction.
        body: As it came; its signature was right.
        received_at: The wall clock.

    Returns:
        Whether it is new: the same body again, as Meta repeats what it has no answer to, is only counted.
    """
    (stored,) = rows(
        connection,
        "store",
        sha256=hashlib.sha256(body).hexdigest(),
        body=body,
        spoken=bool(_SPEAKS.search(body)),
        received_at=received_at,
    )
    return bool(stored["times_received"] == 1)
