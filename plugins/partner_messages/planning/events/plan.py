"""Decides what becomes of each event: a message, or a skip with its reason.

Pure: what the shop and the message log know comes in as values.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from partner_messages.config.schedule import day_of
from partner_messages.config.sending_days import Calendar
from partner_messages.config.setting_groups import TimeWindow
from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Draft, EventHolder
from partner_messages.planning.drafting.message import message_columns, names_of
from partner_messages.planning.drafting.recipient import Recipient, find_recipient, recipient_of_run, why_not
from partner_messages.planning.events.event import Event
from partner_messages.planning.events.rules import LIFECYCLE, REMINDERS, Lifecycle
from partner_messages.planning.reminders.inputs import PlanningInputs
from partner_messages.planning.reminders.plan import BAD_COLUMN, decide_reminder, why_left_alone
from partner_messages.recipients.hours import not_before
from partner_messages.shop.run import ProductionRun

AHEAD = dt.timedelta(days=1)
"""How far an event's time may lie ahead (in another zone's time); the age of an event beyond that is not known."""


@dataclass(frozen=True)
class EventRuns:
    """How the events' runs stand now.

    Attributes:
        runs: By id; a run that the shop does not have is absent.
        stuck: What a reminder of that kind would speak of, by run and kind; absent where the run is not in that state.
    """

    runs: Mapping[str, ProductionRun]
    stuck: Mapping[tuple[str, ReminderKind], StuckRun] = field(default_factory=dict)


@dataclass(frozen=True)
class Holders:
    """The messages that stand in the way of a second one.

    Attributes:
        by_event_id: The message that each event has had already.
        by_context: The message about the same run, event and partner of the last hour, or since the DAG run was due.
    """

    by_event_id: Mapping[str, EventHolder] = field(default_factory=dict)
    by_context: Mapping[str, EventHolder] = field(default_factory=dict)


@dataclass(frozen=True)
class Timing:
    """When events may be told.

    Attributes:
        wall: The wall clock.
        run_after: When the DAG run was due; the time of an event that says none.
        max_age: How old an event may be.
        hours: When messages may leave, in the recipient's own time; None where they leave at any.
        calendars: The holidays of partners who have their own, on which they are not told either.
    """

    wall: dt.datetime
    run_after: dt.datetime
    max_age: dt.timedelta
    hours: TimeWindow | None
    calendars: Mapping[str, Calendar] = field(default_factory=dict)

    def hold(self, partner_id: str | None, phone: str) -> dt.datetime | None:
        """Until when a message waits; None where it may leave now."""
        if self.hours is None:
            return None
        days_off = self.calendars.get(partner_id or "", Calendar())
        return not_before(phone, self.hours, self.wall, is_day_off=days_off.holiday)


def plan_events(
    inputs: PlanningInputs, events: Iterable[Event], event_runs: EventRuns, holders: Holders, timing: Timing
) -> list[Draft]:
    """Decide about every event whose run the shop has; those of a `redirect` run beyond its limit are put off."""
    planning = _Planning(inputs, event_runs, holders, timing)
    drafts = [planning.decide(event, run) for event in events if (run := event_runs.runs.get(event.production_run_id))]
    if inputs.tick.delivery == "redirect":
        drafts = _keep_within(drafts, inputs.setup.limit)
    return drafts


@dataclass(frozen=True)
class _Planning:
    """What every event of a DAG run is decided with."""

    inputs: PlanningInputs
    event_runs: EventRuns
    holders: Holders
    timing: Timing

    def decide(self, event: Event, run: ProductionRun) -> Draft:
        """What becomes of one event."""
        rule, kind = LIFECYCLE.get(event.event), REMINDERS.get(event.event)
        plain = self._draft(event, run, event.partner_id or run.partner_id)
        if rule is None and kind is None:
            return replace(plain, skip_reason=SkipReason.NO_TEMPLATE_FOR_EVENT)
        if self._is_stale(event):
            return replace(plain, skip_reason=SkipReason.STALE_EVENT)
        if event.event_id and (holder := self._in_the_way(self.holders.by_event_id, event.event_id)):
            return replace(plain, skip_reason=SkipReason.DUPLICATE, duplicate_of=holder.id)
        if run.bad_column:
            return replace(plain, skip_reason=SkipReason.BAD_DATA, variables={BAD_COLUMN: run.bad_column})
        if rule:
            return self._lifecycle(event, run, rule)
        return self._reminder(event, plain, self.event_runs.stuck.get((run.id, kind)) if kind else None)

    def _is_stale(self, event: Event) -> bool:
        age = self.timing.wall - event.happened_at(self.timing.run_after)
        return age > self.timing.max_age or (event.occurred_at or self.timing.wall) - self.timing.wall > AHEAD

    def _lifecycle(self, event: Event, run: ProductionRun, rule: Lifecycle) -> Draft:
        partner_id = rule.whom(event, run)
        if isinstance(partner_id, SkipReason):
            return replace(self._draft(event, run, event.partner_id or run.partner_id), skip_reason=partner_id)
        draft = self._draft(event, run, partner_id)
        if holder := self._in_the_way(self.holders.by_context, draft.context_id):
            return replace(draft, skip_reason=SkipReason.DUPLICATE, duplicate_of=holder.id)
        recipient = recipient_of_run(run.id, partner_id, self.inputs.shop, self.inputs.setup, lifecycle=True)
        if isinstance(recipient, SkipReason):
            return replace(draft, **why_not(partner_id, recipient, self.inputs.shop))
        decided = message_columns(
            recipient,
            (rule.template,),
            {"run_id": run.id, **names_of(recipient, run.design_id, self.inputs.shop), **rule.figures(event, run)},
            picture=None,
            refused_phones=self.inputs.log.refused_phones,
            setup=self.inputs.setup,
        )
        return self._in_its_hours(replace(draft, **decided))

    def _reminder(self, event: Event, plain: Draft, stuck: StuckRun | None) -> Draft:
        if stuck is None or event.partner_id not in (None, stuck.partner_id):
            return replace(plain, skip_reason=SkipReason.STATE_MISMATCH)
        recipient = why_left_alone(stuck, self.inputs.setup) or find_recipient(
            stuck.partner_id, self.inputs.shop, self.inputs.setup
        )
        until = None
        if isinstance(recipient, Recipient):
            until = self.timing.hold(stuck.partner_id, self.inputs.setup.redirect_to or recipient.phone)
        # It counts for the day on which it is sent, and takes the run's slot of that day.
        tick = replace(self.inputs.tick, day=day_of(until)) if until else self.inputs.tick
        return replace(
            decide_reminder(replace(self.inputs, tick=tick), stuck, recipient),
            event_name=event.event,
            event_id=event.event_id,
            decided_at=self.timing.wall,
            not_before=until,
            day=tick.day,
        )

    def _draft(self, event: Event, run: ProductionRun, partner_id: str | None) -> Draft:
        columns = {"design_id": run.design_id, "event_id": event.event_id, "decided_at": self.timing.wall}
        return Draft.event(run.id, event.event, partner_id, **columns)

    def _in_the_way(self, holders: Mapping[str, EventHolder], key: str) -> EventHolder | None:
        holder = holders.get(key)
        return holder if holder and holder.is_in_the_way_of(self.inputs.tick) else None

    def _in_its_hours(self, draft: Draft) -> Draft:
        until = self.timing.hold(draft.partner_id, draft.to_phone) if draft.to_phone else None
        return replace(draft, not_before=until, day=day_of(until)) if until else draft


def _keep_within(drafts: list[Draft], limit: int) -> list[Draft]:
    put_off = {draft.id for draft in [draft for draft in drafts if draft.skip_reason is None][limit:]}
    return [replace(draft, skip_reason=SkipReason.OVER_LIMIT) if draft.id in put_off else draft for draft in drafts]
