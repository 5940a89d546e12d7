"""How far messages have come, looked up where no webhook says it: in the shop's inbox, or at Meta (`status_source`).

Only read, and with the rules of `statuses.py`, so the result is the same as a webhook's.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from partner_messages.config.settings import Settings, SettingsError
from partner_messages.deployment.live_settings import load_senders
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.messages.statuses import TAKEN_BY_META, MessageStatus
from partner_messages.recipients.masking import mask
from partner_messages.shop.shop import ShopError, open_shop
from partner_messages.webhook.accounts import Numbers
from partner_messages.webhook.apply_statuses import apply_updates
from partner_messages.webhook.events import MetaError, StatusUpdate
from partner_messages.whatsapp.history import HistoryRefused, HistoryUnclear, message_history

log = logging.getLogger(__name__)

AT_MOST = 1_000
"""Messages that one upkeep looks up, the latest first."""
META_SECONDS = 120.0
"""How long one upkeep asks Meta, two requests for each message: it must end before the next one."""
_CODE = re.compile(r"\b(?:1[03]\d{4}|[1-9]\d{0,2})\b")
"""One of Meta's codes in a sentence of the shop's."""
_OF_THE_SHOP = TAKEN_BY_META | {MessageStatus.FAILED}


def look_up_statuses(connection: LogConnection, settings: Settings, numbers: Numbers, now: dt.datetime) -> list[str]:
    """Look up the statuses of live messages of the last week that are on their way, and apply them.

    Args:
        connection: The message log, outside a transaction.
        settings: `status_source` says where.
        numbers: The senders.
        now: The wall clock.

    Returns:
        What operations are to be told, in sentences; what cannot be looked up stays as it is.
    """
    if settings.status_source == "webhook":
        return []
    messages = on_their_way(connection, now)
    if not messages:
        return []
    try:
        if settings.status_source == "shop":
            updates = _of_shop(settings, messages, numbers, now)
        else:
            updates = _of_meta(settings, messages)
    except (ShopError, SettingsError) as error:
        return [f"Statuses were not looked up (status_source {settings.status_source}): {error}"]
    except HistoryRefused as error:
        return [f"Meta's message history cannot be asked, so set status_source to webhook or shop: {error}"]
    done = apply_updates(connection, numbers, updates)
    log.info("Of %d messages on their way %d were changed by what was looked up.", len(messages), done.changed)
    return []


def on_their_way(connection: LogConnection, now: dt.datetime) -> Sequence[Mapping[str, Any]]:
    """The messages of which Meta may have more to say."""
    return rows(connection, "on_their_way", now=now, at_most=AT_MOST)


def _of_shop(
    settings: Settings, messages: Iterable[Mapping[str, Any]], numbers: Numbers, now: dt.datetime
) -> list[StatusUpdate]:
    """What the shop's own webhook has written down. It keeps no times, so a state was reached when it is seen."""
    by_wamid = {one["meta_message_id"]: one for one in messages}
    with open_shop(settings.tables) as shop:
        told = shop.statuses_of(by_wamid)
    return [
        StatusUpdate(
            phone_number_id=numbers.phone_number_ids.get(by_wamid[wamid]["sender"], ""),
            wamid=wamid,
            status=status,
            at=now,
            errors=tuple(_errors(reason)) if status == "failed" else (),
        )
        for wamid, status, reason in told
        # What is known already would only get another time.
        if status in _OF_THE_SHOP and status not in ("sent", by_wamid[wamid]["status"])
    ]


def _errors(reason: str | None) -> Iterator[MetaError]:
    if found := _CODE.search(reason or ""):
        yield MetaError(int(found[0]), None, mask(reason or ""))


def _of_meta(settings: Settings, messages: Iterable[Mapping[str, Any]]) -> list[StatusUpdate]:
    """What Meta keeps; what is left when the time is up is asked for the next time."""
    of_sender: dict[str, list[str]] = defaultdict(list)
    for one in messages:
        of_sender[one["sender"]].append(one["meta_message_id"])
    until, found = time.monotonic() + META_SECONDS, list[StatusUpdate]()
    for sender in load_senders(settings):
        timeouts = {"connect_timeout": settings.connect_timeout, "read_timeout": settings.read_timeout}
        with message_history(sender, **timeouts) as history:
            for wamid in of_sender.get(sender.label, ()):
                if time.monotonic() > until:
                    return found
                try:
                    found += [
                        StatusUpdate(sender.phone_number_id, wamid, status, at) for status, at in history.of(wamid)
                    ]
                except HistoryUnclear as error:
                    log.warning("Meta's history of a message: %s", error)
    return found
