"""When a sender's webhook says nothing: it is noted, told once a day, and nothing is concluded from it (`expire`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from partner_messages.config.schedule import SCHEDULE_TIMEZONE, day_of
from partner_messages.message_log.database import LogConnection, recordset, rows

QUIET = dt.timedelta(minutes=15)
"""After so long without a status, or without a receiver, a sender is silent."""
LISTENED = dt.timedelta(days=30)
"""How long after a receiver has last said that it takes a sender's webhooks the sender still counts as listened to."""
SILENT = "webhook_silent"
"""How each sentence to operations about a silent sender begins."""


def listen_to(connection: LogConnection, senders: Collection[str], now: dt.datetime) -> None:
    """Note that a receiver takes these senders' webhooks; where none did for a while, note that as well."""
    if senders:
        rows(connection, "listen_to", senders=sorted(senders), day=day_of(now), now=now, quiet=QUIET)


def see_silences(connection: LogConnection, now: dt.datetime, *, may_begin: bool = True) -> None:
    """End the silences that are over, and note the senders that have fallen silent, unless no silence may begin."""
    rows(connection, "end_silences", now=now, listened=LISTENED)
    if may_begin:
        rows(connection, "note_silences", now=now, day=day_of(now), quiet=QUIET, listened=LISTENED)


def untold_silences(connection: LogConnection) -> dict[tuple[str, dt.date], str]:
    """The silences of which operations were not told yet: sentences, by the sender and the day (one a day for each)."""
    found = rows(connection, "untold_silences")
    return {(row["sender"], row["day"]): in_words(row["sender"], row["since"]) for row in found}


def note_silences_told(connection: LogConnection, silences: Iterable[tuple[str, dt.date]], now: dt.datetime) -> None:
    """Operations were told of these."""
    told = recordset({"sender": sender, "day": day} for sender, day in silences)
    rows(connection, "note_silences_told", told=told, now=now)


def open_silences(connection: LogConnection) -> dict[str, dt.datetime]:
    """The senders whose webhook is silent now, and when it was last heard."""
    return {row["sender"]: row["since"] for row in rows(connection, "open_silences")}


def in_words(sender: str, since: dt.datetime) -> str:
    """What is said of a silent sender."""
    heard = since.astimezone(SCHEDULE_TIMEZONE)
    return (
        f"{SILENT}: Meta has taken messages of sender {sender} and says nothing of them (last heard"
        f" {heard:%Y-%m-%d %H:%M} IST), so nothing is known of whom they reached, nor what partners answer."
    )
