"""Whether a tick's messages may leave: what people have approved of them, and what the settings say without that."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.settings import Settings, SettingsError
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log import before
from partner_messages.message_log.before import Approval
from partner_messages.message_log.database import open_message_log
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Halt, Tick
from partner_messages.ops.daily_summary import tell_of_waiting
from partner_messages.ops.notifier import NotTold
from partner_messages.planning.left_alone import LeftAlone
from partner_messages.planning.marks import mark_of

log = logging.getLogger(__name__)

LAST_TRY_THAT_TELLS = 3
"""Of the task's four: the last one waits, whoever could not be told."""


def is_decided(tick: Tick, first_time_in: Mapping[str, Any] | None = None) -> bool:
    """Let what is approved of a tick leave, or do what the settings say where its time is over.

    Args:
        tick: The tick.
        first_time_in: The context of a task that asks for the first time: operations are told then that the tick waits
            (setting `on_summary`), and Airflow keeps that it has asked.

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
            if first_time_in is not None:
                _tell(first_time_in, tick, len(waiting), settings, hold)
            return False
        left_alone = LeftAlone.now(connection, settings, tick.day)
        reasons = dict.fromkeys(unapproved, SkipReason.HELD if hold else SkipReason.NOT_APPROVED)
        if not hold:
            left_out = {row["id"] for row in waiting if left_alone.leaves_out(row, tick.day)}
            reasons |= dict.fromkeys(left_out.intersection(unapproved), SkipReason.PAUSED)
        withdrawn = before.end_wait_for_approval(connection, tick, reasons)
    who = ", ".join(sorted({one.who for one in approvals})) or "nobody"
    log.info(
        "%d of %d messages may leave (%s); %d are not sent (%s).",
        *(len(waiting) - withdrawn, len(waiting), f"held {hold}" if hold else f"approved by {who}", withdrawn),
        ", ".join(sorted(set(reasons.values()))) or "none",
    )
    return True


def _tell(context: Mapping[str, Any], tick: Tick, messages: int, settings: Settings, hold: Halt | None) -> None:
    """Tell operations; a notifier that fails is tried again with the task, but costs the tick none of its tries."""
    run = run_context.run_pass(context)
    try:
        tell_of_waiting(context, run, tick, messages, settings=settings, hold=hold)
    except (NotTold, SettingsError) as error:
        if isinstance(error, NotTold) and run.try_number <= LAST_TRY_THAT_TELLS:
            raise
        log.warning("%s", error)


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
