"""Finds the runs that are stuck in one kind and writes them down."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from partner_messages import run_context
from partner_messages.live_settings import load_settings
from partner_messages.messages.database import LogConnection, open_message_log
from partner_messages.messages.history import quantity_changes
from partner_messages.messages.ticks import note_quantities, record_stuck
from partner_messages.params import RunParams
from partner_messages.reminders.policy import Policy
from partner_messages.runs.kinds import ReminderKind, StuckRun, worked_on
from partner_messages.runs.scope import Scope
from partner_messages.runs.shop import Shop, open_shop
from partner_messages.settings import Settings
from partner_messages.tick import Tick, day_of

log = logging.getLogger(__name__)


def find_stuck_runs(tick: Tick, kind: ReminderKind, params: RunParams) -> dict[str, Any]:
    """Write every run stuck in `kind` at the tick's now to `stuck_run`; return how many there are."""
    settings = load_settings()
    wall = run_context.wall_clock()
    with open_message_log() as connection:
        with open_shop(settings.tables) as shop:
            stuck = overdue_runs(shop, connection, kind, now=tick.now, wall=wall, scope=params.scope, settings=settings)
        record_stuck(connection, tick, kind, stuck, observed_at=wall)
    hours = settings.thresholds.hours(kind)
    log.info(
        "%d runs are stuck in %s for more than %g hours (or their partner's own threshold) at %s.",
        *(len(stuck), kind, hours, tick.now.isoformat()),
    )
    return {"kind": kind.value, "found": len(stuck)}


def overdue_runs(
    shop: Shop,
    connection: LogConnection,
    kind: ReminderKind,
    *,
    now: dt.datetime,
    wall: dt.datetime,
    scope: Scope,
    settings: Settings,
) -> list[StuckRun]:
    """The runs that are stuck in a kind at `now`, each by its own partner's threshold; oldest first.

    Idle ones are those on which nobody has worked since, unless the settings ask for their start alone.

    Args:
        shop: The shop.
        connection: The message log.
        kind: The kind.
        now: The moment at which runs are judged.
        wall: The wall clock, before the shop is read.
        scope: Which runs are looked at.
        settings: The settings.
    """
    policy = Policy.of(settings)
    if kind is ReminderKind.IDLE and settings.idle_signal == "work":
        return _idle_by_work(shop, connection, policy, now=now, wall=wall, scope=scope)
    found = shop.stuck_runs(kind, now=now, threshold_hours=settings.shortest_threshold(kind), scope=scope)
    return policy.overdue(found, now=now)


def _idle_by_work(
    shop: Shop, connection: LogConnection, policy: Policy, *, now: dt.datetime, wall: dt.datetime, scope: Scope
) -> list[StuckRun]:
    started = list(shop.stuck_runs(ReminderKind.IDLE, now=now, threshold_hours=0, scope=scope))
    # What the shop has now says nothing of another day. Of runs that are not overdue yet it is noted too: they may be
    # on the day on which their quantity is first seen to have changed.
    if day_of(now) == day_of(wall):
        note_quantities(connection, started, now=now, observed_at=wall)
    by_start = policy.overdue(started, now=now)
    entries = shop.last_entries(by_start, now=now)
    changes = quantity_changes(connection, (run.production_run_id for run in by_start), now=now)
    idle = policy.overdue(worked_on(by_start, entries, changes), now=now)
    if worked := len(by_start) - len(idle):
        log.info("%d runs that were started long enough ago to be idle have been worked on since.", worked)
    return idle
