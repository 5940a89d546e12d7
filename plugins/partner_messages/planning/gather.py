"""Gathers what messages are drafted from: settings, senders, templates and approvals, and what the shop knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from partner_messages.config.calendars import on_holiday
from partner_messages.config.pieces import pieces
from partner_messages.config.settings import Settings
from partner_messages.deployment.live_settings import load_senders
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.history import refused_phones
from partner_messages.message_log.preferences import preferences
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import reminder_context_id
from partner_messages.planning.drafting.inputs import DraftingSetup, ShopKnowledge
from partner_messages.planning.left_alone import LeftAlone
from partner_messages.planning.reminders.inputs import LogKnowledge
from partner_messages.planning.said import what_partners_said
from partner_messages.planning.template_gate import approvals_of_run
from partner_messages.recipients.people import Conversation
from partner_messages.recipients.phone import choose_phone
from partner_messages.shop.shop import Shop
from partner_messages.templates.catalog.installed import installed_catalog
from whatsapp_provider.api.errors import RECIPIENT_CODES
from whatsapp_provider.api.senders import Sender


def setup_for_planning(
    connection: LogConnection, tick: Tick, settings: Settings, *, limit: int | None, redirect_to: str | None
) -> DraftingSetup:
    """The setup of a run that plans: every sender, and what Meta has approved on each account.

    Args:
        connection: The message log.
        tick: The run's tick.
        settings: The settings.
        limit: The run's own param, if it has one.
        redirect_to: The one phone that a `redirect` run writes to.
    """
    limit = limit or settings.max_messages_per_run
    if tick.delivery == "redirect":
        limit = min(limit, settings.redirect_limit)
    senders = load_senders(settings)
    approvals = approvals_of_run(connection, tick, senders, installed_catalog())
    setup = setup_of(connection, tick, settings, senders, limit=limit, redirect_to=redirect_to)
    return replace(setup, approvals=approvals)


def setup_of(
    connection: LogConnection,
    tick: Tick,
    settings: Settings,
    senders: Sequence[Sender],
    *,
    limit: int,
    redirect_to: str | None,
) -> DraftingSetup:
    """The senders, templates, settings and params that messages are drafted with, whatever Meta has approved."""
    left_alone = LeftAlone.now(connection, settings, tick.day)
    return DraftingSetup(
        senders=senders,
        catalog=installed_catalog(),
        family=settings.template_family,
        allow_marketing=settings.allow_marketing,
        language=settings.language,
        own_languages=settings.own_languages,
        paused=left_alone.partners_on(tick.day),
        paused_runs=left_alone.runs_on(tick.day),
        on_holiday=on_holiday(settings, tick.day),
        digest=settings.digest,
        fallback_language=settings.fallback_language,
        limit=limit,
        redirect_to=redirect_to if tick.delivery == "redirect" else None,
        preferences=preferences(connection),
        lifecycle_after_opt_out=settings.lifecycle_after_opt_out,
    )


def log_knowledge_now(connection: LogConnection, tick: Tick, settings: Settings) -> LogKnowledge:
    """What the message log knows that concerns every message: who was refused today, and who has answered."""
    return LogKnowledge(
        refused_phones=refused_phones(connection, tick, RECIPIENT_CODES),
        said=what_partners_said(connection, tick, settings),
    )


IN_ONE_LOOK = 20_000
"""Runs of which the shop's inbox is asked at once: where it has no index for that, each look reads all of it."""


def shop_knowledge(
    shop: Shop,
    *,
    partner_ids: Iterable[str],
    design_ids: Iterable[str | None],
    reminded: Iterable[str] = (),
    asked: Collection[str] = (),
    day: dt.date,
) -> ShopKnowledge:
    """Read what the shop knows about some partners and designs.

    Args:
        shop: The shop.
        partner_ids: The partners.
        design_ids: The designs; None stands for a run without one.
        reminded: Runs of which it is asked whether the shop's own flow reminded of them.
        asked: Those of them of which an event asked for a reminder that day.
        day: The day of those reminders.
    """
    ids = set(partner_ids)
    partners, admins = shop.partners(ids), shop.admins(ids)
    phones = {id_: choose_phone(partner, admins.get(id_, ())).possible for id_, partner in partners.items()}
    conversations = shop.conversations(phones)
    unclear = {id_: conversations.get(id_, ()) for id_, possible in phones.items() if len(possible) > 1}
    return ShopKnowledge(
        partners=partners,
        admins=admins,
        conversations=conversations,
        reached_at=_reached_at(shop, unclear),
        design_names=shop.design_names(id_ for id_ in design_ids if id_),
        reminded_in_shop=frozenset(
            run
            for piece in pieces(list(reminded), IN_ONE_LOOK)
            for run in shop.reminded_in_shop(
                {run: reminder_context_id(run, day) for run in piece}, day=day, asked=asked
            )
        ),
    )


def _reached_at(shop: Shop, conversations: Mapping[str, Iterable[Conversation]]) -> dict[str, frozenset[str]]:
    """At which numbers Meta says that these partners are, by partner.

    The shop makes a conversation of its own accord where a partner writes to it from a number that it finds in none: it
    notes no source then, and the number as Meta gave it, international and digits only.
    """
    given = {
        one.id: one
        for partner_id, its in conversations.items()
        for one in its
        if one.partner_id == partner_id and not (one.deleted or one.consent_source) and one.phone_number.isdecimal()
    }
    found: dict[str, set[str]] = {}
    for id_ in shop.begun_by_the_other_side(given):
        found.setdefault(given[id_].partner_id, set()).add(f"+{given[id_].phone_number}")
    return {partner_id: frozenset(numbers) for partner_id, numbers in found.items()}
