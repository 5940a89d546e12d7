"""Rows of the shop: partners, their admins, conversations and inbox messages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Partner:
    """A textile partner.

    Attributes:
        id: The shop's partner id.
        name: The name; null in old rows only.
        status: `active`, `inactive` or `pending`.
        deleted: Whether the shop has soft-deleted the row.
        whatsapp_number: As typed, in any format.
        whatsapp_verified: Whether the partner has proven that the number is theirs.
        country_code: ISO 3166 alpha-2; national numbers of this partner and its admins are read with it.
    """

    id: str
    name: str | None
    status: str
    deleted: bool
    whatsapp_number: str | None = field(repr=False)
    whatsapp_verified: bool
    country_code: str | None


@dataclass(frozen=True)
class PartnerAdmin:
    """A person who works for a partner.

    Attributes:
        id: The shop's admin id.
        partner_id: The partner.
        phone: As typed, in any format.
        is_active: Whether the person still works for the partner.
        created_at: When the row was created (the oldest admin's phone is used); None if the shop's value is no valid
            time.
    """

    id: str
    partner_id: str
    phone: str | None = field(repr=False)
    is_active: bool
    created_at: dt.datetime | None


@dataclass(frozen=True)
class Conversation:
    """A conversation of the shop's inbox with a partner.

    Attributes:
        id: The shop's conversation id.
        partner_id: The partner.
        phone_number: As Meta or a person wrote it, with or without `+`; or Meta's business-scoped user id.
        country_code: The partner's.
        status: `active` or `archived`.
        deleted: Whether the shop has soft-deleted the row.
        last_message_at: The time of the last message, if any.
        default_sender_platform_id: The sender (`social_platform`) this conversation is pinned to, if any.
        language: The saved language, if any.
        consent_given: The partner's consent; None if it is not known.
        consent_given_at: The time of the first "yes" as the shop wrote it (ISO 8601), if any.
        consent_source: The origin of the conversation, if known: `admin_initiated`, `system_notification`.
        created_at: When the row was created.
        updated_at: When the row was last changed.
    """

    id: str
    partner_id: str
    phone_number: str = field(repr=False)
    country_code: str | None
    status: str
    deleted: bool
    last_message_at: dt.datetime | None
    default_sender_platform_id: str | None
    language: str | None
    consent_given: bool | None
    consent_given_at: str | None
    consent_source: str | None
    created_at: dt.datetime | None
    updated_at: dt.datetime | None


@dataclass(frozen=True)
class InboxMessage:
    """A message of a partner in the shop's inbox.

    Attributes:
        id: The id of the shop's row.
        wamid: Meta's message id, if the row has it.
        content: A text, the label of a tapped button, or a caption (may be empty).
        message_type: `text`, `interactive` (any tapped button) or `media`.
        at: When the shop stored it; Meta's own time is not kept.
        partner_id: The partner of its conversation.
        phone_number: The conversation's, as Meta or a person wrote it.
        country_code: The partner's.
        mime_type: Of a picture or a voice message, if the shop keeps it.
        context_wamid: Meta's id of the message that it answers, if the shop has that one.
    """

    id: str
    wamid: str | None
    content: str = field(repr=False)
    message_type: str
    at: dt.datetime
    partner_id: str
    phone_number: str = field(repr=False)
    country_code: str | None
    mime_type: str | None
    context_wamid: str | None
