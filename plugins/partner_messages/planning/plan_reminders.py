"""Decides who is reminded of what, writes it into the message log, and deals it out to tasks."""

from __future__ import annotations

import collections
import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from psycopg import Rollback

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.params import RunParams
from partner_messages.message_log.database import LogConnection, MessageLogError, open_message_log
from partner_messages.message_log.effect import as_if_reminded, days_held_back, stood_before, write_cases
from partner_messages.message_log.history import (
    asked_by_events,
    days_reminded,
    last_reminded,
    recent_sizes,
    slot_holders,
    standing_digests,
    stuck_of_run,
)
from partner_messages.message_log.queueing import queued_of_tick, write_drafts
from partner_messages.message_log.ticks import note_counts
from partner_messages.messages.kinds import Census, StuckRun
from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason
from partner_messages.messages.tick import RunRefused, Tick
from partner_messages.messages.values import Draft
from partner_messages.planning.dealing import deal_out
from partner_messages.planning.drafting.inputs import DEFAULT_FAMILY, DraftingSetup, ShopKnowledge
from partner_messages.planning.gather import log_knowledge_now, setup_for_planning, shop_knowledge
from partner_messages.planning.pictures import usable_pictures
from partner_messages.planning.reminders.digest import TEMPLATE, kept_apart
from partner_messages.planning.reminders.hours import Hours
from partner_messages.planning.reminders.inputs import LogKnowledge, PlanningInputs
from partner_messages.planning.reminders.plan import NEXT_DUE, Plan, blast_radius, decide_reminders
from partner_messages.planning.reminders.policy import Policy
from partner_messages.planning.reminders.trial import Case
from partner_messages.planning.reminders.wording import templates_of
from partner_messages.shop.shop import Shop, open_shop

log = logging.getLogger(__name__)

_FEW = 10
"""Up to as many are named one by one in the log."""
_TRIES = 5
"""Of planning, each with what other DAG runs have written meanwhile; then Airflow tries again later."""


def templates_of_reminders(settings: Settings) -> tuple[str, ...]:
    """Every template that a partner may be reminded with."""
    return (*templates_of(settings.template_family), *([TEMPLATE] if settings.digest else []))


def plan_messages(tick: Tick, params: RunParams) -> list[dict[str, Any]]:
    """Plan one tick: every stuck run becomes a queued message or a skip with its reason.

    Returns:
        Batches of message ids, one for each mapped `send_messages` task.

    Raises:
        RunRefused: More messages than the blast radius allows, in a live run that was not confirmed; nothing was
            written.
    """
    settings = load_settings()
    wall = run_context.wall_clock()
    with open_message_log() as connection, open_shop(settings.tables) as shop:
        stuck = _plan_and_write(connection, shop, tick, params, settings, wall)
        queued = queued_of_tick(connection, tick, now=wall)
    batches = deal_out(queued, settings)
    log.info("%d stuck runs: %d messages to send in %d tasks.", stuck, len(queued), len(batches))
    return batches


def _plan_and_write(
    connection: LogConnection, shop: Shop, tick: Tick, params: RunParams, settings: Settings, wall: dt.datetime
) -> int:
    """Decide, write it down and tell of it; return how many runs were stuck, and keep nothing else of 100,000."""
    planning = Planning.of(connection, shop, tick, params, settings, wall)
    for _ in range(_TRIES):
        plan = planning.plan()
        drafts = plan.drafts
        planned = sum(draft.skip_reason is None for draft in drafts)
        if tick.delivery == "live" and not params.confirmed:
            _check_blast_radius(planned, blast_radius(settings.confirm_above, recent_sizes(connection, tick)))
        if _write(connection, tick, plan):
            break
    else:
        raise MessageLogError(f"Other runs of the DAG changed the day's digests {_TRIES} times while planning.")
    note_counts(connection, tick, planning.census, planned)
    _tell_of_digests(drafts, settings)
    _tell_of_cadence(drafts)
    _tell_of_hours(drafts, settings)
    return len(planning.stuck)


@dataclass(frozen=True)
class Planning:
    """What a tick plans with; it plans again with what other DAG runs have written into the message log meanwhile.

    Attributes:
        connection: The message log.
        tick: The tick.
        settings: The settings.
        wall: The wall clock.
        setup: The senders, templates, settings and params that messages are drafted with.
        stuck: The runs that are stuck, as they are now.
        census: All active runs, without those that were found.
        without_partner: The ids of those that have no partner now.
        known: What the shop knows about the stuck ones.
    """

    connection: LogConnection
    tick: Tick
    settings: Settings
    wall: dt.datetime
    setup: DraftingSetup
    stuck: Sequence[StuckRun]
    census: Census
    without_partner: Sequence[str]
    known: ShopKnowledge

    @classmethod
    def of(
        cls,
        connection: LogConnection,
        shop: Shop,
        tick: Tick,
        params: RunParams,
        settings: Settings,
        wall: dt.datetime,
    ) -> Self:
        """Gather it, for the runs that this DAG run has found stuck (`stuck_run`)."""
        setup = setup_for_planning(connection, tick, settings, limit=params.limit, redirect_to=params.redirect_to)
        found = stuck_of_run(connection, tick.dag_run_id)
        stuck = shop.looked_at_again((run for run in found if run.kind in params.kinds), now=tick.now)
        census = shop.census(now=tick.now, scope=params.scope)
        known = _shop_knowledge(shop, connection, stuck, tick, settings)
        apart = census.apart_from(found)
        return cls(connection, tick, settings, wall, setup, stuck, apart, census.without_partner, known)

    def plan(self) -> Plan:
        """Decide about every run, by what the message log knows now; nothing is written."""
        policy, limit = Policy.of(self.settings), self.setup.limit
        log_knowledge = _log_knowledge(self.connection, self.tick, self.stuck, policy, self.wall, limit=limit)
        hours = Hours.of(self.tick, self.settings, self.wall)
        inputs = PlanningInputs(self.tick, self.known, log_knowledge, self.setup, policy, hours)
        return decide_reminders(inputs, self.stuck, self.without_partner)


def _write(connection: LogConnection, tick: Tick, plan: Plan) -> bool:
    """Write the plan if everything in it finds its place, else nothing; return whether it was written.

    What is planned again may come to more messages than may be sent, and then nothing must have been written.
    """
    with connection.transaction() as transaction:
        if write_drafts(connection, tick, plan.drafts, plan.worded):
            if tick.delivery == "live":
                write_cases(connection, tick, map(_as_record, plan.cases))
            return True
        raise Rollback(transaction)
    return False


def _as_record(case: Case) -> dict[str, Any]:
    of_run = {name: getattr(case.run, name) for name in ("production_run_id", "partner_id", "kind", "since")}
    return {"fortnight": case.fortnight, "held_back": case.held_back, **of_run}


def _shop_knowledge(
    shop: Shop, connection: LogConnection, stuck: Sequence[StuckRun], tick: Tick, settings: Settings
) -> ShopKnowledge:
    known = knowledge_of_stuck(shop, connection, stuck, tick)
    if settings.template_family == DEFAULT_FAMILY:
        return known
    return replace(known, pictures=usable_pictures(shop, (run.design_id for run in stuck), settings.pictures))


def knowledge_of_stuck(shop: Shop, connection: LogConnection, stuck: Sequence[StuckRun], tick: Tick) -> ShopKnowledge:
    """What the shop knows about stuck runs, but for pictures."""
    return shop_knowledge(
        shop,
        partner_ids=(run.partner_id for run in stuck),
        design_ids=(run.design_id for run in stuck),
        reminded=(run.production_run_id for run in stuck),
        asked=asked_by_events(connection, tick),
        day=tick.day,
    )


def _log_knowledge(
    connection: LogConnection, tick: Tick, stuck: Sequence[StuckRun], policy: Policy, wall: dt.datetime, *, limit: int
) -> LogKnowledge:
    ids = [run.production_run_id for run in stuck]
    held_back = days_held_back(connection, tick) if policy.asks_for_history else {}
    return replace(
        log_knowledge_now(connection, tick, policy.settings),
        slot_holders=slot_holders(connection, tick, ids, wall),
        digests=standing_digests(connection, tick),
        # Each run is in at most one message: if no more runs are stuck than messages may be sent, nothing is put off.
        last_reminded=last_reminded(connection, tick, ids) if len(ids) > limit else {},
        days_reminded=as_if_reminded(days_reminded(connection, tick), held_back) if policy.asks_for_history else {},
        days_held_back=held_back,
        not_first=stood_before(connection, tick) if policy.settings.control_share else frozenset(),
    )


def _tell_of_digests(drafts: Sequence[Draft], settings: Settings) -> None:
    """Which partners get several messages though they should get one."""
    if settings.digest and (apart := kept_apart(drafts)):
        log.warning(
            "Although setting digest is on, %d partners get more than one message (a part was queued before, or %s"
            " cannot be sent to them): %s.",
            *(len(apart), TEMPLATE, ", ".join(apart[:_FEW])),
        )


def _tell_of_cadence(drafts: Sequence[Draft]) -> None:
    """Where they are few, each run that is not due and when it is; else how many are due next on which day."""
    next_due = {
        draft.production_run_id or "": draft.variables[NEXT_DUE]
        for draft in drafts
        if draft.skip_reason in (SkipReason.NOT_DUE, SkipReason.PARTNER_HOLIDAY) and draft.variables
    }
    if not next_due:
        return
    said = ", ".join(f"{run_id} (next on {day})" for run_id, day in sorted(next_due.items()))
    if len(next_due) > _FEW:
        days = collections.Counter(next_due.values())
        said = f"{len(next_due)} runs, next due " + ", ".join(f"{days[day]} on {day}" for day in sorted(days)[:_FEW])
    log.info("Not due today: %s.", said)


def _tell_of_hours(drafts: Sequence[Draft], settings: Settings) -> None:
    """How many messages wait for their recipient's day, and how many cannot be sent today for its sake."""
    waiting = [draft.not_before for draft in drafts if draft.not_before and not draft.skip_reason]
    if waiting:
        log.info(
            "%d messages wait until it is day for their recipients (setting partner_send_window), the first until %s;"
            " message_log_upkeep sends them%s.",
            *(len(waiting), f"{min(waiting).astimezone(SCHEDULE_TIMEZONE):%H:%M} IST"),
            "" if settings.delivery == "live" else f", but not while setting delivery is {settings.delivery}",
        )
    for reason in (SkipReason.NO_COMMON_HOURS, SkipReason.EXPIRED):
        if skipped := sum(draft.skip_reason is reason for draft in drafts):
            log.warning("%d messages are not sent (%s): %s", skipped, reason, EXPLANATIONS[reason].meaning)


def _check_blast_radius(planned: int, allowed: int) -> None:
    if planned > allowed:
        raise RunRefused(
            f"This live run would send {planned} messages, more than the {allowed} that setting confirm_above (or three"
            " times the median of the last ten ticks, of each day's live runs the largest) allows; nothing was written"
            " or sent. If the number is right, trigger the DAG with `confirmed` ticked."
        )
