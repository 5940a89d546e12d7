"""Writes a DAG run's sent messages into the shop's own inbox too, where the setting asks for it."""

from __future__ import annotations

import logging
from typing import Any

from partner_messages.config.settings import SHOP_INBOX_CONN_ID, Settings
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.database import open_message_log
from partner_messages.message_log.mirroring import messages_to_mirror, note_mirrored
from partner_messages.messages.tick import Tick, TickSkipped
from partner_messages.shop.mirror import InboxError, Mirrored, open_inbox

log = logging.getLogger(__name__)


def mirror_to_shop(tick: Tick, *, of_all: bool = False) -> dict[str, int]:
    """Write every message of the DAG run that Meta took into the partner's conversation in the shop.

    Done again, it writes only what is missing.

    Args:
        tick: The run's tick; what an earlier pass of it has sent counts too.
        of_all: Whether what other runs have left behind counts, too.

    Returns:
        How many were written, were there already, or failed; zeros where nothing is to be mirrored.

    Raises:
        SettingsError: The setting is on and the connection `shop_inbox_db` is missing.
        InboxError: Something could not be written; everything else was.
    """
    settings = load_settings()
    reason = _why_not(tick, settings)
    if reason:
        log.info("Nothing is written into the shop's inbox: %s.", reason)
        return Mirrored().counts()
    with open_message_log() as connection:
        messages = messages_to_mirror(connection, tick, of_all=of_all)
    with open_inbox(settings.tables) as inbox:
        mirrored = inbox.mirror(messages)
    with open_message_log() as connection:
        note_mirrored(connection, mirrored.there)
    log.info(
        "The shop's inbox: %d messages written, %d were there already, %d failed.",
        *(mirrored.written, mirrored.already_there, mirrored.failed),
    )
    if mirrored.failed:
        raise InboxError(
            f"{mirrored.failed} of {len(messages)} messages could not be written into the shop's inbox (connection"
            f" {SHOP_INBOX_CONN_ID}); the lines above say why."
        )
    return mirrored.counts()


def mirror_or_skip(tick: Tick | None, *, of_all: bool = False) -> dict[str, int]:
    """Mirror as a task does: skipped where there is nothing to write.

    Raises:
        TickSkipped: There is no tick, or nothing was to be written.
    """
    if tick is None:
        raise TickSkipped("Nothing was sent: the first task let nothing pass.")
    mirrored = mirror_to_shop(tick, of_all=of_all)
    if not any(mirrored.values()):
        raise TickSkipped("Nothing was to be written into the shop's inbox (its log says why).")
    return mirrored


def is_left_out(tick: dict[str, Any]) -> bool:
    """Whether nothing of a run belongs into the shop's inbox, as the settings are now; why is said in the log."""
    reason = _why_not(Tick.from_xcom(tick), load_settings())
    if reason:
        log.info("Nothing is written into the shop's inbox: %s.", reason)
    return bool(reason)


def _why_not(tick: Tick, settings: Settings) -> str | None:
    if not settings.mirror_to_shop:
        return "setting mirror_to_shop is off"
    if tick.delivery != "live":
        return f"this run's delivery is {tick.delivery}, and only what a live run sends belongs there"
    return None
