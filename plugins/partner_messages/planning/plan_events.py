"""Decides what becomes of a DAG run's events, writes it into the message log, and deals it out to tasks."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from partner_messages.config.calendars import own_calendars
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.history import event_holders
from partner_messages.message_log.queueing import queued_of_tick, withdraw_reminders, write_drafts
from partner_messages.messages.scope import Scope
from partner_messages.messages.tick import RunRefused, Tick, keeps_their_hours
from partner_messages.messages.values import Draft
from partner_messages.planning.dealing import deal_out
from partner_messages.planning.drafting.inputs import DEFAULT_FAMILY, DraftingSetup, ShopKnowledge
from partner_messages.planning.events.event import Event, EventParams
from partner_messages.planning.events.plan import EventRuns, Holders, Timing, plan_events
from partner_messages.planning.events.rules import LIFECYCLE, REMINDERS
from partner_messages.planning.find import stuck_now
from partner_messages.planning.gather import log_knowledge_now, setup_for_planning, shop_knowledge
from partner_messages.planning.pictures import usable_pictures
from partner_messages.planning.reminders.inputs import PlanningInputs
from partner_messages.planning.reminders.wording import templates_of
from partner_messages.shop.shop import Shop, open_shop

log = logging.getLogger(__name__)


def templates_of_events(settings: Settings) -> tuple[str, ...]:
    """Every template that an event may be told with."""
    return (*(rule.template for rule in LIFECYCLE.values()), *templates_of(settings.template_family))


def check_runs(params: EventParams) -> int:
    """See that the shop has every run and partner that the events speak of; return how many runs there are.

    Raises:
        RunRefused: Naming those that it has not. The other events are told all the same.
    """
    settings = load_settings()
    asked = {event.production_run_id for event in params.events}
    named = {event.partner_id for event in params.events if event.partner_id}
    with open_shop(settings.tables) as shop:
        unknown = sorted(asked - shop.runs(asked).keys())
        strangers = sorted(named - shop.existing_partners(named).keys())
    said = [
        *([f"no run {', '.join(unknown)} (or has deleted it)"] if unknown else []),
        *([f"no partner {', '.join(strangers)}"] if strangers else []),
    ]
    if said:
        it = "it" if len(unknown + strangers) == 1 else "them"
        raise RunRefused(
            f"The shop has {' and '.join(said)}, so nothing was sent for {it}; trigger again with the right ids."
        )
    return len(asked)


def plan_event_messages(tick: Tick, params: EventParams, run_after: dt.datetime) -> list[dict[str, Any]]:
    """Plan the messages of a DAG run's events: each becomes a queued message or a skip with its reason.

    Returns:
        Batches of message ids, one for each mapped `send_messages` task; what waits for its time is in none of them.
    """
    settings = load_settings()
    timing = replace(timing_of(tick, settings, run_context.wall_clock()), run_after=run_after)
    with open_message_log() as connection, open_shop(settings.tables) as shop:
        setup = setup_for_planning(connection, tick, settings, limit=None, redirect_to=params.redirect_to)
        drafts, event_runs = decide_events(connection, shop, setup, tick, params.events, settings, timing)
        write_drafts(connection, tick, drafts)
        withdrawn = withdraw_reminders(connection, tick, _ended(drafts, event_runs))
        queued = queued_of_tick(connection, tick, now=timing.wall)
    held = sum(draft.not_before is not None and draft.skip_reason is None for draft in drafts)
    batches = deal_out(queued, settings)
    log.info(
        "%d events: %d messages to send in %d tasks, %d that wait for the recipient's morning; %d queued reminders of"
        " ended runs withdrawn.",
        *(len(params.events), len(queued), len(batches), held, withdrawn),
    )
    return batches


def timing_of(tick: Tick, settings: Settings, wall: dt.datetime) -> Timing:
    """When events may be told that a DAG run of this moment tells."""
    return Timing(
        wall=wall,
        run_after=wall,
        max_age=dt.timedelta(hours=settings.event_max_age),
        hours=settings.event_window if keeps_their_hours(tick, settings) else None,
        calendars=own_calendars(settings),
    )


def decide_events(
    connection: LogConnection,
    shop: Shop,
    setup: DraftingSetup,
    tick: Tick,
    events: Sequence[Event],
    settings: Settings,
    timing: Timing,
) -> tuple[list[Draft], EventRuns]:
    """Decide what becomes of events by what the shop and the message log know now; nothing is written."""
    event_runs = _event_runs(shop, events, timing.wall)
    inputs = PlanningInputs(
        tick,
        _shop_knowledge(shop, events, event_runs, tick, settings),
        log_knowledge_now(connection, tick, settings),
        setup,
    )
    holders = _holders(connection, tick, events, event_runs, timing)
    return plan_events(inputs, events, event_runs, holders, timing), event_runs


def _event_runs(shop: Shop, events: Sequence[Event], wall: dt.datetime) -> EventRuns:
    reminders = {event.production_run_id: REMINDERS[event.event] for event in events if event.event in REMINDERS}
    kinds = {REMINDERS[event.event] for event in events if event.event in REMINDERS}
    scope = Scope(production_run_ids=tuple(reminders))
    stuck = [run for kind in kinds for run in stuck_now(shop, kind, wall=wall, scope=scope)]
    return EventRuns(
        runs=shop.runs(event.production_run_id for event in events),
        stuck={(run.production_run_id, run.kind): run for run in stuck},
    )


def _shop_knowledge(
    shop: Shop, events: Sequence[Event], event_runs: EventRuns, tick: Tick, settings: Settings
) -> ShopKnowledge:
    named = {event.partner_id for event in events}
    runs = event_runs.runs.values()
    asked = {run_id for run_id, _ in event_runs.stuck}
    found = shop_knowledge(
        shop,
        partner_ids={id_ for id_ in {*named, *(run.partner_id for run in runs)} if id_},
        design_ids=[run.design_id for run in runs],
        reminded=asked,
        asked=asked,
        day=tick.day,
    )
    if settings.template_family == DEFAULT_FAMILY or not event_runs.stuck:
        return found
    designs = (run.design_id for run in event_runs.stuck.values())
    return replace(found, pictures=usable_pictures(shop, designs, settings.pictures))


def _holders(
    connection: LogConnection, tick: Tick, events: Sequence[Event], event_runs: EventRuns, timing: Timing
) -> Holders:
    by_event_id, by_context = event_holders(
        connection,
        tick,
        [
            Draft.event(run.id, event.event, partner_id, event_id=event.event_id, decided_at=timing.wall)
            for event in events
            if (run := event_runs.runs.get(event.production_run_id))
            for partner_id in {event.partner_id or run.partner_id}
        ],
        due=timing.run_after,
    )
    return Holders(by_event_id, by_context)


def _ended(drafts: Sequence[Draft], event_runs: EventRuns) -> list[str]:
    """The runs that are over, of those that these events say are.

    A cancellation that goes to the previous partner says nothing about a run that somebody else has by now.
    """
    return [
        run.id
        for draft in drafts
        if (rule := LIFECYCLE.get(draft.event_name or ""))
        and rule.ends_the_run
        and (run := event_runs.runs.get(draft.production_run_id or ""))
        and run.is_over
    ]
