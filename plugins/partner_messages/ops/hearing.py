"""What upkeep does about what Meta says: applies what was left, gives up what was never delivered, and tells."""

from __future__ import annotations

import datetime as dt
import logging

from partner_messages.config.settings import Settings, SettingsError
from partner_messages.deployment.receiving import Receiving, load_receiving
from partner_messages.message_log.answers import tell_stops_of_nobody
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.silences import see_silences
from partner_messages.templates.catalog.installed import installed_catalog
from partner_messages.webhook.accounts import Numbers, tell_account_events
from partner_messages.webhook.apply import apply_pending, tell_webhook_errors
from partner_messages.webhook.expiry import expire
from partner_messages.webhook.shop_inbox import store_answers_of_the_shop
from partner_messages.webhook.sources import look_up_statuses

log = logging.getLogger(__name__)


def hear(connection: LogConnection, settings: Settings, now: dt.datetime) -> tuple[str, ...]:
    """Apply what is stored, look up what the setting `status_source` says, and give up what has expired.

    Args:
        connection: The message log, outside a transaction.
        settings: The settings.
        now: The wall clock.

    Returns:
        What operations are to be told, each thing once, in sentences.
    """
    receiving = _receiving()
    numbers = Numbers(receiving.phone_number_ids(), receiving.waba_ids())
    unheard = store_answers_of_the_shop(connection, settings, now)
    done = apply_pending(connection, numbers, lambda: now)
    if done.webhooks or done.changed:
        log.info("Applied what the receiver had left: %s.", done)
    looked_up = look_up_statuses(connection, settings, numbers, now)
    # What is looked up is not listened to.
    silent = see_silences(connection, now) if settings.status_source == "webhook" else []
    expired = expire(connection, installed_catalog(), now)
    if expired:
        log.info("%d messages were given up: Meta has not delivered them within their time to live.", expired)
    told = (*tell_stops_of_nobody(connection, now), *tell_webhook_errors(connection, now))
    return (*silent, *unheard, *looked_up, *told, *tell_account_events(connection, now))


def _receiving() -> Receiving:
    """The senders; none where their connections cannot be read (the tasks that send fail for that)."""
    try:
        return load_receiving()
    except SettingsError as error:
        log.warning("The senders cannot be compared with what Meta says: %s", error)
        return Receiving()
