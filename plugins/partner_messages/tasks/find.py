"""Finds the runs that are stuck in one kind and writes them down."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from partner_messages import run_context
from partner_messages.live_settings import load_settings
from partner_messages.messages.database import open_message_log
from partner_messages.messages.queue import record_stuck
from partner_messages.params import RunParams
from partner_messages.reminders.policy import Policy
from partner_messages.runs.kinds import ReminderKind, StuckRun
from partner_messages.runs.scope import Scope
from partner_messages.runs.shop import Shop, open_shop
from partner_messages.settings import Settings
from partner_messages.tick import Tick

log = logging.getLogger(__name__)


def find_stuck_runs(tick: Tick, kind: ReminderKind, params: RunParams) -> dict[str, Any]:
    """Write every run stuck in `kind` at the tick's now to `stuck_run`; return how many there are."""
    settings = load_settings()
    with open_shop(settings.tables) as shop:
        stuck = overdue_runs(shop, kind, now=tick.now, scope=params.scope, settings=settings)
    with open_message_log() as connection:
        record_stuck(connection, tick, kind, stuck, observed_at=run_context.wall_clock())
    hours = settings.thresholds.hours(kind)
    log.info(
        "%d runs are stuck in %s for more than %g hours (or their partner's own threshold) at %s.",
        *(len(stuck), kind, hours, tick.now.isoformat()),
    )
    return {"kind": kind.value, "found": len(stuck)}


def overdue_runs(
    shop: Shop, kind: ReminderKind, *, now: dt.datetime, scope: Scope, settings: Settings
) -> list[StuckRun]:
    """The runs that are stuck in a kind at `now`, each by its own partner's threshold; oldest first."""
    found = shop.stuck_runs(kind, now=now, threshold_hours=settings.shortest_threshold(kind), scope=scope)
    return Policy.of(settings).overdue(found, now=now)
