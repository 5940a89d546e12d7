"""Decides who is reminded of what: every stuck run becomes one draft, a message or a skip with its reason.

Pure: what the shop and the message log know comes in as values, so the same decision can be taken again just before a
message is sent (DESIGN, decision 6).
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Draft, SlotHolder, reminder_context_id
from partner_messages.recipients.conversation import consent_refused, conversations_for
from partner_messages.recipients.language import LAST_RESORT, choose_language, normalise_language
from partner_messages.recipients.people import Conversation, Partner, PartnerAdmin
from partner_messages.recipients.phone import choose_phone
from partner_messages.reminders.wording import DEFAULT_FAMILY, Family, variables, wording
from partner_messages.runs.kinds import StuckRun
from partner_messages.templates.catalog import Catalog, Template
from partner_messages.templates.gate import Approval, sendable_language
from partner_messages.tick import Tick
from partner_messages.whatsapp.senders import Sender, choose_sender


@dataclass(frozen=True)
class ShopFacts:
    """What the shop knows about the partners and designs of the stuck runs, at one reading."""

    partners: Mapping[str, Partner]
    admins: Mapping[str, Sequence[PartnerAdmin]] = field(default_factory=dict)
    conversations: Mapping[str, Sequence[Conversation]] = field(default_factory=dict)
    design_names: Mapping[str, str] = field(default_factory=dict)
    reminded_in_shop: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LogFacts:
    """What the message log knows about the tick's day and the runs' past."""

    slot_holders: Mapping[str, SlotHolder] = field(default_factory=dict)
    refused_phones: frozenset[str] = frozenset()
    last_reminded: Mapping[str, dt.date] = field(default_factory=dict)


@dataclass(frozen=True)
class Means:
    """What messages are made of and sent through, and the settings and params that shape them.

    Attributes:
        senders: The configured senders in the order of the setting.
        catalog: The templates.
        family: Which family of templates is sent (setting `template_family`).
        approvals: What is known of each account's templates, by account and name, then by language; None where nothing
            leaves (a dry run), so that everything in the catalog will do.
        allow_marketing: Setting of that name.
        language: One language for everybody (setting `language`).
        fallback_language: The last resort of the language rule.
        limit: How many messages the run may send.
        redirect_to: The one phone that a `redirect` run writes to, E.164.
    """

    senders: Sequence[Sender]
    catalog: Catalog
    language: str | None
    fallback_language: str
    limit: int
    redirect_to: str | None = None
    family: Family = DEFAULT_FAMILY
    approvals: Mapping[tuple[str, str], Mapping[str, Approval]] | None = None
    allow_marketing: bool = False


@dataclass(frozen=True)
class Recipient:
    """How one partner is reached.

    Attributes:
        phone: E.164.
        language: By the language rule.
        readable: Other languages that the partner is known to read, best first.
        sender: Who writes.
    """

    phone: str = field(repr=False)
    language: str
    readable: tuple[str, ...]
    sender: Sender


class _Skipped(Exception):
    """Ends the decision about one run with a reason."""

    def __init__(self, reason: SkipReason) -> None:
        self.reason = reason


def plan_reminders(
    tick: Tick,
    stuck: Sequence[StuckRun],
    *,
    without_partner: Iterable[str],
    shop: ShopFacts,
    log: LogFacts,
    means: Means,
) -> list[Draft]:
    """Decide about every stuck run of a tick, and about every active run that has no partner.

    A run that this very tick has dealt with already (planning was killed and tried again) gets no second draft.
    """
    recipients: dict[str, Recipient | SkipReason] = {}
    unowned = frozenset(without_partner)
    drafts = [_skip_draft(tick, run_id, SkipReason.NO_PARTNER) for run_id in sorted(unowned)]
    for run in stuck:
        if run.production_run_id in unowned:  # It lost its partner since it was found.
            continue
        holder = log.slot_holders.get(run.production_run_id)
        if holder and holder.status != "queued":
            if holder.tick_id != tick.id:
                drafts.append(_reminder(tick, run, skip_reason=SkipReason.DUPLICATE, duplicate_of=holder.id))
            continue
        if run.partner_id not in recipients:
            recipients[run.partner_id] = find_recipient(run.partner_id, shop, means)
        drafts.append(_decide(tick, run, recipients[run.partner_id], shop, log, means))
    return _keep_within_limit(drafts, stuck=stuck, log=log, limit=means.limit)


def find_recipient(partner_id: str, shop: ShopFacts, means: Means) -> Recipient | SkipReason:
    """How a partner is reached, or why not (the rules of the shop that the seed describes)."""
    partner = shop.partners.get(partner_id)
    if partner is None or partner.deleted or partner.status != "active":
        return SkipReason.PARTNER_INACTIVE
    chosen = choose_phone(partner, shop.admins.get(partner_id, ()))
    if chosen.phone is None:
        return SkipReason(chosen.problem or SkipReason.NO_PHONE)
    conversations = conversations_for(partner, chosen.phone, shop.conversations.get(partner_id, ()))
    if consent_refused(conversations):
        return SkipReason.NO_CONSENT
    newest = conversations[0] if conversations else None
    sender = choose_sender(chosen.phone, newest.default_sender_platform_id if newest else None, means.senders)
    if sender is None:
        return SkipReason.NO_SENDER
    language = choose_language(
        explicit=means.language,
        conversation_language=newest.language if newest else None,
        phone=chosen.phone,
        fallback=means.fallback_language,
        allowed=sender.languages,
    )
    readable = tuple(filter(None, (normalise_language(one.language) for one in conversations)))
    return Recipient(chosen.phone, language, readable, sender)


def _decide(
    tick: Tick, run: StuckRun, recipient: Recipient | SkipReason, shop: ShopFacts, log: LogFacts, means: Means
) -> Draft:
    try:
        return _reminder(tick, run, **_message(tick, run, recipient, shop, log, means))
    except _Skipped as skipped:
        return _reminder(tick, run, skip_reason=skipped.reason)


def _message(
    tick: Tick, run: StuckRun, recipient: Recipient | SkipReason, shop: ShopFacts, log: LogFacts, means: Means
) -> dict[str, Any]:
    """What of a draft is decided here, by its fields."""
    if isinstance(recipient, SkipReason):
        raise _Skipped(recipient)
    if run.production_run_id in shop.reminded_in_shop:
        raise _Skipped(SkipReason.ALREADY_IN_SHOP)
    to_phone = means.redirect_to or recipient.phone
    if to_phone in log.refused_phones:
        raise _Skipped(SkipReason.REFUSED_TODAY)
    template = means.catalog.get(wording(run.kind, means.family).template)
    if template is None:
        raise _Skipped(SkipReason.NO_TEMPLATE)
    meant = {"sender": recipient.sender.label, "template_name": template.name}
    language = _language_to_send(template, recipient, means)
    if language is None:
        reason = SkipReason.NO_TEMPLATE if means.approvals is None else SkipReason.NO_APPROVED_TEMPLATE
        return {**meant, "language": recipient.language, "skip_reason": reason}
    partner = shop.partners[run.partner_id]
    design_name = shop.design_names.get(run.design_id) if run.design_id else None
    values = template.clean(
        variables(run, partner_name=partner.name, design_name=design_name, now=tick.now, family=means.family)
    )
    return {
        **meant,
        "to_phone": to_phone,
        "language": language,
        "variables": values,
        "body_text": template.text(language, values),
    }


def _language_to_send(template: Template, recipient: Recipient, means: Means) -> str | None:
    """The language that the template can be sent in, nearest to the wanted one; None where there is none."""
    if means.approvals is None:
        wanted = (recipient.language, *recipient.readable, LAST_RESORT)
        return next((language for language in wanted if language in template.languages), None)
    approvals = means.approvals.get((recipient.sender.waba_id, template.name), {})
    return sendable_language(template, recipient.language, recipient.readable, approvals, means.allow_marketing)


def _reminder(tick: Tick, run: StuckRun, **decided: Any) -> Draft:
    return Draft(
        context_type="production_run",
        context_id=reminder_context_id(run.production_run_id, tick.day),
        message_kind="reminder",
        production_run_ids=(run.production_run_id,),
        reminder_kind=run.kind,
        production_run_id=run.production_run_id,
        partner_id=run.partner_id,
        design_id=run.design_id,
        **decided,
    )


def _skip_draft(tick: Tick, production_run_id: str, reason: SkipReason) -> Draft:
    return Draft(
        context_type="production_run",
        context_id=reminder_context_id(production_run_id, tick.day),
        message_kind="reminder",
        production_run_ids=(production_run_id,),
        production_run_id=production_run_id,
        skip_reason=reason,
    )


def _keep_within_limit(drafts: Sequence[Draft], *, stuck: Sequence[StuckRun], log: LogFacts, limit: int) -> list[Draft]:
    """Put off what is over the limit: the least recently reminded runs go first, then the oldest."""
    messages = [draft for draft in drafts if not draft.skip_reason]
    if len(messages) <= limit:
        return list(drafts)
    since = {run.production_run_id: run.since for run in stuck}

    def urgency(draft: Draft) -> tuple[dt.date, dt.datetime, str]:
        run_id = draft.production_run_ids[0]
        return (log.last_reminded.get(run_id, dt.date.min), since[run_id], run_id)

    put_off = {draft.id for draft in sorted(messages, key=urgency)[limit:]}
    return [replace(draft, skip_reason=SkipReason.OVER_LIMIT) if draft.id in put_off else draft for draft in drafts]


def blast_radius(confirm_above: int | None, recent_sizes: Sequence[int]) -> int:
    """How many messages a live run may send without being confirmed.

    Args:
        confirm_above: The setting, if ops chose a number.
        recent_sizes: What the last ten live ticks planned; without a number of its own the limit is three times their
            median, at least 50.
    """
    if confirm_above is not None:
        return confirm_above
    return max(50, round(3 * statistics.median(recent_sizes or [0])))
