"""Finds the runs that are stuck in one kind and writes them down."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from partner_messages.config.schedule import day_of
from partner_messages.config.settings import Settings
from partner_messages.config.work_signs import WorkSign
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.params import RunParams
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.history import quantity_changes
from partner_messages.message_log.ticks import note_quantities, record_stuck
from partner_messages.messages.kinds import ReminderKind, StuckRun, restarted
from partner_messages.messages.scope import Scope
from partner_messages.messages.tick import Tick
from partner_messages.planning.reminders.policy import Policy
from partner_messages.shop.shop import Shop, open_shop

log = logging.getLogger(__name__)


def find_stuck_runs(tick: Tick, kind: str, params: RunParams) -> dict[str, Any]:
    """Write every run that is stuck in a `ReminderKind` at the tick's now to `stuck_run`; return how many there are."""
    kind, settings = ReminderKind(kind), load_settings()
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
    notes: bool = True,
) -> list[StuckRun]:
    """The runs that are stuck in a kind at `now`, each by its own partner's threshold; oldest first.

    No run is older than its partner has it, and idle ones are those on which nobody has worked since, by what the
    settings call work.

    Args:
        shop: The shop.
        connection: The message log.
        kind: The kind.
        now: The moment at which runs are judged.
        wall: The wall clock, before the shop is read.
        scope: Which runs are looked at.
        settings: The settings.
        notes: Whether the produced quantities that were read are written down.
    """
    policy = Policy.of(settings)
    work = settings.work_signs if kind is ReminderKind.IDLE else frozenset()
    by_quantity = WorkSign.PRODUCED_QUANTITY in work
    hours = 0 if by_quantity else settings.shortest_threshold(kind)
    found = list(shop.stuck_runs(kind, now=now, threshold_hours=hours, scope=scope))
    # The shop's present quantities say nothing about another day. They are noted for runs that are not overdue yet too,
    # because these may be overdue when their quantity changes for the first time.
    if notes and by_quantity and day_of(now) == day_of(wall):
        note_quantities(connection, [run for run in found if not run.bad_column], now=now, observed_at=wall)
    by_row = policy.overdue(found, now=now)
    signs = [shop.last_signs(by_row, now=now, work=work)]
    if by_quantity:
        signs.append(quantity_changes(connection, (run.production_run_id for run in by_row), now=now))
    overdue = policy.overdue(restarted(by_row, *signs), now=now)
    if spared := len(by_row) - len(overdue):
        log.info(
            "%d runs that %s have been %s since.",
            *(spared, "were started long enough ago to be idle", "worked on")
            if kind is ReminderKind.IDLE
            else (spared, f"seem to be stuck in {kind}", "sent to their partners"),
        )
    return overdue


def stuck_now(shop: Shop, kind: ReminderKind, *, wall: dt.datetime, scope: Scope) -> list[StuckRun]:
    """The runs that are in the state of a kind, however short a time: an event asks for a reminder of them now."""
    found = list(shop.stuck_runs(kind, now=wall, threshold_hours=0, scope=scope))
    return restarted(found, shop.last_signs(found, now=wall))
