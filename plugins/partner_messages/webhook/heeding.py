"""Heed a STOP that Meta was answered 200 for, also where the receiver has ended or is frozen before it applied it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from partner_messages.deployment.receiving import load_receiving
from partner_messages.message_log.answers import stop_waits
from partner_messages.message_log.database import LogConnection
from partner_messages.webhook.accounts import SenderIds
from partner_messages.webhook.apply import apply_stops


def heed_stops(connection: LogConnection, clock: Callable[[], dt.datetime]) -> None:
    """Apply what may say STOP and is not applied yet; called before anybody is planned for or written to.

    Args:
        connection: The message log, outside a transaction.
        clock: The wall clock.

    Raises:
        SettingsError: The senders' connections cannot be read.
        MessageLogError: Another process is applying it, and does not end.
    """
    if stop_waits(connection):
        receiving = load_receiving()
        apply_stops(connection, SenderIds(receiving.phone_number_ids(), receiving.waba_ids()), clock)
