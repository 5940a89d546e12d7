"""What a partner sends to the business, in each form in which Meta reports it (D/webhooks/reference/messages)."""

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
CAPTIONED = {"image", "video", "document"}


@dataclass(frozen=True, slots=True)
class Inbound:
    """Something a partner sent to the business, which opens the 24-hour window.

    Attributes:
        phone_number_id: Who got it.
        sender: The partner, E.164.
        text: What it says, for people.
        received_at: Seconds since the epoch.
        kind: Meta's `type`.
        content: Meta's object of that type, under its name.
        context: The message that it answers; None where Meta does not say.
        name: The partner's profile name.
        user_id: Their business-scoped user id; None for the one that goes with the number.
        hides_number: The partner has a username: Meta says their user id only.
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
class Said:
    """What a partner does, before it has Meta's form.

    Attributes:
        text: A text, a caption, a button's label or an emoji.
        payload: Of a button, or the id of a reply button; None takes the text, as Meta does.
        about: The message that is reacted to, edited or revoked.
    """

    text: str
    payload: str | None = None
    about: str | None = None


def _media(kind: str) -> Callable[[Said], dict[str, Any]]:
    def made(said: Said) -> dict[str, Any]:
        digest = hashlib.sha256(f"{kind} {said.text}".encode()).digest()
        number = str(int.from_bytes(digest[:6], "big"))
        media: dict[str, Any] = {
            "mime_type": MEDIA_TYPES[kind],
            "sha256": base64.b64encode(digest).decode(),
            "id": number,
            "url": f"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={number}",
        }
        if kind in CAPTIONED and said.text:
            media["caption"] = said.text
        if kind == "document":
            media["filename"] = "file.pdf"
        return media

    return made


KINDS: dict[str, Callable[[Said], Any]] = {
    "text": lambda said: {"body": said.text},
    "button": lambda said: {"payload": said.payload or said.text, "text": said.text},
    "interactive": lambda said: {
        "type": "button_reply",
        "button_reply": {"id": said.payload or said.text, "title": said.text},
    },
    # A reaction that is taken back has no emoji.
    "reaction": lambda said: {"message_id": said.about} | ({"emoji": said.text} if said.text else {}),
    **{kind: _media(kind) for kind in MEDIA_TYPES},
    "location": lambda said: {"latitude": 26.9124, "longitude": 75.7873, "name": said.text},
    "contacts": lambda said: [{"name": {"formatted_name": said.text}, "phones": []}],
    "unsupported": lambda _: {"type": "unknown"},
    "edit": lambda said: {
        "original_message_id": said.about,
        "message": {"type": "text", "text": {"body": said.text}},
    },
    "revoke": lambda said: {"original_message_id": said.about},
}
"""Each of Meta's types, and what the object under its name looks like."""

UNSUPPORTED = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}


def made_inbound(phone_number_id: str, sender: str, received_at: float, kind: str, said: Said, **more: Any) -> Inbound:
    """Give what a partner did Meta's form.

    Args:
        phone_number_id: Who gets it.
        sender: The partner, E.164.
        received_at: Seconds since the epoch.
        kind: One of `KINDS`.
        said: What they did.
        **more: Further attributes of `Inbound`.
    """
    content: dict[str, Any] = {kind: KINDS[kind](said)}
    if kind == "unsupported":
        content["errors"] = [UNSUPPORTED]
    return Inbound(
        phone_number_id=phone_number_id,
        sender=sender,
        text=said.text,
        received_at=received_at,
        kind=kind,
        content=content,
        id=new_wamid(sender),
        **more,
    )
