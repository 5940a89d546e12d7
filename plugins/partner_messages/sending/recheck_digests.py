"""Looks again at queued digests just before the claim: what has moved on leaves them (docs/design.md, decision 6)."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from partner_messages.config.settings import Settings
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.history import spoken_of
from partner_messages.message_log.queueing import reword
from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.scope import Scope
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Draft, Message
from partner_messages.planning.drafting.facts import Means, ShopFacts
from partner_messages.planning.drafting.recipient import Recipient, find_recipient
from partner_messages.planning.find import overdue_runs
from partner_messages.planning.plan_reminders import facts_of_stuck
from partner_messages.planning.reminders.digest import left_out, reworded
from partner_messages.planning.reminders.plan import LogFacts, decide_reminders
from partner_messages.shop.shop import Shop
from partner_messages.templates.catalog.catalog import Template

log = logging.getLogger(__name__)


def digests_no_longer_due(
    tick: Tick,
    messages: Sequence[Message],
    shop: Shop,
    connection: LogConnection,
    settings: Settings,
    known: LogFacts,
    means: Means,
    wall: dt.datetime,
) -> dict[uuid.UUID, SkipReason]:
    """Which of these queued digests have nothing left to speak of, and why; the others are worded by what is left.

    A run stays where its partner would be reminded of it now, on the same phone; it may be stuck elsewhere by now. One
    that leaves gives up its slot of the day, and a skipped row of its own says why.
    """
    if not messages:
        return {}
    speaks_of = spoken_of(connection, [message.id for message in messages])
    run_ids = {run_id for its in speaks_of.values() for run_id in its}
    scope = Scope(production_run_ids=tuple(run_ids))
    stuck = {
        run.production_run_id: run
        for kind in ReminderKind
        for run in overdue_runs(shop, connection, kind, now=wall, wall=wall, scope=scope, settings=settings)
    }
    facts = facts_of_stuck(shop, connection, list(stuck.values()), tick)
    drafts = _drafts(tick, stuck, facts, known, means)
    withdrawn: dict[uuid.UUID, SkipReason] = {}
    for message in messages:
        gone = {
            run_id: reason
            for run_id in speaks_of.get(message.id, ())
            if (reason := _why_it_left(message, drafts.get(run_id)))
        }
        left = [stuck[run_id] for run_id in speaks_of.get(message.id, ()) if run_id not in gone]
        if left:
            _word_anew(connection, tick, message, left, gone, facts, means)
        else:
            (reason, *others) = {*gone.values()} or {SkipReason.MOVED_ON}
            withdrawn[message.id] = SkipReason.MOVED_ON if others else reason
    return withdrawn


def _drafts(
    tick: Tick, stuck: Mapping[str, StuckRun], facts: ShopFacts, known: LogFacts, means: Means
) -> dict[str, Draft]:
    """What would become of each run by itself, by its id."""
    plan = decide_reminders(
        tick,
        list(stuck.values()),
        without_partner=(),
        shop=facts,
        log=known,
        means=replace(means, limit=len(stuck)),
    )
    return {draft.production_run_id or "": draft for draft in plan.drafts}


def _why_it_left(message: Message, draft: Draft | None) -> SkipReason | None:
    if draft is None or draft.partner_id != message.partner_id:
        return SkipReason.MOVED_ON
    if draft.skip_reason:
        return draft.skip_reason
    return None if draft.to_phone == message.to_phone else SkipReason.MOVED_ON


def _word_anew(
    connection: LogConnection,
    tick: Tick,
    message: Message,
    left: Sequence[StuckRun],
    gone: Mapping[str, SkipReason],
    facts: ShopFacts,
    means: Means,
) -> None:
    recipient = find_recipient(message.partner_id, facts, means)
    template = means.catalog.get(message.template_name or "")
    if not (isinstance(recipient, Recipient) and isinstance(template, Template)):
        return  # What is left has such a recipient; a template that the catalog lost fails the message when it is sent.
    words = reworded(template, message.language, left, recipient, now=tick.now, shop=facts)
    if not gone and words["variables"] == message.variables:
        return
    skips = [left_out(tick, message, run_id, reason) for run_id, reason in gone.items()]
    if reword(connection, tick, message.id, words, skips):
        log.info("Digest %s speaks of %d runs now; %s left it.", message.id, len(left), ", ".join(gone) or "none")
