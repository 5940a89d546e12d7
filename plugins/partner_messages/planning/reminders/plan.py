"""Decides who is reminded of what: every stuck run becomes a message, a part of its partner's digest, or a skip.

Pure: what the shop and the message log know comes in as values, so the same decision can be taken again just before a
message is sent (docs/design.md, decision 6).
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from partner_messages.messages.kinds import StuckRun
from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason
from partner_messages.messages.statuses import MessageStatus
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Draft
from partner_messages.planning.drafting.inputs import DraftingSetup
from partner_messages.planning.drafting.message import address_columns, in_the_words_of, names_of
from partner_messages.planning.drafting.recipient import Recipient, find_recipient, why_not
from partner_messages.planning.reminders import digest
from partner_messages.planning.reminders.inputs import LogKnowledge, PlanningInputs
from partner_messages.planning.reminders.trial import Case, cases_of, is_held_back
from partner_messages.planning.reminders.wording import figures, templates_for

NEXT_DUE = "next_due"
"""The key of the next due day (ISO 8601) in the `variables` of a skip `not_due`."""
HOLIDAY = "holiday"
"""The key of the holiday's name in the `variables` of a skip `partner_holiday`."""
BAD_COLUMN = "bad_column"
"""The key of the column's name in the `variables` of a skip `bad_data`."""


_SAID = frozenset({SkipReason.PROMISED, SkipReason.ANSWERED})
"""The reasons that a partner's own words give; they hold whether the run is due or not."""


@dataclass(frozen=True)
class Plan:
    """What a tick has decided, its reminders still without their words: they are most of what 100,000 take up.

    Attributes:
        drafts: Every message and every skip.
        worded: Gives a draft its words, if it has any.
        cases: What it adds to the comparison with who is not reminded.
    """

    drafts: list[Draft]
    worded: Callable[[Draft], Draft]
    cases: Sequence[Case] = ()


def decide_reminders(inputs: PlanningInputs, stuck: Sequence[StuckRun], without_partner: Iterable[str] = ()) -> Plan:
    """Decide about every stuck run of a tick, and about every active run that has no partner.

    A run that this very tick has dealt with already (planning was killed and tried again) gets no second draft. What an
    event has queued for today goes out today, whatever the cadence says, and keeps the events' hours; the rest keeps
    `inputs.hours`, if there are any.
    """
    tick, log, setup = inputs.tick, inputs.log, inputs.setup
    recipients: dict[str, Recipient | SkipReason] = {}
    unowned = frozenset(without_partner)
    drafts = [Draft.reminder(run_id, tick.day, skip_reason=SkipReason.NO_PARTNER) for run_id in sorted(unowned)]
    for run in stuck:
        if run.production_run_id in unowned:  # It lost its partner since it was found.
            continue
        holder = log.slot_holders.get(run.production_run_id)
        if holder and holder.status != MessageStatus.QUEUED:
            if holder.tick_id != tick.id:
                drafts.append(_reminder(tick, run, skip_reason=SkipReason.DUPLICATE, duplicate_of=holder.id))
            continue
        if run.partner_id not in recipients:
            recipients[run.partner_id] = find_recipient(run.partner_id, inputs.shop, setup)
        recipient = why_left_alone(run, setup) or recipients[run.partner_id]
        draft = _decided(inputs, run, recipient)
        # A reason that somebody must repair (no phone, no template, …) is recorded every day, due or not.
        needs_a_person = draft.skip_reason is not None and EXPLANATIONS[draft.skip_reason].escalates
        if isinstance(recipient, Recipient) and not needs_a_person and draft.skip_reason not in _SAID:
            if name := setup.on_holiday.get(run.partner_id):
                draft = _on_holiday(inputs, run, name)
            elif not (holder and holder.asked_by_event):
                draft = _left_alone(inputs, run, recipient) or _held_back(inputs, run, draft) or draft
        drafts.append(draft)
    drafts = digest.gather(inputs, drafts, stuck, recipients)
    if hours := inputs.hours:
        asked = {id_ for id_, holder in log.slot_holders.items() if holder.asked_by_event}
        drafts = [
            draft if asked.intersection(draft.production_run_ids) else hours.keep(draft, tick.day) for draft in drafts
        ]
    drafts = _keep_within_limit(drafts, stuck=stuck, log=log, limit=setup.limit)
    # Words need nothing of the log, whose knowledge of 100,000 runs is not to be kept until all are written.
    words = _wording(replace(inputs, log=LogKnowledge()), stuck, recipients)
    return Plan(drafts, words, cases_of(inputs, stuck, drafts))


def why_left_alone(run: StuckRun, setup: DraftingSetup) -> SkipReason | None:
    """What about a run itself keeps its partner from being reminded of it, whoever that is."""
    if run.production_run_id in setup.paused_runs:
        return SkipReason.PAUSED
    if run.bad_column:
        return SkipReason.BAD_DATA
    return SkipReason.WAITS_FOR_MATERIAL if run.waits else None


def decide_reminder(inputs: PlanningInputs, run: StuckRun, recipient: Recipient | SkipReason) -> Draft:
    """What becomes of one stuck run whose slot of the day is free."""
    draft = _decided(inputs, run, recipient)
    if draft.skip_reason or isinstance(recipient, SkipReason):
        return draft
    return _worded(inputs, draft, run, recipient)


def _decided(inputs: PlanningInputs, run: StuckRun, recipient: Recipient | SkipReason) -> Draft:
    tick = inputs.tick
    if isinstance(recipient, SkipReason):
        if recipient is SkipReason.BAD_DATA:
            return _reminder(tick, run, skip_reason=recipient, variables={BAD_COLUMN: run.bad_column})
        return _reminder(tick, run, **why_not(run.partner_id, recipient, inputs.shop))
    if (silence := inputs.log.said.of(run, recipient.phone, tick.day)) is not None:
        reason, next_day = silence
        variables = {NEXT_DUE: next_day.isoformat()} if next_day else None
        return _reminder(tick, run, skip_reason=reason, variables=variables)
    if run.production_run_id in inputs.shop.reminded_in_shop:
        return _reminder(tick, run, skip_reason=SkipReason.ALREADY_IN_SHOP)
    columns = address_columns(
        recipient,
        templates_for(run.kind, inputs.setup.family),
        picture=inputs.shop.pictures.get(run.design_id),
        refused_phones=inputs.log.refused_phones,
        setup=inputs.setup,
    )
    return _reminder(tick, run, **columns)


def _wording(
    inputs: PlanningInputs, stuck: Iterable[StuckRun], recipients: Mapping[str, Recipient | SkipReason]
) -> Callable[[Draft], Draft]:
    runs = {run.production_run_id: run for run in stuck}

    def worded(draft: Draft) -> Draft:
        recipient = recipients.get(draft.partner_id or "")
        # A message that is put off or comes too late still gets its text, so that the row shows it.
        speaks = draft.message_kind == "reminder" and draft.template_name and draft.to_phone
        if not speaks or draft.variables or not isinstance(recipient, Recipient):
            return draft
        return _worded(inputs, draft, runs[draft.production_run_id or ""], recipient)

    return worded


def _worded(inputs: PlanningInputs, draft: Draft, run: StuckRun, recipient: Recipient) -> Draft:
    template = inputs.setup.catalog.get(draft.template_name or "")
    if template is None:
        return draft
    values = {**names_of(recipient, run.design_id, inputs.shop), **figures(run, now=inputs.tick.now)}
    return replace(draft, **in_the_words_of(template, draft.language or "", values))


def _reminder(tick: Tick, run: StuckRun, **decided: Any) -> Draft:
    of_run = {"reminder_kind": run.kind, "partner_id": run.partner_id, "design_id": run.design_id}
    return Draft.reminder(run.production_run_id, tick.day, **of_run, **decided)


def _on_holiday(inputs: PlanningInputs, run: StuckRun, name: str) -> Draft:
    """A run whose partner has a holiday of their own: the tick writes to the others."""
    reminded = inputs.log.days_reminded.get(run.production_run_id, ())
    next_day = inputs.policy.next_sending_day(run, reminded, inputs.tick)
    variables = {HOLIDAY: name, NEXT_DUE: next_day.isoformat()}
    return _reminder(inputs.tick, run, skip_reason=SkipReason.PARTNER_HOLIDAY, variables=variables)


def _left_alone(inputs: PlanningInputs, run: StuckRun, recipient: Recipient) -> Draft | None:
    """A run that is not due, or that would be and was reminded often enough."""
    tick, hours = inputs.tick, inputs.hours

    def has_no_hours() -> bool:
        return hours is not None and hours.hindrance(recipient.phone, tick.day) is SkipReason.NO_COMMON_HOURS

    reminded = inputs.log.days_reminded.get(run.production_run_id, ())
    found = inputs.policy.why_left_alone(run, reminded, tick, has_no_hours=has_no_hours)
    if found is None:
        return None
    reason, next_due = found
    return _reminder(tick, run, skip_reason=reason, variables={NEXT_DUE: next_due.isoformat()} if next_due else None)


def _held_back(inputs: PlanningInputs, run: StuckRun, draft: Draft) -> Draft | None:
    """A run of which the partner would be reminded, were they not in the control group.

    Whatever else keeps the reminder from being sent is said: people act on it.
    """
    as_it_would_leave = inputs.hours.keep(draft, inputs.tick.day) if inputs.hours else draft
    if as_it_would_leave.skip_reason or not is_held_back(inputs, run):
        return None
    return _reminder(inputs.tick, run, skip_reason=SkipReason.CONTROL_GROUP)


class Speaks(Protocol):
    """A message as far as its urgency is concerned."""

    @property
    def production_run_ids(self) -> tuple[str, ...]:
        """The runs that it speaks of."""


MessageT = TypeVar("MessageT", bound=Speaks)


def most_urgent_first(
    messages: Iterable[MessageT], *, since: Mapping[str, dt.datetime], last_reminded: Mapping[str, dt.date]
) -> list[MessageT]:
    """The least recently reminded runs go first, then the oldest; a digest is as urgent as the most urgent of its runs.

    Args:
        messages: The messages.
        since: The clocks of the runs that the tick looks at.
        last_reminded: On which earlier day each run was last reminded, in whatever kind.
    """

    def of_run(run_id: str) -> tuple[dt.date, dt.datetime, str]:
        return last_reminded.get(run_id, dt.date.min), since[run_id], run_id

    def urgency(message: MessageT) -> tuple[dt.date, dt.datetime, str]:
        runs = [run_id for run_id in message.production_run_ids if run_id in since]
        return of_run(runs[0]) if len(runs) == 1 else min(map(of_run, runs))

    return sorted(messages, key=urgency)


def _keep_within_limit(
    drafts: Sequence[Draft], *, stuck: Sequence[StuckRun], log: LogKnowledge, limit: int
) -> list[Draft]:
    """Put off the messages over the limit (`most_urgent_first`).

    A message that waits for its recipient's day is within the limit of the earlier run that queued it: it is left to
    that run, and sent when it comes due. Nothing is put off that takes the place of a digest that waited, or what was
    withdrawn for it would be lost; nor a digest of runs at which this tick did not look, which stays with the run that
    queued it.
    """
    waiting = {run_id: holder.id for run_id, holder in log.slot_holders.items() if holder.waits}
    waits = frozenset(waiting.values())
    given_up = {
        run_id for draft in drafts if draft.skip_reason and draft.adopts in waits for run_id in draft.production_run_ids
    }
    messages = [draft for draft in drafts if not draft.skip_reason and given_up.isdisjoint(draft.production_run_ids)]
    if len(messages) <= limit:
        return list(drafts)
    since = {run.production_run_id: run.since for run in stuck}

    def stays_with_who_queued_it(draft: Draft) -> bool:
        run_ids = set(draft.production_run_ids)
        return draft.adopts in waits or waiting.keys() >= run_ids or not since.keys() >= run_ids

    in_order = most_urgent_first(messages, since=since, last_reminded=log.last_reminded)
    put_off = {draft.id for draft in in_order[limit:]}
    return [
        replace(draft, skip_reason=SkipReason.OVER_LIMIT) if draft.id in put_off else draft
        for draft in drafts
        if draft.id not in put_off or not stays_with_who_queued_it(draft)
    ]


def blast_radius(confirm_above: int | None, recent_sizes: Sequence[int]) -> int:
    """How many messages a live run may send without being confirmed.

    Args:
        confirm_above: The setting, if ops chose a number.
        recent_sizes: What the largest live tick of each of the last ten days planned; without a number of its own the
            limit is three times their median, at least 50.
    """
    if confirm_above is not None:
        return confirm_above
    return max(50, round(3 * statistics.median(recent_sizes or [0])))
