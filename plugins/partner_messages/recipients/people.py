"""Who may be written to, as the shop knows them (values only; one value is one row)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Partner:
    """One textile partner.

    Attributes:
        id: The shop's partner id.
        name: What the partner is called; the shop says not null, old rows disagree.
        status: `active`, `inactive` or `pending`.
        deleted: Whether the shop has soft-deleted the row.
        whatsapp_number: As typed, in any format.
        whatsapp_verified: Whether the partner has proven that the number is theirs.
        country_code: ISO 3166 alpha-2; how national numbers of this partner and its admins are read.
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
    """One person who acts for a partner in the portal.

    Attributes:
        id: The shop's admin id.
        partner_id: The partner this person acts for.
        phone: As typed, in any format.
        is_active: Whether the person still acts for the partner.
        created_at: When the shop got to know the person; the first one stands in for the partner. None where its time
            cannot be.
    """

    id: str
    partner_id: str
    phone: str | None = field(repr=False)
    is_active: bool
    created_at: dt.datetime | None


@dataclass(frozen=True)
class Conversation:
    """One thread of the shop's inbox with a partner.

    Attributes:
        id: The shop's conversation id.
        partner_id: The partner on the other side.
        phone_number: As Meta or a person wrote it, with or without `+`; or the person's id within the business.
        country_code: The partner's.
        status: `active` or `archived`.
        deleted: Whether the shop has soft-deleted the row.
        last_message_at: When somebody last wrote, if anybody did.
        default_sender_platform_id: The sender (`social_platform`) this conversation is pinned to, if any.
        language: The saved language, if any.
        consent_given: What the partner said about being written to; None means nothing was said.
        consent_given_at: When the first "yes" was said, as the shop wrote it (ISO 8601), if it did.
        consent_source: Who brought the conversation about, if the shop noted it: `admin_initiated`,
            `system_notification`.
        created_at: When the conversation began.
        updated_at: When anything about it was last written.
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
    """What a partner has written, as the shop's own webhook has kept it.

    Attributes:
        id: The shop's row.
        wamid: Meta's id of it, if the row has it.
        content: A text, the label of a button that was tapped, or a caption (empty where a picture has none).
        message_type: `text`, `interactive` (whatever button was tapped) or `media`.
        at: When the shop wrote it down; Meta's own time is not kept.
        partner_id: Whose conversation it is in.
        phone_number: The conversation's, as Meta or a person wrote it.
        country_code: The partner's.
        mime_type: Of a picture or a voice message, where the shop keeps it.
        context_wamid: Meta's id of the message that it answers, where the shop has that one.
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
