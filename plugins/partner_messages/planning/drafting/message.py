"""Chooses the best template that can be sent to a recipient, and fills in its variables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.planning.drafting.inputs import DraftingSetup, ShopKnowledge
from partner_messages.planning.drafting.recipient import Recipient
from partner_messages.templates.approvals.gate import sendable_language
from partner_messages.templates.catalog.stand_ins import STAND_INS, stand_in
from whatsapp_provider.languages import LAST_RESORT
from whatsapp_provider.templates.catalog import Template
from whatsapp_provider.templates.cleaning import clean, without_markup


def names_of(recipient: Recipient, design_id: str | None, shop: ShopKnowledge) -> dict[str, str]:
    """The names that every template speaks of; one that the shop does not know is empty (`templates.stand_ins`)."""
    return {"partner_name": recipient.name or "", "design_name": shop.design_name(design_id) or ""}


def message_columns(
    recipient: Recipient,
    templates: Sequence[str],
    values: Mapping[str, str],
    *,
    picture: str | None,
    refused_phones: Collection[str],
    setup: DraftingSetup,
    numbers: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """What of a draft follows from its recipient and its words, by the draft's fields; a skip where it cannot be sent.

    Args:
        recipient: Who gets it.
        templates: See `address_columns`, as of the rest.
        values: Of the variables of all these templates.
        picture: URL of one that Meta would take.
        refused_phones: Numbers that Meta refused today for the recipient's own sake.
        setup: The senders, templates, settings and params.
        numbers: What the templates' phrases tell.
    """
    columns = address_columns(recipient, templates, picture=picture, refused_phones=refused_phones, setup=setup)
    template = setup.catalog.get(columns.get("template_name", ""))
    if template is None or "skip_reason" in columns:
        return columns
    return columns | in_the_words_of(template, columns["language"], values, numbers)


def address_columns(
    recipient: Recipient,
    templates: Sequence[str],
    *,
    picture: str | None,
    refused_phones: Collection[str],
    setup: DraftingSetup,
) -> dict[str, Any]:
    """As `message_columns`, without the text: whether it can be sent, from which sender, which template and language.

    Args:
        recipient: Who gets it.
        templates: Names, the best first; where that one shows a picture and there is none, the next one is taken.
        picture: URL of one that Meta would take.
        refused_phones: Numbers that Meta refused today for the recipient's own sake.
        setup: The senders, templates, settings and params.
    """
    to_phone = setup.redirect_to or recipient.phone
    if to_phone in refused_phones:
        return {"skip_reason": SkipReason.REFUSED_TODAY}
    template = _first_that_can_be_made(templates, picture, setup)
    if template is None:
        return {"skip_reason": SkipReason.NO_TEMPLATE}
    meant = {"sender": recipient.sender.label, "template_name": template.name}
    language = _language_to_send(template, recipient, setup)
    if language is None:
        reason = SkipReason.NO_TEMPLATE if setup.approvals is None else SkipReason.NO_APPROVED_TEMPLATE
        if _language_to_send(template, recipient, setup, for_all=True):
            return {**meant, "language": recipient.language, "skip_reason": SkipReason.OPTED_OUT}
        if template.name != templates[0]:
            reason = SkipReason.NO_PICTURE
        return {**meant, "language": recipient.language, "skip_reason": reason}
    return {
        **meant,
        "to_phone": to_phone,
        "language": language,
        "image_url": picture if template.picture else None,
    }


def in_the_words_of(
    template: Template, language: str, values: Mapping[str, str], numbers: Mapping[str, int] = MappingProxyType({})
) -> dict[str, Any]:
    """What of a draft follows from its words alone: the template's variables and the text that they make.

    What people have typed is shown as they typed it, without WhatsApp's markup, and what nobody has typed in words of
    the message's language.
    """
    typed = {
        name: clean(without_markup(values[name]), stand_in(name, language)) for name in STAND_INS if name in values
    }
    cleaned = template.clean({**values, **typed, **template.in_words(language, numbers)})
    return {"variables": cleaned, "body_text": template.text(language, cleaned)}


def _first_that_can_be_made(names: Sequence[str], picture: str | None, setup: DraftingSetup) -> Template | None:
    for name in names:
        template = setup.catalog.get(name)
        if template is None or picture or not template.picture:
            return template
    return None


def _language_to_send(
    template: Template, recipient: Recipient, setup: DraftingSetup, *, for_all: bool = False
) -> str | None:
    """The language that the template can be sent in, nearest to the wanted one; None where there is none.

    Args:
        template: The template.
        recipient: Who gets it.
        setup: The senders, templates, settings and params.
        for_all: Whether it is asked for everybody: of one who has stopped this business's marketing, no template will
            do that Meta bills as such.
    """
    if setup.approvals is None:
        wanted = (recipient.language, *recipient.readable, LAST_RESORT)
        return next((language for language in wanted if language in template.languages), None)
    approvals = setup.approvals.get((recipient.sender.waba_id, template.name), {})
    allowed = setup.allow_marketing and (for_all or setup.preferences.takes_marketing(recipient.phone))
    return sendable_language(template, recipient.language, recipient.readable, approvals, allowed)
