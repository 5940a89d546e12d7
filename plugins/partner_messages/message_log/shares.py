"""Shares of a number's rate: processes that send from one number at once keep within it together."""

from __future__ import annotations

import datetime as dt
import uuid

from partner_messages.message_log.database import LogConnection, rows


def take_share(
    connection: LogConnection,
    phone_number_id: str,
    token: uuid.UUID,
    *,
    rate: float,
    wanted: float,
    lease: dt.timedelta,
) -> float:
    """Take a share of a number's rate for as long as the lease, or change the one that this process has.

    Args:
        connection: The message log.
        phone_number_id: Meta's id of the number.
        token: Whose share it is.
        rate: The whole of it, messages a second.
        wanted: What this process could use of it.
        lease: How long the share is kept from the others, should this process never come back.

    Returns:
        How many messages a second the process may send; none while others have to give something up first.
    """
    with connection.transaction():
        rows(connection, "lock_shares", phone_number_id=phone_number_id)
        (share,) = rows(
            connection,
            "take_share",
            phone_number_id=phone_number_id,
            token=token,
            rate=rate,
            wanted=wanted,
            lease=lease,
        )
    return float(share["per_second"])


def give_back_share(connection: LogConnection, phone_number_id: str, token: uuid.UUID, *, after: dt.timedelta) -> None:
    """Give the share back: from that moment on the other processes may use it."""
    rows(connection, "give_back_share", phone_number_id=phone_number_id, token=token, after=after)
