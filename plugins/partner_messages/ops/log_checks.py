"""What must be right with the message log before a run sends from it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from partner_messages.deployment.live_settings import keep_log_position, last_log_position
from partner_messages.deployment.params import TrustParams
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.migrations import migrate
from partner_messages.message_log.position import check_position, trust_log
from partner_messages.message_log.server import check_clocks, what_it_may_forget
from partner_messages.messages.tick import Tick
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)


def may_be_sent_from(connection: LogConnection, tick: Tick) -> Tick:
    """See that the log is the one that the last run wrote to and no older state of it, and that its clock is right.

    Returns:
        The tick, with where the log stands now; a rehearsal's as it is, because nothing leaves.

    Raises:
        RunRefused: Nothing may be sent from this log, as its one sentence says.
    """
    if tick.delivery == "dry_run":
        return tick
    check_clocks(connection)
    if tick.delivery == "live" and (warning := what_it_may_forget(connection)):
        log.warning("%s", warning)
    position = check_position(connection, last_log_position())
    if position is None:
        return tick
    keep_log_position(position.to_json())
    return replace(tick, log_position=position.to_json())


def trust_by_hand(of_run: Mapping[str, Any]) -> None:
    """Let sending go on from the log as it is, where the params say so."""
    params = TrustParams.of(of_run)
    if params is None:
        return
    with open_message_log() as connection:
        migrate(connection)
        trust_log(connection, by=params.trusted_by, why=params.trusted_why)
    log.warning(
        "Sending goes on from the message log as it is, says %s: %s", mask(params.trusted_by), mask(params.trusted_why)
    )
