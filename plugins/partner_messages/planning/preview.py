"""What a tick would send if it planned now, by the planner itself; nothing of it is written."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg import Rollback

from partner_messages.config import dag_ids
from partner_messages.config.schedule import SCHEDULE_TIMEZONE, TICK_TIME, day_of
from partner_messages.config.settings import Settings
from partner_messages.deployment.params import RunParams
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.history import recent_sizes
from partner_messages.message_log.ticks import record_stuck
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Draft
from partner_messages.planning.drafting.inputs import DraftingSetup
from partner_messages.planning.events.event import Event
from partner_messages.planning.find import overdue_runs
from partner_messages.planning.gather import setup_for_planning
from partner_messages.planning.plan_events import decide_events, timing_of
from partner_messages.planning.plan_reminders import Planning
from partner_messages.planning.reminders.plan import blast_radius
from partner_messages.planning.template_gate import what_counts
from partner_messages.shop.shop import open_shop
from partner_messages.templates.approvals.approvals import read_approvals

EVER = dt.timedelta(days=3650)


@dataclass(frozen=True)
class Preview:
    """What a tick would do.

    Attributes:
        messages: What it would send.
        left_out: What it would not, each with its reason.
        allowed: How many it may send without being confirmed.
    """

    messages: Sequence[Draft]
    left_out: Sequence[Draft]
    allowed: int


def preview(connection: LogConnection, settings: Settings, day: dt.date, wall: dt.datetime) -> Preview:
    """Plan a day's tick, as it would at its hour, without writing anything."""
    due = dt.datetime.combine(day, TICK_TIME, SCHEDULE_TIMEZONE)
    return _planned(connection, settings, _tick(dag_ids.REMINDERS, settings, due), max(wall, due), RunParams())


def preview_by_hand(connection: LogConnection, settings: Settings, params: RunParams, wall: dt.datetime) -> Preview:
    """Plan a run that somebody triggers now with these params, without writing anything."""
    return _planned(connection, settings, _tick(dag_ids.REMINDERS, settings, wall), wall, params)


def preview_of_events(
    connection: LogConnection, settings: Settings, events: Sequence[Event], wall: dt.datetime
) -> Sequence[Draft]:
    """Plan events that somebody has told now, without writing anything; of a run that is gone there is nothing."""
    tick = _tick(dag_ids.EVENTS, settings, wall)
    setup = setup_for_planning(connection, tick, settings, limit=None, redirect_to=None)
    setup = _with_what_is_known(connection, setup)
    with open_shop(settings.tables) as shop:
        return decide_events(connection, shop, setup, tick, events, settings, timing_of(tick, settings, wall))[0]


def _tick(dag_id: str, settings: Settings, now: dt.datetime) -> Tick:
    return Tick(str(uuid.uuid4()), dag_id, f"preview {uuid.uuid4()}", settings.delivery, "auto", day_of(now), now)


def _planned(
    connection: LogConnection, settings: Settings, tick: Tick, wall: dt.datetime, params: RunParams
) -> Preview:
    """What a tick would plan.

    What it finds stuck is written down for the planner to read, within a transaction that is taken back: nobody else
    ever sees it, and it stands in nobody's way.
    """
    with connection.transaction() as never, open_shop(settings.tables) as shop:
        for kind in ReminderKind:
            found = overdue_runs(
                *(shop, connection, kind), now=tick.now, wall=wall, scope=params.scope, settings=settings, notes=False
            )
            record_stuck(connection, tick, kind, found, observed_at=wall)
        planning = Planning.of(connection, shop, tick, params, settings, wall)
        plan = replace(planning, setup=_with_what_is_known(connection, planning.setup)).plan()
        drafts = [plan.worded(draft) for draft in plan.drafts]
        allowed = blast_radius(settings.confirm_above, recent_sizes(connection, tick))
        raise Rollback(never)
    return _preview(drafts, allowed)


def _with_what_is_known(connection: LogConnection, setup: DraftingSetup) -> DraftingSetup:
    """With the approvals that were read last, however long ago: the tick reads them anew; Meta is not asked here."""
    if setup.approvals is None:
        return setup
    known = read_approvals(connection, {sender.waba_id for sender in setup.senders})
    return replace(setup, approvals=what_counts(known, setup.senders, setup.catalog.names, within=EVER))


def _preview(drafts: Sequence[Draft], allowed: int) -> Preview:
    return Preview(
        messages=[draft for draft in drafts if not draft.skip_reason],
        left_out=[draft for draft in drafts if draft.skip_reason],
        allowed=allowed,
    )
