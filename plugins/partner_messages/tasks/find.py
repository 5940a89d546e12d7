"""Finds the runs that are stuck in one kind and writes them down."""

from __future__ import annotations

import logging
from typing import Any

from partner_messages import run_context
from partner_messages.live_settings import load_settings
from partner_messages.messages.database import open_message_log
from partner_messages.messages.queue import record_stuck
from partner_messages.params import RunParams
from partner_messages.runs.kinds import ReminderKind
from partner_messages.runs.shop import open_shop
from partner_messages.tick import Tick

log = logging.getLogger(__name__)


def find_stuck_runs(tick: Tick, kind: ReminderKind, params: RunParams) -> dict[str, Any]:
    """Write every run stuck in `kind` at the tick's now to `stuck_run`; return how many there are."""
    settings = load_settings()
    hours = settings.thresholds.hours(kind)
    with open_shop(settings.tables) as shop:
        stuck = list(shop.stuck_runs(kind, now=tick.now, threshold_hours=hours, scope=params.scope))
    with open_message_log() as connection:
        record_stuck(connection, tick, kind, stuck, observed_at=run_context.wall_clock())
    log.info("%d runs are stuck in %s for more than %g hours at %s.", len(stuck), kind, hours, tick.now.isoformat())
    return {"kind": kind.value, "found": len(stuck)}
