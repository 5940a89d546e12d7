"""What the buttons below our messages say when they are tapped: their payload names the message's row, and not its run.

So a tap of last week's button is known for what it is: an answer to last week's message.
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
    """A tap of one of our buttons.

    Attributes:
        intent: `HELP` or `LATER`.
        message_id: The row of the message below which the button stood, or which the question was about.
        due_on: For an answer to the question when: the day.
    """

    intent: Intent
    message_id: uuid.UUID
    due_on: dt.date | None = None


def help_payload(message_id: uuid.UUID | str) -> str:
    """What "Need help" says."""
    return f"{_HELP}:{message_id}"


def later_payload(message_id: uuid.UUID | str) -> str:
    """What "Remind me later" says."""
    return f"{_LATER}:{message_id}"


def promise_payload(message_id: uuid.UUID | str, due_on: dt.date) -> str:
    """What a day says that is offered."""
    return f"{_PROMISE}:{message_id}:{due_on.isoformat()}"


def read_tap(payload: str | None) -> Tap | None:
    """What a payload says; None where it is none of ours (the label itself, the shop's own buttons)."""
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
