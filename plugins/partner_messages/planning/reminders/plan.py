"""Decides who is reminded of what: every stuck run becomes a message, a part of its partner's digest, or a skip.

Pure: what the shop and the message log know comes in as values, so the same decision can be taken again just before a
message is sent (docs/design.md, decision 6).
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from partner_messages.messages.kinds import StuckRun
from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Draft, SlotHolder, StandingDigest, reminder_context_id
from partner_messages.planning.drafting.facts import Means, ShopFacts
from partner_messages.planning.drafting.message import address_columns, in_the_words_of, names_of
from partner_messages.planning.drafting.recipient import Recipient, find_recipient, why_not
from partner_messages.planning.reminders import digest
from partner_messages.planning.reminders.hours import Hours
from partner_messages.planning.reminders.policy import EVERY_DAY, Policy
from partner_messages.planning.reminders.said import NOTHING_SAID, Said
from partner_messages.planning.reminders.wording import figures, templates_for

NEXT_DUE = "next_due"
"""What the next due day (ISO 8601) is called in the variables of a run that is not due."""
HOLIDAY = "holiday"
"""What the name of the day is called there, where its partner has a holiday."""
BAD_COLUMN = "bad_column"
"""What the column that holds what cannot be is called in the variables of a run that is skipped for it."""


_SAID = frozenset({SkipReason.PROMISED, SkipReason.ANSWERED})
"""What the partner has said of the run holds whether it is due or not."""


@dataclass(frozen=True)
class LogFacts:
    """What the message log knows about the tick's day and the runs' past.

    Attributes:
        slot_holders: The messages that hold the runs' slots of the day, by run.
        digests: Those that hold their contexts of the day.
        refused_phones: Numbers that Meta refused on the day for the recipient's own sake.
        last_reminded: On which earlier day each run was last reminded, in whatever kind; empty where no run
            can be over the limit.
        days_reminded: On which earlier days it was reminded in its present kind, in order; empty where nobody asks.
        said: What partners have answered, and who is not reached.
    """

    slot_holders: Mapping[str, SlotHolder] = field(default_factory=dict)
    digests: Sequence[StandingDigest] = ()
    refused_phones: frozenset[str] = frozenset()
    last_reminded: Mapping[str, dt.date] = field(default_factory=dict)
    days_reminded: Mapping[str, Sequence[dt.date]] = field(default_factory=dict)
    said: Said = NOTHING_SAID


@dataclass(frozen=True)
class Plan:
    """What a tick has decided, its reminders still without their words: they are most of what 100,000 take up.

    Attributes:
        drafts: Every message and every skip.
        worded: Gives a draft its words, if it has any.
    """

    drafts: list[Draft]
    worded: Callable[[Draft], Draft]


def decide_reminders(
    tick: Tick,
    stuck: Sequence[StuckRun],
    *,
    without_partner: Iterable[str],
    shop: ShopFacts,
    log: LogFacts,
    means: Means,
    policy: Policy = EVERY_DAY,
    hours: Hours | None = None,
) -> Plan:
    """Decide about every stuck run of a tick, and about every active run that has no partner.

    A run that this very tick has dealt with already (planning was killed and tried again) gets no second draft. What an
    event has queued for today goes out today, whatever the cadence says, and keeps the events' hours; the rest keeps
    `hours`, if there are any.
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
        recipient = why_left_alone(run, means) or recipients[run.partner_id]
        draft = _decided(tick, run, recipient, shop, log, means)
        # What keeps a partner from being written to is told of every day: that is for somebody to put right.
        needs_a_person = draft.skip_reason is not None and EXPLANATIONS[draft.skip_reason].escalates
        if isinstance(recipient, Recipient) and not needs_a_person and draft.skip_reason not in _SAID:
            if name := means.on_holiday.get(run.partner_id):
                draft = _on_holiday(tick, run, name, log, policy)
            elif not (holder and holder.asked_by_event):
                draft = _left_alone(tick, run, log, policy, recipient, hours) or draft
        drafts.append(draft)
    drafts = digest.gather(
        tick,
        drafts,
        stuck=stuck,
        recipients=recipients,
        holders=log.slot_holders,
        standing=log.digests,
        refused_phones=log.refused_phones,
        shop=shop,
        means=means,
    )
    if hours:
        asked = {id_ for id_, holder in log.slot_holders.items() if holder.asked_by_event}
        drafts = [
            draft if asked.intersection(draft.production_run_ids) else hours.keep(draft, tick.day) for draft in drafts
        ]
    drafts = _keep_within_limit(drafts, stuck=stuck, log=log, limit=means.limit)
    return Plan(drafts, _wording(tick, stuck, recipients, shop, means))


def why_left_alone(run: StuckRun, means: Means) -> SkipReason | None:
    """What about a run itself keeps its partner from being reminded of it, whoever that is."""
    if run.production_run_id in means.paused_runs:
        return SkipReason.PAUSED
    if run.bad_column:
        return SkipReason.BAD_DATA
    return SkipReason.WAITS_FOR_MATERIAL if run.waits else None


def decide_reminder(
    tick: Tick, run: StuckRun, recipient: Recipient | SkipReason, shop: ShopFacts, log: LogFacts, means: Means
) -> Draft:
    """What becomes of one stuck run whose slot of the day is free."""
    draft = _decided(tick, run, recipient, shop, log, means)
    if draft.skip_reason or isinstance(recipient, SkipReason):
        return draft
    return _worded(draft, tick, run, recipient, shop, means)


def _decided(
    tick: Tick, run: StuckRun, recipient: Recipient | SkipReason, shop: ShopFacts, log: LogFacts, means: Means
) -> Draft:
    if isinstance(recipient, SkipReason):
        if recipient is SkipReason.BAD_DATA:
            return _reminder(tick, run, skip_reason=recipient, variables={BAD_COLUMN: run.bad_column})
        return _reminder(tick, run, **why_not(run.partner_id, recipient, shop))
    if (silence := log.said.of(run, recipient.phone, tick.day)) is not None:
        reason, next_day = silence
        variables = {NEXT_DUE: next_day.isoformat()} if next_day else None
        return _reminder(tick, run, skip_reason=reason, variables=variables)
    if run.production_run_id in shop.reminded_in_shop:
        return _reminder(tick, run, skip_reason=SkipReason.ALREADY_IN_SHOP)
    columns = address_columns(
        recipient,
        templates_for(run.kind, means.family),
        picture=shop.pictures.get(run.design_id),
        refused_phones=log.refused_phones,
        means=means,
    )
    return _reminder(tick, run, **columns)


def _wording(
    tick: Tick,
    stuck: Iterable[StuckRun],
    recipients: Mapping[str, Recipient | SkipReason],
    shop: ShopFacts,
    means: Means,
) -> Callable[[Draft], Draft]:
    runs = {run.production_run_id: run for run in stuck}

    def worded(draft: Draft) -> Draft:
        recipient = recipients.get(draft.partner_id or "")
        # What is put off, or comes too late, keeps what it would have said.
        speaks = draft.message_kind == "reminder" and draft.template_name and draft.to_phone
        if not speaks or draft.variables or not isinstance(recipient, Recipient):
            return draft
        return _worded(draft, tick, runs[draft.production_run_id or ""], recipient, shop, means)

    return worded


def _worded(draft: Draft, tick: Tick, run: StuckRun, recipient: Recipient, shop: ShopFacts, means: Means) -> Draft:
    template = means.catalog.get(draft.template_name or "")
    if template is None:
        return draft
    values = {**names_of(recipient, run.design_id, shop), **figures(run, now=tick.now)}
    return replace(draft, **in_the_words_of(template, draft.language or "", values))


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


def _on_holiday(tick: Tick, run: StuckRun, name: str, log: LogFacts, policy: Policy) -> Draft:
    """A run whose partner has a holiday of their own: the tick writes to the others."""
    next_day = policy.next_sending_day(run, log.days_reminded.get(run.production_run_id, ()), tick)
    variables = {HOLIDAY: name, NEXT_DUE: next_day.isoformat()}
    return _reminder(tick, run, skip_reason=SkipReason.PARTNER_HOLIDAY, variables=variables)


def _left_alone(
    tick: Tick, run: StuckRun, log: LogFacts, policy: Policy, recipient: Recipient, hours: Hours | None
) -> Draft | None:
    """A run that is not due, or that would be and was reminded often enough.

    That there is no hour for its next reminder either is said today: a change of the clocks may have made it so.
    """
    reminded = log.days_reminded.get(run.production_run_id, ())
    next_due = policy.next_due(run, reminded, tick)
    if next_due is None and not policy.is_used_up(run, reminded):
        return None
    reason = SkipReason.NOT_DUE if next_due else SkipReason.ESCALATED
    if hours and hours.hindrance(recipient.phone, tick.day) is SkipReason.NO_COMMON_HOURS:
        reason = SkipReason.NO_COMMON_HOURS
    return _reminder(tick, run, skip_reason=reason, variables={NEXT_DUE: next_due.isoformat()} if next_due else None)


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
    """Put off the messages over the limit: the least recently reminded runs go first, then the oldest.

    A digest is one message, as urgent as the most urgent of its runs. What an earlier run of the day lets wait for its
    recipient's day is within that run's own limit: it is not taken over, and sent when it comes due. So is whatever
    takes the place of a digest that waited: what is withdrawn for it must not be lost. Neither is a digest put off that
    speaks of runs at which this tick did not look: it stays with the run that queued it.
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

    def urgency(draft: Draft) -> tuple[dt.date, dt.datetime, str]:
        return min(
            (log.last_reminded.get(run_id, dt.date.min), since[run_id], run_id)
            for run_id in draft.production_run_ids
            if run_id in since
        )

    def stays_with_who_queued_it(draft: Draft) -> bool:
        run_ids = set(draft.production_run_ids)
        return draft.adopts in waits or waiting.keys() >= run_ids or not since.keys() >= run_ids

    put_off = {draft.id for draft in sorted(messages, key=urgency)[limit:]}
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
