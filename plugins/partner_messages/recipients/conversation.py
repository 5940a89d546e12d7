"""Which of the shop's conversations speaks for a phone, and whether it forbids writing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from partner_messages.recipients.people import Conversation, Partner
from partner_messages.recipients.phone import to_e164

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


def conversations_for(partner: Partner, phone: str, conversations: Iterable[Conversation]) -> tuple[Conversation, ...]:
    """The partner's active conversations on one phone, newest first; the first one decides language and sender.

    The shop keeps several for one phone (`+39…` beside `39…`), so numbers are compared as E.164. Newest is by
    `last_message_at`, one in which nobody ever wrote comes last, and of equals the later id (ULIDs sort by time).

    Args:
        partner: Whose conversations they are; others are left out.
        phone: The chosen phone, E.164.
        conversations: In any order.
    """
    found = (
        conversation
        for conversation in conversations
        if conversation.partner_id == partner.id
        and conversation.status == "active"
        and to_e164(conversation.phone_number, partner.country_code) == phone
    )
    return tuple(sorted(found, key=lambda one: (one.last_message_at or _NEVER, one.id), reverse=True))


def consent_refused(conversations: Sequence[Conversation]) -> bool:
    """Whether the partner said not to be written to.

    The newest conversation decides. Where it says nothing, one "no" anywhere on this phone counts: silence in a new
    thread takes nothing back.

    Args:
        conversations: As `conversations_for` gives them.
    """
    if not conversations:
        return False
    newest = conversations[0].consent_given
    if newest is not None:
        return not newest
    return any(conversation.consent_given is False for conversation in conversations)
