"""Looks again at queued digests just before the claim: what has moved on leaves them (docs/design.md, decision 6)."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from partner_messages.config.settings import Settings
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.history import spoken_of
from partner_messages.message_log.queueing import reword
from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.scope import Scope
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Draft, Message
from partner_messages.planning.drafting.inputs import DraftingSetup
from partner_messages.planning.drafting.recipient import Recipient, find_recipient
from partner_messages.planning.find import overdue_runs
from partner_messages.planning.plan_reminders import knowledge_of_stuck
from partner_messages.planning.reminders.digest import left_out, reworded
from partner_messages.planning.reminders.inputs import LogKnowledge, PlanningInputs
from partner_messages.planning.reminders.plan import decide_reminders
from partner_messages.shop.shop import Shop
from whatsapp_provider.templates.catalog import Template

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecheckInputs:
    """What the check before the claim is made with: everything as it is now.

    Attributes:
        connection: The message log.
        shop: The shop.
        tick: The tick.
        settings: The settings.
        wall: The wall clock, by which runs are judged.
        log: Who was refused today, and who has answered.
        setup: The senders, templates, settings and params that messages are drafted with.
    """

    connection: LogConnection
    shop: Shop
    tick: Tick
    settings: Settings
    wall: dt.datetime
    log: LogKnowledge
    setup: DraftingSetup

    def overdue(self, kind: ReminderKind, scope: Scope) -> list[StuckRun]:
        """The runs that are stuck in a kind."""
        return overdue_runs(
            self.shop, self.connection, kind, now=self.wall, wall=self.wall, scope=scope, settings=self.settings
        )

    def planning_inputs(self, stuck: Sequence[StuckRun]) -> PlanningInputs:
        """The inputs for planning these runs anew."""
        known = knowledge_of_stuck(self.shop, self.connection, stuck, self.tick)
        return PlanningInputs(self.tick, known, self.log, replace(self.setup, limit=max(self.setup.limit, len(stuck))))

    def decided(self, inputs: PlanningInputs, stuck: Sequence[StuckRun]) -> dict[str, Draft]:
        """What planning would decide about each run without a digest, by its id."""
        return {draft.production_run_id or "": draft for draft in decide_reminders(inputs, stuck).drafts}


def digests_no_longer_due(recheck: RecheckInputs, messages: Sequence[Message]) -> dict[uuid.UUID, SkipReason]:
    """Which of these queued digests have nothing left to speak of, and why; the others are worded by what is left.

    A run stays where its partner would be reminded of it now, on the same phone; it may be stuck elsewhere by now. One
    that leaves gives up its slot of the day, and a skipped row of its own says why.
    """
    if not messages:
        return {}
    speaks_of = spoken_of(recheck.connection, [message.id for message in messages])
    run_ids = {run_id for its in speaks_of.values() for run_id in its}
    scope = Scope(production_run_ids=tuple(run_ids))
    stuck = {run.production_run_id: run for kind in ReminderKind for run in recheck.overdue(kind, scope)}
    inputs = recheck.planning_inputs(list(stuck.values()))
    drafts = recheck.decided(inputs, list(stuck.values()))
    withdrawn: dict[uuid.UUID, SkipReason] = {}
    for message in messages:
        gone = {
            run_id: reason
            for run_id in speaks_of.get(message.id, ())
            if (reason := _why_it_left(message, drafts.get(run_id)))
        }
        left = [stuck[run_id] for run_id in speaks_of.get(message.id, ()) if run_id not in gone]
        if left:
            _word_anew(recheck.connection, inputs, message, left, gone)
        else:
            (reason, *others) = {*gone.values()} or {SkipReason.MOVED_ON}
            withdrawn[message.id] = SkipReason.MOVED_ON if others else reason
    return withdrawn


def _why_it_left(message: Message, draft: Draft | None) -> SkipReason | None:
    if draft is None or draft.partner_id != message.partner_id:
        return SkipReason.MOVED_ON
    if draft.skip_reason:
        return draft.skip_reason
    return None if draft.to_phone == message.to_phone else SkipReason.MOVED_ON


def _word_anew(
    connection: LogConnection,
    inputs: PlanningInputs,
    message: Message,
    left: Sequence[StuckRun],
    gone: Mapping[str, SkipReason],
) -> None:
    tick = inputs.tick
    recipient = find_recipient(message.partner_id, inputs.shop, inputs.setup)
    template = inputs.setup.catalog.get(message.template_name or "")
    if not (isinstance(recipient, Recipient) and isinstance(template, Template)):
        return  # What is left has such a recipient; a template that the catalog lost fails the message when it is sent.
    words = reworded(inputs, template, message.language, left, recipient)
    if not gone and words["variables"] == message.variables:
        return
    skips = [left_out(tick, message, run_id, reason) for run_id, reason in gone.items()]
    if reword(connection, tick, message.id, words, skips):
        log.info("Digest %s speaks of %d runs now; %s left it.", message.id, len(left), ", ".join(gone) or "none")
