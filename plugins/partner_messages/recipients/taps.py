"""The payloads of our buttons. They have the id of the message, not of the run.

So a tap on last week's button is recognised as an answer to last week's message.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from dataclasses import dataclass

from partner_messages.recipients.words import Intent

_HELP, _LATER, _PROMISE = "help", "later", "promise"


@dataclass(frozen=True)
class Tap:
    """A tap on one of our buttons.

    Attributes:
        intent: `HELP` or `LATER`.
        message_id: The message (row of `message_log`) that has the button, or that the offered days are for.
        due_on: The chosen day, if days were offered.
    """

    intent: Intent
    message_id: uuid.UUID
    due_on: dt.date | None = None


def help_payload(message_id: uuid.UUID | str) -> str:
    """The payload of the button "Need help"."""
    return f"{_HELP}:{message_id}"


def later_payload(message_id: uuid.UUID | str) -> str:
    """The payload of the button "Remind me later"."""
    return f"{_LATER}:{message_id}"


def promise_payload(message_id: uuid.UUID | str, due_on: dt.date) -> str:
    """The payload of the button of an offered day."""
    return f"{_PROMISE}:{message_id}:{due_on.isoformat()}"


def read_tap(payload: str | None) -> Tap | None:
    """Parse a payload; None if it is not ours (a button's label, or the shop's own button)."""
    said, _, rest = (payload or "").partition(":")
    id_, _, day = rest.partition(":")
    with contextlib.suppress(ValueError):
        match said:
            case "help" if not day:
                return Tap(Intent.HELP, uuid.UUID(id_))
            case "later" if not day:
                return Tap(Intent.LATER, uuid.UUID(id_))
            case "promise":
                return Tap(Intent.LATER, uuid.UUID(id_), dt.date.fromisoformat(day))
    return None
