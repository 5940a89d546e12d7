"""Gathers the reminders of a partner who would get several into one message, a digest.

No run may stand in two messages of a day, and none may be lost between them. What an earlier run of the day has queued
decides what is left to gather:

| is queued | what becomes of it |
|---|---|
| a run's own message | it goes out as it is; the run stands in no digest |
| a digest of just the runs that are due | it goes out, worded anew |
| a digest of other runs, all of which this tick looked at | it is withdrawn, and its runs are gathered anew |
| a digest of some run that this tick did not look at | it goes out as it is, less what has moved on by then |
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.statuses import MessageStatus
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import (
    Draft,
    Message,
    StandingDigest,
    digest_context_id,
)
from partner_messages.planning.drafting.message import in_the_words_of, message_columns, names_of
from partner_messages.planning.drafting.recipient import Recipient
from partner_messages.planning.reminders.inputs import PlanningInputs
from whatsapp_provider.templates.catalog import Template
from whatsapp_provider.templates.cleaning import whole_days

TEMPLATE = "jyt_production_run_digest_v1"
"""The same for all families: several designs have no one picture."""


def gather(
    inputs: PlanningInputs,
    drafts: Sequence[Draft],
    stuck: Iterable[StuckRun],
    recipients: Mapping[str, Recipient | SkipReason],
) -> list[Draft]:
    """Put the messages of each partner with two or more into one; a single message and every skip stays as it is.

    Where the digest cannot be sent in the language of its partner's messages, they stay messages of their own.

    Args:
        inputs: What they were decided with; the setting `digest` is in its `setup`.
        drafts: What was decided of each run.
        stuck: The runs that this tick looks at.
        recipients: How each of their partners is reached.
    """
    tick, standing = inputs.tick, inputs.log.digests
    runs = {run.production_run_id: run for run in stuck}
    taken = {one.context_id for one in standing}
    queued = [
        one
        for one in standing
        if one.status == MessageStatus.QUEUED and not runs.keys().isdisjoint(one.production_run_ids)
    ]
    if not (queued or inputs.setup.digest):
        return list(drafts)
    as_they_are = [one for one in queued if not one.production_run_ids <= runs.keys()]
    anew = {(one.partner_id, one.production_run_ids): one for one in queued if one.production_run_ids <= runs.keys()}
    spoken_for = {run_id for one in as_they_are for run_id in one.production_run_ids}
    left = [draft for draft in drafts if draft.production_run_id not in spoken_for]
    digests: list[Draft] = []
    if inputs.setup.digest:
        in_digests = {one.id for one in queued}
        holders = inputs.log.slot_holders.items()
        alone = {id_ for id_, one in holders if one.status == MessageStatus.QUEUED and one.id not in in_digests}
        due = (draft for draft in left if not draft.skip_reason and draft.production_run_id not in alone)
        for partner_id, theirs in together(due).items():
            recipient = recipients[partner_id]
            if isinstance(recipient, Recipient):
                run_ids = tuple(run_id for draft in theirs for run_id in draft.production_run_ids)
                words = _message(inputs, [runs[id_] for id_ in run_ids], recipient)
                if words.get("language") in {draft.language for draft in theirs} and "skip_reason" not in words:
                    same = anew.get((partner_id, frozenset(run_ids)))
                    digests.append(replace(_digest(tick, partner_id, run_ids, same, taken), **words))
    gathered = {run_id for digest in digests for run_id in digest.production_run_ids}
    adopted = {digest.adopts for digest in digests}
    return [
        *(draft for draft in left if draft.production_run_id not in gathered),
        *digests,
        *(_taken_over(one) for one in as_they_are),
        *(_taken_over(one, SkipReason.MOVED_ON) for one in anew.values() if one.id not in adopted),
    ]


def kept_apart(drafts: Iterable[Draft]) -> list[str]:
    """The partners who are to get more than one message."""
    messages = collections.Counter(draft.partner_id for draft in drafts if not draft.skip_reason and draft.partner_id)
    return sorted(partner_id for partner_id, number in messages.items() if number > 1)


def reworded(
    inputs: PlanningInputs, template: Template, language: str, runs: Sequence[StuckRun], recipient: Recipient
) -> dict[str, Any]:
    """The variables and the text of a digest that speaks of these runs, in the language that it was queued in."""
    values, numbers = _said(inputs, runs, recipient)
    return in_the_words_of(template, language, values, numbers)


def left_out(tick: Tick, digest: Message, run_id: str, reason: SkipReason) -> Draft:
    """The skip of a run that has left a queued digest of its partner; `digest` in its variables is that message."""
    columns = {"partner_id": digest.partner_id, "variables": {"digest": str(digest.id)}}
    return Draft.reminder(run_id, tick.day, **columns, skip_reason=reason)


class Partnered(Protocol):
    """What is for one partner, or for nobody."""

    @property
    def partner_id(self) -> str | None:
        """Who."""


PartneredT = TypeVar("PartneredT", bound=Partnered)


def together(due: Iterable[PartneredT]) -> dict[str, list[PartneredT]]:
    """What goes into one message: all that is due for each partner of whom two or more runs are."""
    found: dict[str, list[PartneredT]] = {}
    for one in due:
        if one.partner_id:
            found.setdefault(one.partner_id, []).append(one)
    return {partner_id: theirs for partner_id, theirs in found.items() if len(theirs) > 1}


def _message(inputs: PlanningInputs, runs: Sequence[StuckRun], recipient: Recipient) -> dict[str, Any]:
    values, numbers = _said(inputs, runs, recipient)
    refused = inputs.log.refused_phones
    return message_columns(
        recipient, (TEMPLATE,), values, picture=None, refused_phones=refused, setup=inputs.setup, numbers=numbers
    )


def _said(
    inputs: PlanningInputs, runs: Sequence[StuckRun], recipient: Recipient
) -> tuple[dict[str, str], dict[str, int]]:
    """The values of the template's variables, and the numbers that its phrases tell."""
    oldest = min(runs, key=lambda run: (run.since, run.production_run_id))
    counts = collections.Counter(run.kind for run in runs)
    return (
        {**names_of(recipient, oldest.design_id, inputs.shop), "run_id": oldest.production_run_id},
        {**{kind.value: counts[kind] for kind in ReminderKind}, "days": whole_days(oldest.since, inputs.tick.now)},
    )


def _digest(
    tick: Tick, partner_id: str, run_ids: tuple[str, ...], same: StandingDigest | None, taken: Container[str]
) -> Draft:
    """A digest without its words; one that is queued already for just these runs is taken over."""
    numbered = (digest_context_id(partner_id, tick.day, number) for number in itertools.count(1))
    context_id = same.context_id if same else next(one for one in numbered if one not in taken)
    return Draft.digest(partner_id, run_ids, context_id, adopts=same.id if same else None)


def _taken_over(digest: StandingDigest, skip_reason: SkipReason | None = None) -> Draft:
    return Draft.digest(
        digest.partner_id,
        sorted(digest.production_run_ids),
        digest.context_id,
        adopts=digest.id,
        skip_reason=skip_reason,
    )
