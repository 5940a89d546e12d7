"""Messages of partners to the business, in Meta's forms (D/webhooks/reference/messages)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.graph_api.outbox import new_wamid

MEDIA_TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg; codecs=opus",
    "document": "application/pdf",
    "sticker": "image/webp",
}
KINDS_WITH_CAPTION = {"image", "video", "document"}


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message of a partner to the business.

    Attributes:
        phone_number_id: The business number.
        sender: The partner, E.164.
        text: The text, for people.
        received_at: Seconds since the epoch.
        kind: Meta's `type`.
        content: Meta's object of that type, under its name.
        context: The wamid of the answered message; None if Meta does not send it.
        name: The partner's profile name.
        user_id: Their business-scoped user id; None for the default one of the number.
        hides_number: The partner has a username: Meta sends only the user id.
        id: Its wamid.
    """

    phone_number_id: str
    sender: str
    text: str
    received_at: float
    kind: str = "text"
    content: dict[str, Any] = field(default_factory=dict)
    context: str | None = None
    name: str = "A partner"
    user_id: str | None = None
    hides_number: bool = False
    id: str = ""

    def as_json(self) -> dict[str, Any]:
        """For people and tests."""
        return {"id": self.id, "kind": self.kind, "text": self.text, "context": self.context, "sender": self.sender}


@dataclass(frozen=True, slots=True)
class PartnerAction:
    """What a partner does: write, tap, react, edit, revoke.

    Attributes:
        text: A text, a caption, a button's label or an emoji.
        payload: A button's payload, or a reply button's id; by default the text, as at Meta.
        about: The message that is reacted to, edited or revoked.
    """

    text: str
    payload: str | None = None
    about: str | None = None


def _media(kind: str) -> Callable[[PartnerAction], dict[str, Any]]:
    def made(action: PartnerAction) -> dict[str, Any]:
        digest = hashlib.sha256(f"{kind} {action.text}".encode()).digest()
        number = str(int.from_bytes(digest[:6], "big"))
        media: dict[str, Any] = {
            "mime_type": MEDIA_TYPES[kind],
            "sha256": base64.b64encode(digest).decode(),
            "id": number,
            "url": f"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={number}",
        }
        if kind in KINDS_WITH_CAPTION and action.text:
            media["caption"] = action.text
        if kind == "document":
            media["filename"] = "file.pdf"
        return media

    return made


INBOUND_KINDS: dict[str, Callable[[PartnerAction], Any]] = {
    "text": lambda action: {"body": action.text},
    "button": lambda action: {"payload": action.payload or action.text, "text": action.text},
    "interactive": lambda action: {
        "type": "button_reply",
        "button_reply": {"id": action.payload or action.text, "title": action.text},
    },
    # A removed reaction has no emoji.
    "reaction": lambda action: {"message_id": action.about} | ({"emoji": action.text} if action.text else {}),
    **{kind: _media(kind) for kind in MEDIA_TYPES},
    "location": lambda action: {"latitude": 26.9124, "longitude": 75.7873, "name": action.text},
    "contacts": lambda action: [{"name": {"formatted_name": action.text}, "phones": []}],
    "unsupported": lambda _: {"type": "unknown"},
    "edit": lambda action: {
        "original_message_id": action.about,
        "message": {"type": "text", "text": {"body": action.text}},
    },
    "revoke": lambda action: {"original_message_id": action.about},
}
"""Meta's types, each with the function that makes its object."""

UNSUPPORTED = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}


def inbound_message(
    phone_number_id: str, sender: str, received_at: float, kind: str, action: PartnerAction, **more: Any
) -> Inbound:
    """The message for an action of a partner, in Meta's form.

    Args:
        phone_number_id: The business number.
        sender: The partner, E.164.
        received_at: Seconds since the epoch.
        kind: One of `INBOUND_KINDS`.
        action: The action.
        **more: Further attributes of `Inbound`.
    """
    content: dict[str, Any] = {kind: INBOUND_KINDS[kind](action)}
    if kind == "unsupported":
        content["errors"] = [UNSUPPORTED]
    return Inbound(
        phone_number_id=phone_number_id,
        sender=sender,
        text=action.text,
        received_at=received_at,
        kind=kind,
        content=content,
        id=new_wamid(sender),
        **more,
    )
