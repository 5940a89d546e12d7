"""What people decide by hand about messages; who and why is kept in the table `audit`."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Json

from partner_messages.message_log.database import LogConnection, rows
from partner_messages.messages.tick import Halt
from whatsapp_provider.masking import mask

SETTLE_MESSAGE = "settle_message"
"""Somebody says what became of a message that is unknown."""
SEND_PREVIEW = "send_preview"
"""Somebody has a preview sent to a test phone; the subject is the DAG run that does it."""
SUBMIT_TEMPLATES = "submit_templates"
"""Somebody has templates submitted, or read anew; likewise."""
HALT, GO_ON = "halt", "go_on"
"""Somebody halts all sending, or lets it go on."""


def settle_by_hand(
    connection: LogConnection, message_id: uuid.UUID, outcome: str, *, who: str, why: str, now: dt.datetime
) -> bool:
    """Say what became of a message that is unknown; return whether it was (or was said to have become so before).

    Args:
        connection: The message log.
        message_id: The message.
        outcome: `arrived`: it counts as sent; `did_not_arrive`: it has failed, and its run may be reminded again.
        who: Who says so.
        why: How they know.
        now: When.
    """
    said = {"message_id": message_id, "outcome": outcome, "who": who, "why": why, "act": SETTLE_MESSAGE, "now": now}
    return bool(rows(connection, "settle_by_hand", **said))


def note_once(
    connection: LogConnection,
    act: str,
    subject: str,
    detail: Mapping[str, Any],
    *,
    who: str,
    why: str,
    now: dt.datetime,
) -> bool:
    """Write down what is done by hand to something; return whether the same was not done to it before."""
    said = {"act": act, "subject": subject, "detail": Json(detail), "who": who, "why": why, "now": now}
    return bool(rows(connection, "note_once", **said))


def status_of(connection: LogConnection, message_id: uuid.UUID) -> Mapping[str, Any] | None:
    """How a message stands, and who has settled it by hand; None where there is none of that id."""
    found = rows(connection, "status_of", message_id=message_id)
    return found[0] if found else None


def halt(connection: LogConnection, *, who: str, why: str, now: dt.datetime) -> None:
    """Halt all sending, from the next claim on; who says so last stands for it."""
    rows(connection, "halt", who=who, why=why, act=HALT, now=now)


def go_on(connection: LogConnection, *, who: str, why: str, now: dt.datetime, asked_at: dt.datetime) -> bool:
    """End the halt, unless it came after this was asked for; return whether one has ended."""
    return bool(rows(connection, "go_on", who=who, why=why, act=GO_ON, now=now, asked_at=asked_at))


def standing_halt(connection: LogConnection) -> Halt | None:
    """Who has halted all sending by hand; None where nobody has."""
    found = rows(connection, "standing_halt")
    return Halt(who=mask(found[0]["who"]), why=mask(found[0]["why"]), since=found[0]["since"]) if found else None
