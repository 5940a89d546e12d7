"""Looks after the message log between ticks: sends what has come due, and closes what nobody will touch again."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from partner_messages.config.schedule import SCHEDULE_TIMEZONE, day_of
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.installed_copies import copies_in_the_way
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.answers import expire_replies, listen_with, release_replies
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.effect import count_what_came_of_it
from partner_messages.message_log.migrations import migrate
from partner_messages.message_log.outbox import restore_spooled
from partner_messages.message_log.queueing import queued_of_tick, release, sweep
from partner_messages.message_log.retention import forget
from partner_messages.message_log.spool import Spool
from partner_messages.message_log.ticks import start_tick
from partner_messages.messages.tick import RunPass, Tick
from partner_messages.ops.halt_by_hand import halted_now
from partner_messages.ops.hearing import hear
from partner_messages.ops.log_checks import may_be_sent_from
from partner_messages.ops.metrics import emit_metrics
from partner_messages.planning.dealing import deal_out
from partner_messages.shop.shop import open_shop
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)


def look_after_the_log(run: RunPass) -> dict[str, Any]:
    """Bring the message log up to date, and close what is over.

    A missed run of this DAG is no stale one: whatever has come due meanwhile is judged by the wall clock.

    Returns:
        A tick of this moment, under which the DAG run sends what has come due.
    """
    wall = run_context.wall_clock()
    settings = load_settings()
    tick = Tick.of(replace(run, now=wall), delivery="live", asked="auto", day=day_of(wall))
    with open_message_log() as connection:
        applied = migrate(connection)
        tick = may_be_sent_from(connection, tick)
        emit_metrics(connection, wall)  # Before this run changes the numbers: it applies what the receiver has left.
        closed = close_what_is_over(connection, tick.day, settings)
        listen_with(connection, settings, wall)
        tick = replace(tick, warnings=(*copies_in_the_way(), *hear(connection, settings, wall)))
        start_tick(connection, tick)
    for said in tick.warnings:
        log.warning("%s", said)
    log.info("Migrations applied: %s; closed: %s.", applied or "none", closed)
    return tick.to_xcom()


def close_what_is_over(connection: LogConnection, today: dt.date, settings: Settings) -> str:
    """Close what no task will touch again, and say how much it was."""
    restore_spooled(connection, Spool.of_this_worker(), run_context.wall_clock())
    closed = sweep(connection, today, settings.lease)
    expire_replies(connection, run_context.wall_clock())
    if closed["expired"]:
        # The run that queued them may have ended well: it was not its turn to send what waited.
        log.warning(
            "%d messages of past days were never sent (expired): sending was stopped meanwhile, or message_log_upkeep"
            " is paused and nobody sends what waits for its recipient's day.",
            closed["expired"],
        )
    return ", ".join(f"{number} {end}" for end, number in closed.items())


def forget_what_is_old() -> dict[str, int]:
    """Blank and delete what the message log has kept long enough, and say how much it was.

    Returns:
        The numbers, by what was done.
    """
    settings = load_settings()
    with open_message_log() as connection:
        forgotten = forget(connection, run_context.wall_clock(), settings)
    for one in forgotten:
        log.info("%s.", one)
    if not forgotten:
        log.info("Nothing is old enough to be blanked or deleted.")
    return {one.step.what: one.number for one in forgotten}


def count_days() -> None:
    """Count what came of the messages of the days of which more has come to be known."""
    with open_message_log() as connection:
        counted = count_what_came_of_it(connection, run_context.wall_clock(), taken_away)
    log.info("What came of the messages of %d days was counted.", counted)


def taken_away(runs: Collection[str]) -> Collection[str]:
    """Which of some runs the shop has deleted or cancelled; none where it does not answer: a day is counted again."""
    try:
        with open_shop(load_settings().tables) as shop:
            found = shop.runs(runs)
    except Exception as error:  # What is counted must not wait for the shop.
        log.warning("Runs that were deleted count as moved for now: %s", mask(str(error)))
        return ()
    return [run for run in runs if run not in found or found[run].status == "cancelled"]


def release_due(tick: Tick) -> list[dict[str, Any]]:
    """Take over the live messages that have come due, and deal them out.

    Returns:
        Batches of message ids, one for each mapped `send_messages` task; none where sending is halted or not live.
    """
    settings = load_settings()
    wall = run_context.wall_clock()
    if settings.delivery != "live":
        log.info("Nothing is released: setting delivery is %s.", settings.delivery)
        return []
    in_send_window = settings.allow_any_time or settings.send_window.holds(wall.astimezone(SCHEDULE_TIMEZONE))
    with open_message_log() as connection:
        if halted := halted_now(connection, settings):
            log.info("Nothing is released. %s", halted)
            return []
        replies = release_replies(connection, tick, wall)
        released = release(connection, tick, now=wall, in_send_window=in_send_window)
        queued = queued_of_tick(connection, tick, now=wall)
    batches = deal_out(queued, settings)
    log.info(
        "%d messages have come due, %d replies to what partners have written: %d messages to send in %d tasks.",
        *(released, replies, len(queued), len(batches)),
    )
    return batches
