"""Ends the promises that a tick finds kept or broken; the second one that is broken calls a person."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from partner_messages.deployment.params import RunParams
from partner_messages.message_log import promises
from partner_messages.message_log.answers import AnsweredStall, open_for_answer
from partner_messages.message_log.database import LogConnection
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.scope import Scope
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import MOST_BROKEN, Promise
from partner_messages.ops.reasons import Reason, StallToday
from partner_messages.planning.reminders.policy import Policy
from partner_messages.planning.reminders.said import comes_out
from partner_messages.shop.shop import Shop

log = logging.getLogger(__name__)


def end_promises(
    connection: LogConnection, shop: Shop, tick: Tick, stalls: Sequence[StallToday], params: RunParams, policy: Policy
) -> list[Promise]:
    """End the promises that were kept or broken, by what the tick has found; return those that were broken.

    A tick that looked at some runs alone knows nothing of the others, and one whose clock is older than a promise (it
    was cleared hours later) nothing of that one. The second one that is broken calls a person.
    """
    if params.scope != Scope() or frozenset(params.kinds) != frozenset(ReminderKind):
        return []

    def missed(promise: Promise) -> bool:
        if promise.kind is None or promise.since is None:  # It was made when the run stood still in no way yet.
            return tick.day > promise.due_on
        return policy.finds(promise.kind, promise.partner_id, promise.since, now=tick.now)

    stuck = {stall.production_run_id: stall for stall in stalls}
    known = [one for one in promises.open_promises(connection).values() if one.made_at <= tick.now]
    elsewhere = shop.runs(one.production_run_id for one in known if one.production_run_id not in stuck)

    def end_of(promise: Promise) -> tuple[str, str] | None:
        run = elsewhere.get(promise.production_run_id)
        return comes_out(
            *(promise, stuck.get(promise.production_run_id), tick.day),
            is_missed=missed(promise),
            partner_now=run.partner_id if run else None,
        )

    ends = {promise: end for promise in known if (end := end_of(promise))}
    promises.end_promises(connection, {promise.id: end for promise, end in ends.items()}, tick.now)
    broken = [promise for promise, (state, _) in ends.items() if state == "broken"]
    counts = promises.broken_promises(connection, [promise.production_run_id for promise in broken])
    for promise in broken:
        number = counts.get((promise.production_run_id, promise.partner_id, promise.kind, promise.since), 0)
        log.warning("%s: the promise of %s was broken.", promise.production_run_id, promise.due_on)
        if number >= MOST_BROKEN:
            stall = AnsweredStall(
                promise.production_run_id,
                promise.partner_id,
                promise.kind,
                promise.since or promise.made_at,
                moved=False,
            )
            open_for_answer(connection, stall, Reason.BROKEN_PROMISE, at=tick.now, answer_id=None)
    return broken


def broken_in_words(promise: Promise) -> str:
    """What operations are told of a broken promise."""
    return (
        f"A promise was broken: run {promise.production_run_id} was to move by {promise.due_on} (partner"
        f" {promise.partner_id}); they are reminded of it again."
    )
