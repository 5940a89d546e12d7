"""Decides who is reminded of what, writes it into the message log, and deals it out to tasks."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from partner_messages.live_settings import load_senders, load_settings
from partner_messages.messages.database import LogConnection, open_message_log
from partner_messages.messages.history import last_reminded, recent_sizes, refused_phones, slot_holders, stuck_of_run
from partner_messages.messages.queue import note_counts, queued_of_tick, write_drafts
from partner_messages.messages.values import reminder_context_id
from partner_messages.params import RunParams
from partner_messages.reminders.batches import deal
from partner_messages.reminders.plan import LogFacts, Means, ShopFacts, blast_radius, plan_reminders
from partner_messages.runs.kinds import StuckRun
from partner_messages.runs.shop import Shop, open_shop
from partner_messages.settings import Settings
from partner_messages.tasks.template_gate import approvals_of_run
from partner_messages.templates.installed import installed_catalog
from partner_messages.tick import RunRefused, Tick
from partner_messages.whatsapp.errors import RECIPIENT_CODES

log = logging.getLogger(__name__)


def plan_messages(tick: Tick, params: RunParams, max_map_length: int) -> list[dict[str, Any]]:
    """Plan one tick: every stuck run becomes a queued message or a skip with its reason.

    Returns:
        Batches of message ids, one for each mapped `send_messages` task.

    Raises:
        RunRefused: More messages than the blast radius allows, in a live run that was not confirmed; nothing was
            written.
    """
    settings = load_settings()
    with open_message_log() as connection, open_shop(settings.tables) as shop:
        means = means_of(connection, tick, settings, params)
        stuck = [run for run in stuck_of_run(connection, tick.dag_run_id) if run.kind in params.kinds]
        census = shop.census(now=tick.now, scope=params.scope)
        drafts = plan_reminders(
            tick,
            stuck,
            without_partner=census.without_partner,
            shop=shop_facts(shop, stuck, tick.day),
            log=_log_facts(connection, tick, stuck),
            means=means,
        )
        planned = sum(draft.skip_reason is None for draft in drafts)
        if tick.delivery == "live" and not params.confirmed:
            _check_blast_radius(planned, blast_radius(settings.confirm_above, recent_sizes(connection, tick)))
        write_drafts(connection, tick, drafts)
        note_counts(connection, tick, census, planned)
        queued = queued_of_tick(connection, tick)
    batches = deal(
        queued,
        task_each_up_to=settings.task_each_up_to,
        chunk_size=settings.chunk_size,
        max_map_length=max_map_length,
    )
    log.info("%d stuck runs: %d messages to send in %d tasks.", len(stuck), len(queued), len(batches))
    return [batch.to_xcom() for batch in batches]


def means_of(connection: LogConnection, tick: Tick, settings: Settings, params: RunParams) -> Means:
    """What messages of this run are made of and sent through."""
    limit = params.limit or settings.max_messages_per_run
    if params.delivery == "redirect":
        limit = min(limit, settings.redirect_limit)
    senders = load_senders(settings)
    catalog = installed_catalog()
    return Means(
        senders=senders,
        catalog=catalog,
        family=settings.template_family,
        approvals=approvals_of_run(connection, tick, senders, catalog),
        allow_marketing=settings.allow_marketing,
        language=settings.language,
        fallback_language=settings.fallback_language,
        limit=limit,
        redirect_to=params.redirect_to if params.delivery == "redirect" else None,
    )


def shop_facts(shop: Shop, stuck: Sequence[StuckRun], day: dt.date) -> ShopFacts:
    """Read what the shop knows about the partners and designs of these runs."""
    partner_ids = {run.partner_id for run in stuck}
    return ShopFacts(
        partners=shop.partners(partner_ids),
        admins=shop.admins(partner_ids),
        conversations=shop.conversations(partner_ids),
        design_names=shop.design_names(run.design_id for run in stuck if run.design_id),
        reminded_in_shop=shop.reminded_in_shop(
            {run.production_run_id: reminder_context_id(run.production_run_id, day) for run in stuck}, day=day
        ),
    )


def _log_facts(connection: LogConnection, tick: Tick, stuck: Sequence[StuckRun]) -> LogFacts:
    ids = [run.production_run_id for run in stuck]
    return LogFacts(
        slot_holders=slot_holders(connection, tick, ids),
        refused_phones=refused_phones(connection, tick, RECIPIENT_CODES),
        last_reminded=last_reminded(connection, tick, ids),
    )


def _check_blast_radius(planned: int, allowed: int) -> None:
    if planned > allowed:
        raise RunRefused(
            f"This live run would send {planned} messages, more than the {allowed} that setting confirm_above (or three"
            " times"
            " the median of the last ten live runs) allows; nothing was written or sent. If the number is right,"
            " trigger the"
            " DAG with `confirmed` ticked."
        )
