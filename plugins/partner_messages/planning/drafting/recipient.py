"""How one partner is reached, by the rules of the shop that the seed describes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from partner_messages.config.languages import choose_language
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.planning.drafting.inputs import DraftingSetup, ShopKnowledge
from partner_messages.recipients.conversation import consent_refused, conversations_for
from partner_messages.recipients.people import Partner
from partner_messages.recipients.phone import PhoneChoice, choose_phone
from partner_messages.recipients.sender_choice import choose_sender
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.languages import normalise_language
from whatsapp_provider.masking import mask_phone

READINGS = "readings"
"""The key, in the `variables` of a skip `ambiguous_phone`, of the numbers (masked) that the typed one may mean."""


@dataclass(frozen=True)
class Recipient:
    """How one partner is reached.

    Attributes:
        name: What the partner is called, if the shop says it.
        phone: E.164.
        language: By the language rule.
        readable: Other languages that the partner is known to read, best first.
        sender: Who writes.
    """

    name: str | None
    phone: str = field(repr=False)
    language: str
    readable: tuple[str, ...]
    sender: Sender


def recipient_of_run(
    production_run_id: str, partner_id: str, shop: ShopKnowledge, setup: DraftingSetup, *, lifecycle: bool = False
) -> Recipient | SkipReason:
    """How a partner is reached about one run, or why not (`lifecycle` as in `find_recipient`)."""
    if production_run_id in setup.paused_runs:
        return SkipReason.PAUSED
    return find_recipient(partner_id, shop, setup, lifecycle=lifecycle)


def find_recipient(
    partner_id: str, shop: ShopKnowledge, setup: DraftingSetup, *, lifecycle: bool = False
) -> Recipient | SkipReason:
    """How a partner is reached, or why not.

    Args:
        partner_id: The partner.
        shop: What the shop knows.
        setup: The senders, templates, settings and params, and what partners have said.
        lifecycle: Whether it is a lifecycle message, and no reminder.
    """
    if partner_id in setup.paused:
        return SkipReason.PAUSED
    partner = shop.partners.get(partner_id)
    if partner is None or partner.deleted or partner.status == "inactive":
        return SkipReason.PARTNER_INACTIVE
    chosen = _phone_of(partner, shop)
    if chosen.phone is None:
        return SkipReason(chosen.problem or SkipReason.NO_PHONE)
    known = shop.conversations.get(partner_id, ())
    if consent_refused(partner, chosen.phone, known):
        return SkipReason.NO_CONSENT
    if silenced := _silenced(partner_id, chosen.phone, setup, lifecycle=lifecycle):
        return silenced
    conversations = conversations_for(partner, chosen.phone, known)
    newest = conversations[0] if conversations else None
    sender = choose_sender(chosen.phone, newest.default_sender_platform_id if newest else None, setup.senders)
    if sender is None:
        return SkipReason.NO_SENDER
    language = choose_language(
        # First operations' choice for this partner, then the partner's own, then the one for everybody.
        explicit=setup.own_languages.get(partner_id) or setup.preferences.language_of(chosen.phone) or setup.language,
        conversation_language=newest.language if newest else None,
        phone=chosen.phone,
        fallback=setup.fallback_language,
        allowed=sender.languages,
    )
    readable = tuple(filter(None, (normalise_language(one.language) for one in conversations)))
    return Recipient(partner.name, chosen.phone, language, readable, sender)


def _silenced(partner_id: str, phone: str, setup: DraftingSetup, *, lifecycle: bool) -> SkipReason | None:
    """Whether the partner's own word, or one that was entered for them, keeps them from being written to."""
    if setup.preferences.has_opted_out(partner_id, phone):
        return None if lifecycle and setup.lifecycle_after_opt_out else SkipReason.OPTED_OUT
    if not lifecycle and setup.preferences.waits_for_a_person(partner_id, phone):
        return SkipReason.ANSWERED
    return None


def why_not(partner_id: str, reason: SkipReason, shop: ShopKnowledge) -> dict[str, Any]:
    """The columns of a draft whose partner cannot be reached: the reason, and what is needed to repair it."""
    if reason not in (SkipReason.AMBIGUOUS_PHONE, SkipReason.ANSWERED):
        return {"skip_reason": reason}
    chosen = _phone_of(shop.partners[partner_id], shop)
    if reason == SkipReason.ANSWERED:
        # By the phone it is known what was written there: a person has to decide what it means.
        return {"skip_reason": reason, "to_phone": chosen.phone}
    readings = [mask_phone(phone) for phone in chosen.readings]
    return {"skip_reason": reason, "variables": {READINGS: " or ".join(readings)}}


def _phone_of(partner: Partner, shop: ShopKnowledge) -> PhoneChoice:
    return choose_phone(partner, shop.admins.get(partner.id, ()), shop.reached_at.get(partner.id, frozenset()))
