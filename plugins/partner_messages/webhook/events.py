"""The parsed items of a webhook (docs/reference/whatsapp-cloud-api.md, section 5).

Every `at` is an aware time in UTC, from Meta's `timestamp`. A field that Meta may leave out may be None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

LARGEST_BATCH = 1_000
"""Items that Meta sends in one webhook at most."""


@dataclass(frozen=True)
class MetaError:
    """Why a message failed; Meta sends it once, with the status `failed`."""

    code: int
    title: str | None = None
    details: str | None = None


@dataclass(frozen=True)
class Pricing:
    """How Meta bills a message; part of `sent` and of the first of `delivered` and `read`."""

    category: str | None = None
    billable: bool | None = None
    type: str | None = None
    """`regular`, `free_customer_service` or `free_entry_point`."""
    model: str | None = None
    """`PMP` (per message)."""


@dataclass(frozen=True)
class StatusUpdate:
    """A status of a message that one of the numbers sent; the shop may have sent it."""

    phone_number_id: str
    wamid: str
    status: str
    """`sent`, `delivered`, `read`, `played` or `failed`."""
    at: datetime
    recipient: str | None = field(default=None, repr=False)
    """E.164 with +."""
    user_id: str | None = None
    """Meta's business-scoped id of a person who has a username."""
    opaque: str | None = None
    """`biz_opaque_callback_data`: the id of the row in `message_log`, if the message is ours."""
    errors: tuple[MetaError, ...] = ()
    pricing: Pricing | None = None


@dataclass(frozen=True)
class InboundMessage:
    """A message that somebody wrote to one of the numbers, or a button that they tapped."""

    phone_number_id: str
    wamid: str
    sender: str | None = field(repr=False)
    """E.164 with +; None if Meta sends only the `user_id`."""
    user_id: str | None
    kind: str
    """Meta's type: text, button, interactive, reaction, image, video, audio, document, sticker, location, ..."""
    text: str | None = field(repr=False)
    """The body of a text, the label of a button or an interactive reply, the emoji of a reaction, or a caption."""
    payload: str | None
    """The payload of a button or an interactive reply."""
    context_wamid: str | None
    """Meta's id of the message that it answers."""
    at: datetime
    profile_name: str | None = field(default=None, repr=False)
    edited: bool = False


@dataclass(frozen=True)
class PreferenceUpdate:
    """Somebody has stopped, or resumed, a category of messages in WhatsApp's own settings."""

    phone_number_id: str
    sender: str | None = field(repr=False)
    user_id: str | None
    category: str
    value: str
    """`stop` or `resume`."""
    at: datetime


@dataclass(frozen=True)
class TemplateUpdate:
    """A change of a template on an account."""

    waba_id: str
    field: str
    """Meta's field: `message_template_status_update`, `template_category_update`, ..."""
    template_id: str | None
    name: str | None
    language: str | None
    """With an underscore (`en_US`)."""
    event: str | None
    reason: str | None
    category: str | None
    correct_category: str | None
    """The category that Meta has announced but not applied yet."""
    quality: str | None
    at: datetime


@dataclass(frozen=True)
class AccountUpdate:
    """A change of an account or of one of its numbers."""

    waba_id: str
    field: str
    event: str | None
    phone_number: str | None
    detail: Mapping[str, Any]
    """The whole item."""
    at: datetime


@dataclass(frozen=True)
class Unrecognised:
    """An item that could not be parsed; the other items of its webhook are still applied."""

    field: str | None
    why: str
    at: datetime | None
    items: int = 1
    """The number of items that it stands for."""


Item: TypeAlias = StatusUpdate | InboundMessage | PreferenceUpdate | TemplateUpdate | AccountUpdate | Unrecognised
