"""What upkeep does about what Meta says: applies what was left, gives up what was never delivered, and tells."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from partner_messages.config.settings import Settings
from partner_messages.message_log.answers import note_stops_of_nobody_told, untold_stops_of_nobody
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.silences import note_silences_told, see_silences, untold_silences
from partner_messages.templates.catalog.installed import installed_catalog
from partner_messages.webhook.account_news import note_account_events_told, untold_account_events
from partner_messages.webhook.apply import (
    WebhookErrors,
    apply_pending,
    note_webhook_errors_told,
    untold_webhook_errors,
)
from partner_messages.webhook.expiry import expire
from partner_messages.webhook.sender_ids import SenderIds
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
        What stands in the note of this run, in sentences; what is `untold` besides, whoever tells of it reads anew.
    """
    numbers = SenderIds.known_here()
    unheard = store_answers_of_the_shop(connection, settings, now)
    done = apply_pending(connection, numbers, lambda: now)
    if done.webhooks or done.changed:
        log.info("Applied what the receiver had left: %s.", done)
    looked_up = look_up_statuses(connection, settings, numbers, now)
    # What is looked up is not listened to; but a silence that began before would else never end.
    see_silences(connection, now, may_begin=settings.status_source == "webhook")
    expired = expire(connection, installed_catalog(), now)
    if expired:
        log.info("%d messages were given up: Meta has not delivered them within their time to live.", expired)
    return (*unheard, *looked_up, *untold_stops_of_nobody(connection).values())


@dataclass(frozen=True)
class Untold:
    """One thing that operations were not told of yet.

    Attributes:
        said: The sentence.
        errors: The errors of webhooks that it is about.
        account_event: What it is about, where Meta has said it of an account.
        answer: What it is about, where somebody has said it whom nobody knows.
        silence: The sender and the day, where a webhook is silent.
    """

    said: str
    errors: WebhookErrors | None = None
    account_event: int | None = None
    answer: uuid.UUID | None = None
    silence: tuple[str, dt.date] | None = None


def untold_at_once(connection: LogConnection) -> list[Untold]:
    """What cannot wait and was not told yet, beside escalations: silent senders, a STOP of somebody unknown.

    The setting `on_escalation` tells of it; where it names nobody, the notes of upkeep's runs do.
    """
    return [
        *(Untold(said, silence=of) for of, said in untold_silences(connection).items()),
        *(Untold(said, answer=id_) for id_, said in untold_stops_of_nobody(connection).items()),
    ]


def untold(connection: LogConnection, *, at_once: bool = False) -> list[Untold]:
    """What could not be applied, and what Meta says of accounts, of which operations were not told yet.

    Args:
        connection: The message log.
        at_once: Whether the note of a run is the only one that tells of what cannot wait. (That a sender is silent, it
            says as long as that lasts.)
    """
    return [
        *(one for one in (untold_at_once(connection) if at_once else ()) if not one.silence),
        *(Untold(said, account_event=id_) for id_, said in untold_account_events(connection).items()),
        *(Untold(said, errors) for said, errors in untold_webhook_errors(connection).items()),
    ]


def note_told(connection: LogConnection, told: Sequence[Untold], now: dt.datetime) -> None:
    """Operations were told of these.

    Whoever says something notes it here, and only after it was said: what breaks off between is told twice, never lost.
    """
    note_webhook_errors_told(connection, [one.errors for one in told if one.errors], now)
    events = [one.account_event for one in told if one.account_event is not None]
    note_account_events_told(connection, events, now)
    note_stops_of_nobody_told(connection, [one.answer for one in told if one.answer is not None], now)
    note_silences_told(connection, [one.silence for one in told if one.silence is not None], now)
