"""The messages that Meta has accepted, as on the recipient's phone."""

from __future__ import annotations

import base64
import os
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

from sandbox.graph_api.clock import iso

# Ids of one kind have the same number of digits, so that they sort as text.
FIRST_HISTORY_ID = 500_000_000_000_001
FIRST_EVENT_ID = 600_000_000_000_001


class Status(StrEnum):
    """The statuses of a message, in order; a message may fail after any of them."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"  # Only for a voice message.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Content:
    """What the recipient sees, and its parameters.

    Attributes:
        text: The filled-in text; the caption of an image.
        header: `{"type": "text", "text": ...}` or `{"type": "image", "link": ...}`; None without one.
        footer: The small line under a template's text.
        buttons: Each with type, text and, for a link, the whole URL; for a quick reply, the payload.
        template_name: For a template message.
        language: For a template message.
        category: For a template message.
        parameters: The sent values by component: header, body, buttons.
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
    """A status of a message with its time.

    Attributes:
        id: Its id in Meta's history (digits).
        status: The status.
        at: The time, in seconds since the epoch.
        error: The error of a failure.
        webhook_state: The state of its webhook: PENDING, DELIVERED, RETRYING or FAILED; None without subscribers.
        webhook_uri: The URL to which it was sent.
        app_id: The app to which it was sent.
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
    """A message in the outbox.

    Attributes:
        id: Its wamid; contains the recipient's number, as Meta's do.
        phone_number_id: The sender.
        to: The recipient, E.164.
        type: template, text, image or interactive.
        content: What the recipient sees.
        received_at: Seconds since the epoch.
        biz_opaque_callback_data: The caller's own data.
        reply_to: The answered message (`context.message_id`).
        status: Its present status.
        error: The error of a failure, as in a status webhook.
        held: Meta holds it back: it gets statuses only if they are ordered.
        history_id: Its id in Meta's history (digits).
        events: Its statuses in order.
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
        """Add an accepted message."""
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
        """Add a status to a message; `at` is in seconds since the epoch."""
        event = StatusEvent(str(next(self._event_ids)), status, at, error)
        message.events.append(event)
        message.status, message.error = status, error
        return event

    def select(self, **wanted: str | None) -> list[Message]:
        """The messages whose fields have the wanted values; None means any value.

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
        """The number of messages in each status."""
        return dict(Counter(message.status for message in self.messages))


def new_wamid(number: str) -> str:
    """A message id in Meta's form (Thrift in base64), with the recipient's digits in it."""
    digits = number.lstrip("+").encode()
    tail = os.urandom(9).hex().upper().encode()
    packed = b"\x1c\x18" + bytes([len(digits)]) + digits + b"\x15\x02\x00\x11\x18\x12" + tail + b"\x00"
    return "wamid." + base64.b64encode(packed).decode()
