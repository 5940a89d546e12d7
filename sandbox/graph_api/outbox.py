"""The messages Meta has taken, as they would stand on the recipient's phone."""

from __future__ import annotations

import base64
import os
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

from sandbox.graph_api.clock import iso

# Ids of one kind have equally many digits, so that their order as text is the one in which they were given.
FIRST_HISTORY_ID = 500_000_000_000_001
FIRST_EVENT_ID = 600_000_000_000_001


class Status(StrEnum):
    """How far a message has come; in this order, and failed from any of them."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"  # a voice message; for all others Meta ends with `read`
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Content:
    """What the recipient sees, and what it was made from.

    Attributes:
        text: The text with all parameters in place; the caption of an image.
        header: `{"type": "text", "text": ...}` or `{"type": "image", "link": ...}`; None without one.
        footer: The small line under a template's text.
        buttons: Each with type, text and, for a link, the whole url; for a quick reply, the payload that a tap returns.
        template_name: For a template message.
        language: For a template message.
        category: For a template message.
        parameters: The values that were sent, per component: header, body, buttons.
    """

    text: str
    header: dict[str, str] | None = None
    footer: str | None = None
    buttons: tuple[dict[str, str], ...] = ()
    template_name: str | None = None
    language: str | None = None
    category: str | None = None
    parameters: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class StatusEvent:
    """One thing that happened to a message after it was taken.

    Attributes:
        id: Digits; Meta's history has it.
        status: What happened.
        at: When, in seconds since the epoch.
        error: Why it failed; None for all but a failure.
        webhook_state: How the telling of it went: PENDING, DELIVERED, RETRYING or FAILED; None where nobody listens.
        webhook_uri: Where it was told.
        app_id: Which app was told.
    """

    id: str
    status: Status
    at: float
    error: dict[str, Any] | None = None
    webhook_state: str | None = None
    webhook_uri: str | None = None
    app_id: str | None = None


@dataclass(slots=True)
class Message:
    """One message in the outbox.

    Attributes:
        id: Its wamid; contains the recipient's number, as Meta's do.
        phone_number_id: Who sent it.
        to: The recipient, E.164.
        type: template, text, image or interactive.
        content: What it says.
        received_at: Seconds since the epoch.
        biz_opaque_callback_data: The caller's own data.
        reply_to: The message it answers (`context.message_id`).
        status: How far it has come.
        error: Why it failed, as a status webhook says it.
        held: Meta holds it back; nothing happens to it until somebody says so.
        history_id: Digits; Meta's history has it.
        events: What happened to it, in the order in which it happened.
    """

    id: str
    phone_number_id: str
    to: str
    type: str
    content: Content
    received_at: float
    biz_opaque_callback_data: str | None = None
    reply_to: str | None = None
    status: Status = Status.SENT
    error: dict[str, Any] | None = None
    held: bool = False
    history_id: str = ""
    events: list[StatusEvent] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For people and tests."""
        content = self.content
        return {
            "id": self.id,
            "phone_number_id": self.phone_number_id,
            "to": self.to,
            "type": self.type,
            "template_name": content.template_name,
            "language": content.language,
            "category": content.category,
            "parameters": content.parameters,
            "header": content.header,
            "text": content.text,
            "footer": content.footer,
            "buttons": list(content.buttons),
            "biz_opaque_callback_data": self.biz_opaque_callback_data,
            "reply_to": self.reply_to,
            "received_at": iso(self.received_at),
            "status": self.status,
            "error": self.error,
        }


class Outbox:
    """All messages, oldest first."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._by_id: dict[str, Message] = {}
        self._by_history_id: dict[str, Message] = {}
        self._history_ids = count(FIRST_HISTORY_ID)
        self._event_ids = count(FIRST_EVENT_ID)

    def add(self, message: Message) -> None:
        """Take a message."""
        message.history_id = str(next(self._history_ids))
        self._by_history_id[message.history_id] = message
        self.messages.append(message)
        self._by_id[message.id] = message

    def get(self, message_id: str) -> Message | None:
        """The message with this wamid."""
        return self._by_id.get(message_id)

    def by_history_id(self, history_id: str) -> Message | None:
        """The message with this id in Meta's history."""
        return self._by_history_id.get(history_id)

    def happened(self, message: Message, status: Status, at: float, error: dict[str, Any] | None = None) -> StatusEvent:
        """Write down that this happened to a message.

        Args:
            message: One of these.
            status: What happened.
            at: Seconds since the epoch.
            error: Why it failed; None for all but a failure.
        """
        event = StatusEvent(str(next(self._event_ids)), status, at, error)
        message.events.append(event)
        message.status, message.error = status, error
        return event

    def select(self, **wanted: str | None) -> list[Message]:
        """The messages whose fields have the wanted values; a value of None does not narrow.

        Args:
            **wanted: Names of `Message` or `Content` attributes.
        """
        narrowing = {name: value for name, value in wanted.items() if value is not None}
        return [
            message
            for message in self.messages
            if all(
                getattr(message, name) == value if hasattr(message, name) else getattr(message.content, name) == value
                for name, value in narrowing.items()
            )
        ]

    def counts(self) -> dict[str, int]:
        """How many messages there are in each status."""
        return dict(Counter(message.status for message in self.messages))


def new_wamid(number: str) -> str:
    """A message id: Thrift-packed like Meta's, with the recipient's digits readable inside the base64."""
    digits = number.lstrip("+").encode()
    tail = os.urandom(9).hex().upper().encode()
    packed = b"\x1c\x18" + bytes([len(digits)]) + digits + b"\x15\x02\x00\x11\x18\x12" + tail + b"\x00"
    return "wamid." + base64.b64encode(packed).decode()
