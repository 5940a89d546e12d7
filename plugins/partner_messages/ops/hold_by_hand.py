"""Holds a day's scheduled tick, or lets it go on, by a person's word."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from partner_messages.config.schedule import day_of
from partner_messages.deployment import run_context
from partner_messages.deployment.params import HoldParams
from partner_messages.message_log import before
from partner_messages.message_log.database import open_message_log
from partner_messages.messages.tick import RunRefused, TickSkipped
from partner_messages.ops.days_ahead import LONGEST, see_that_it_is_near
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)


def hold_by_hand(of_run: Mapping[str, Any]) -> str:
    """Do what the params say; return it.

    Raises:
        TickSkipped: No tick is to be held, nor to go on.
        RunRefused: The day has gone by or is too far ahead, somebody holds it already, or nobody does.
    """
    params = HoldParams.of(of_run)
    if params is None:
        raise TickSkipped("No tick is to be held, nor to go on.")
    day, now = params.hold_day, run_context.wall_clock()
    if day < day_of(now):
        raise RunRefused(f"{day} has gone by; say today or a later day.")
    see_that_it_is_near(day, LONGEST)
    who, why = params.hold_by, params.hold_why
    with open_message_log() as connection:
        if params.hold == "hold" and not before.hold_tick(connection, day, who=who, why=why, now=now):
            held = before.standing_holds(connection, day, day).get(day)
            # The same said twice, by a second click or a try whose answer was lost, is no error.
            if held is None or (held.who, held.why) != (mask(who), mask(why)):
                raise RunRefused(f"The tick of {day} is held already{f', {held}' if held else ''}.")
        if params.hold == "go_on" and not before.let_tick_go_on(connection, day, who=who, why=why, now=now):
            raise RunRefused(f"Nobody holds the tick of {day}, so there is nothing to let go on.")
    log.warning("hold = %s for the tick of %s, says %s: %s", params.hold, day, mask(who), mask(why))
    return params.hold
