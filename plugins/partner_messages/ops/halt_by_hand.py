"""Halts all sending, or lets it go on, by a person's word."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from partner_messages.config.settings import Settings, SettingsError
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.params import HaltParams
from partner_messages.message_log import acts
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.migrations import migrate
from partner_messages.messages.tick import RunRefused, TickSkipped, why_halted
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)


def halt_by_hand(of_run: Mapping[str, Any], asked_at: dt.datetime) -> str:
    """Do what the params say; return it.

    It reads no settings before it is done: a Variable that is broken must not be in the way of a halt.

    Args:
        of_run: The DAG run's params: whether to halt or to go on, who says so, and why.
        asked_at: When the DAG run was triggered: a cleared one must not end a halt that came after it.

    Raises:
        TickSkipped: Nothing is to be halted, nor to go on.
        RunRefused: Sending is to go on, and was halted after this was asked for.
    """
    params = HaltParams.of(of_run)
    if params is None:
        raise TickSkipped("Sending is neither to be halted nor to go on.")
    who, why, now = params.sending_by, params.sending_why, run_context.wall_clock()
    with open_message_log() as connection:
        migrate(connection)
        if params.sending == "halt":
            acts.halt(connection, who=who, why=why, now=now)
        elif not acts.go_on(connection, who=who, why=why, now=now, asked_at=asked_at) and (
            later := acts.standing_halt(connection)
        ):
            raise RunRefused(
                f"Sending was halted {later}, which is after this run was triggered; if it is to go on all the same,"
                " trigger message_log_upkeep anew with sending = go_on."
            )
        log.warning("sending = %s, says %s: %s", params.sending, mask(who), mask(why))
        try:
            halted = halted_now(connection, load_settings())
        except SettingsError as error:
            log.warning("What the setting halt says is not known: %s", error)
        else:
            log.warning("%s", halted or "Sending goes on: nothing halts it any more.")
    return params.sending


def who_let_it_go_on(params: Mapping[str, Any]) -> str | None:
    """Who lets sending go on by a DAG run's params, and why; None where nobody does, or it is not said who."""
    try:
        asked = HaltParams.of(params)
    except SettingsError:  # The task that was to do it has failed for it and said so.
        return None
    return f"{mask(asked.sending_by)}: {mask(asked.sending_why)}" if asked and asked.sending == "go_on" else None


def halted_now(connection: LogConnection, settings: Settings) -> str | None:
    """Why nothing may leave at this moment, by setting or by hand, in one sentence; None where neither halts it."""
    return why_halted(settings, acts.standing_halt(connection))
