"""Whether a tick's messages may leave: what people have approved of them, and what the settings say without that."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log import before
from partner_messages.message_log.before import Approval
from partner_messages.message_log.database import open_message_log
from partner_messages.messages.tick import Halt, Tick
from partner_messages.planning.marks import mark_of

log = logging.getLogger(__name__)


def is_decided(tick: Tick) -> bool:
    """Let what is approved of a tick leave, or do what the settings say where its time is over.

    Returns:
        Whether it is decided; else it is to be asked again.
    """
    settings, now = load_settings(), run_context.wall_clock()
    with open_message_log() as connection:
        waiting = before.waiting_messages(connection, tick.dag_run_id, tick.id)
        approvals = before.approvals_of(connection, tick.day)
        hold = before.standing_holds(connection, tick.day, tick.day).get(tick.day)
        unapproved = decide(waiting, approvals, hold, settings, tick.day, now)
        if unapproved is None:
            log.info("%d messages wait until somebody approves them (page Before the tick).", len(waiting))
            return False
        withdrawn = before.let_go(connection, tick, unapproved)
    who = ", ".join(sorted({one.who for one in approvals})) or "nobody"
    log.info(
        "%d of %d messages may leave (approved by %s); %d are not sent (not_approved).",
        *(len(waiting) - withdrawn, len(waiting), who, withdrawn),
    )
    return True


def decide(
    waiting: Sequence[Mapping[str, Any]],
    approvals: Iterable[Approval],
    hold: Halt | None,
    settings: Settings,
    day: dt.date,
    now: dt.datetime,
) -> list[uuid.UUID] | None:
    """Which of the waiting messages are not to be sent; None while that is still to be seen.

    An approval holds for what was seen alone. Whoever holds the tick is waited for, and is heard at the end.

    Args:
        waiting: Rows of `waiting_messages`.
        approvals: What was approved of the day.
        hold: Who holds the day's tick, if anybody does.
        settings: The settings as they are now.
        day: The day.
        now: The wall clock.
    """
    is_over = now >= dt.datetime.combine(day, settings.approve_until, SCHEDULE_TIMEZONE)
    everything = [row["id"] for row in waiting]
    if not waiting:
        return []
    if hold:
        return everything if is_over else None
    if seen := frozenset[str]().union(*(one.seen for one in approvals)):
        return [row["id"] for row in waiting if mark_of(row) not in seen]
    if not settings.approve_first:
        return []
    if not is_over:
        return None
    return everything if settings.approve_else == "skip" else []


def is_left_out(tick: Mapping[str, Any]) -> bool:
    """Whether a run waits for nobody, so that its task that waits need not start."""
    return not Tick.from_xcom(dict(tick)).awaits_approval
