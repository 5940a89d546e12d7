"""Reads the runs of queued messages again, just before they are claimed (DESIGN, decision 6)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from partner_messages import run_context
from partner_messages.messages.database import open_message_log
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Message
from partner_messages.params import parse_params
from partner_messages.reminders.plan import LogFacts, plan_reminders
from partner_messages.runs.kinds import ReminderKind
from partner_messages.runs.scope import Scope
from partner_messages.runs.shop import open_shop
from partner_messages.settings import Settings
from partner_messages.tasks.facts import means_of
from partner_messages.tasks.plan import facts_of_stuck
from partner_messages.tick import Tick


def no_longer_due(
    tick: Tick, messages: Sequence[Message], raw_params: Mapping[str, Any], settings: Settings
) -> dict[uuid.UUID, SkipReason]:
    """Which of these queued reminders must not go out any more, and why.

    The decision of planning is taken again with the shop as it is at the wall clock: a run must still be stuck in the
    same kind with the same partner, and that partner still be reached on the same phone.
    """
    if not messages:
        return {}
    wall = run_context.wall_clock()
    scope = Scope(production_run_ids=tuple(message.production_run_id or "" for message in messages))
    with open_message_log() as connection:
        params = parse_params(raw_params)
        means = means_of(connection, tick, settings, limit=params.limit, redirect_to=params.redirect_to)
    with open_shop(settings.tables) as shop:
        stuck = [
            run
            for kind in ReminderKind
            for run in shop.stuck_runs(kind, now=wall, threshold_hours=getattr(settings.thresholds, kind), scope=scope)
        ]
        facts = facts_of_stuck(shop, stuck, tick)
    # What was queued in a language stays in it: it passed the gate at planning; a change since then is Meta's to say.
    means = replace(means, limit=len(messages), approvals=None)
    drafts = {
        draft.production_run_id: draft
        for draft in plan_reminders(tick, stuck, without_partner=(), shop=facts, log=LogFacts(), means=means)
    }
    withdrawn: dict[uuid.UUID, SkipReason] = {}
    for message in messages:
        draft = drafts.get(message.production_run_id)
        if draft is None or (draft.reminder_kind, draft.partner_id) != (message.reminder_kind, message.partner_id):
            withdrawn[message.id] = SkipReason.MOVED_ON
        elif draft.skip_reason:
            withdrawn[message.id] = draft.skip_reason
        elif draft.to_phone != message.to_phone:
            withdrawn[message.id] = SkipReason.MOVED_ON
    return withdrawn
