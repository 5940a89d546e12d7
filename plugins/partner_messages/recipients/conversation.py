"""Choose the shop's conversation for a phone, and check its consent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from partner_messages.recipients.people import Conversation, Partner
from partner_messages.recipients.phone import readings_of_address
from partner_messages.recipients.spelling import is_same_phone

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_ADMIN_INITIATED = "admin_initiated"
"""The `consent_source` of a "yes" that the shop's own people have set; it is not the partner's consent."""


def conversations_for(partner: Partner, phone: str, conversations: Iterable[Conversation]) -> tuple[Conversation, ...]:
    """The partner's active conversations on one phone, newest first; the first one decides language and sender.

    The shop keeps several for one phone (`+39…` beside `39…`, `521…` beside `+52…`). They are sorted by
    `last_message_at` (without a message: last), then by id (ULIDs sort by time).

    Args:
        partner: The partner; others' conversations are ignored.
        phone: The chosen phone, E.164.
        conversations: In any order.
    """
    found = (
        conversation
        for conversation in conversations
        if conversation.partner_id == partner.id
        and conversation.status == "active"
        and not conversation.deleted
        and _may_be_on(conversation, phone)
    )
    return tuple(sorted(found, key=lambda one: (one.last_message_at or _NEVER, one.id), reverse=True))


def consent_refused(partner: Partner, phone: str, conversations: Iterable[Conversation]) -> bool:
    """Whether a "no" of the partner, or of anybody on the phone, holds.

    A "no" holds for the partner on any phone and for the phone with any partner, also in an archived or deleted
    conversation. Only a later "yes" on this phone withdraws it. The shop keeps no time of a "no", so the last change of
    its row is used.

    Args:
        partner: The recipient.
        phone: The chosen phone, E.164.
        conversations: The partner's, and all others on this phone.
    """
    known = list(conversations)
    refused = [
        one for one in known if one.consent_given is False and (one.partner_id == partner.id or _may_be_on(one, phone))
    ]
    agreed = max((_agreed_since(one) for one in known if _is_on(one, phone)), default=_NEVER)
    return any(one.updated_at is None or one.updated_at >= agreed for one in refused)


def _agreed_since(conversation: Conversation) -> dt.datetime:
    """Since when the partner's own "yes" has certainly existed; the minimal time if there is none."""
    since = _moment(conversation.consent_given_at) or conversation.created_at
    own = conversation.consent_given is True and conversation.consent_source != _ADMIN_INITIATED
    if not own or conversation.deleted or since is None or conversation.updated_at is None:
        return _NEVER
    return min(since, conversation.updated_at)


def _moment(written: str | None) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(written or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _may_be_on(conversation: Conversation, phone: str) -> bool:
    return any(is_same_phone(one, phone) for one in _numbers_of(conversation))


def _is_on(conversation: Conversation, phone: str) -> bool:
    meant = _numbers_of(conversation)
    return bool(meant) and all(is_same_phone(one, phone) for one in meant)


def _numbers_of(conversation: Conversation) -> tuple[str, ...]:
    return readings_of_address(conversation.phone_number, conversation.country_code)
