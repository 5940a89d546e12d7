"""Heed a STOP that Meta was answered 200 for, also where the receiver has ended or is frozen before it applied it."""

from __future__ import annotations

import datetime as dt
import logging

import psycopg

from partner_messages.message_log.database import LogConnection, MessageLogError, rows
from partner_messages.webhook.apply import Clock, apply_some
from partner_messages.webhook.apply_record import Applied
from partner_messages.webhook.sender_ids import SenderIds

log = logging.getLogger(__name__)

WAIT_FOR_STOP = dt.timedelta(seconds=10)
"""How long a process waits for another one that is applying a STOP."""


def heed_stops(connection: LogConnection, clock: Clock) -> None:
    """Apply what may say STOP and is not applied yet; called before anybody is planned for or written to.

    What else is stored is left to the receiver, and so is telling Airflow of what was applied here (`Applier`).

    Args:
        connection: The message log, outside a transaction.
        clock: The wall clock.

    Raises:
        MessageLogError: Another process is applying it, or another word from the same phone, and did not end within
            `WAIT_FOR_STOP`.
    """
    if not _stop_waits(connection):
        return
    sender_ids, done = SenderIds.known_here(), Applied()
    try:
        while _stop_waits(connection):
            with connection.transaction():
                rows(connection, "lock_within", milliseconds=round(WAIT_FOR_STOP.total_seconds() * 1_000))
                if not apply_some(connection, sender_ids, clock, done, stops_alone=True):
                    # Another process is at it; what that one could not apply after all is applied here.
                    rows(connection, "wait_for_stops")
    except psycopg.errors.LockNotAvailable as error:
        raise MessageLogError(
            f"What may be a STOP is held by another process for more than {WAIT_FOR_STOP.total_seconds():g} s, so"
            " nothing is sent: see whether a receiver, or an upkeep run, hangs."
        ) from error
    log.warning("Before anybody is written to, what no receiver had applied was: %s.", done)


def _stop_waits(connection: LogConnection) -> bool:
    return bool(rows(connection, "stop_waits")[0]["waits"])
