"""Checks of the message log's server before anything is sent: its clock, and whether it may lose commits."""

from __future__ import annotations

import datetime as dt

from partner_messages.config.settings import MESSAGE_LOG_CONN_ID
from partner_messages.deployment import run_context
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.messages.tick import RunRefused

FURTHEST_APART = dt.timedelta(minutes=1)
"""By how much the worker's clock, by which messages come due, and the database's, by which claims end, may differ."""


def check_clocks(connection: LogConnection) -> None:
    """See that the database and this worker agree on the time.

    Raises:
        RunRefused: They are more than a minute apart.
    """
    before = run_context.machine_clock()
    (server,) = rows(connection, "server")
    after = run_context.machine_clock()
    if not before - FURTHEST_APART <= server["now"] <= after + FURTHEST_APART:
        raise RunRefused(
            f"The clocks are more than a minute apart: the database of {MESSAGE_LOG_CONN_ID} says"
            f" {_utc(server['now'])} and this worker {_utc(after)} UTC; let both follow one time server (NTP)."
        )


def what_it_may_forget(connection: LogConnection) -> str | None:
    """Why a crash of the server's machine may take back what it has confirmed; None where nothing speaks for it."""
    (server,) = rows(connection, "server")
    if not server["off"]:
        return None
    return (
        f"The server of {MESSAGE_LOG_CONN_ID} runs with {' and '.join(server['off'])} off: after a crash of its machine"
        " it may have forgotten what was sent, which would be sent again."
    )


def _utc(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
