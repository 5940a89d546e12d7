"""Look up statuses where no webhook delivers them: in the shop's inbox, or at Meta (setting `status_source`).

Both are only read, and the statuses are applied by the rules of `statuses.py`, as those of a webhook.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from partner_messages.config.settings import Settings, SettingsError
from partner_messages.deployment.live_settings import load_senders
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.messages.statuses import TAKEN_BY_META, MessageStatus
from partner_messages.shop.shop import ShopError, open_shop
from partner_messages.webhook.accounts import histories_refused, refuse_history
from partner_messages.webhook.apply_statuses import apply_updates
from partner_messages.webhook.events import MetaError, StatusUpdate
from partner_messages.webhook.sender_ids import SenderIds
from whatsapp_provider.api.history import HistoryRefused, HistoryUnclear, message_history
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

MAX_MESSAGES = 20_000
"""Messages that one run of upkeep looks up; of more, and where the time is up, another run takes others."""
META_TIME_LIMIT_SECONDS = 120.0
"""How long one run of upkeep may ask Meta (two requests a message); it must end before the next run."""
_ERROR_CODE = re.compile(r"\b(?:1[03]\d{4}|[1-9]\d{0,2})\b")
"""One of Meta's error codes in the shop's sentence."""
_USED_STATUSES = TAKEN_BY_META | {MessageStatus.FAILED}


def look_up_statuses(
    connection: LogConnection, settings: Settings, sender_ids: SenderIds, now: dt.datetime
) -> list[str]:
    """Look up and apply the statuses of live messages of the last week that are not final.

    Args:
        connection: The message log, outside a transaction.
        settings: `status_source` says where to look.
        sender_ids: The senders.
        now: The wall clock.

    Returns:
        Sentences for operations; a message that cannot be looked up stays as it is. (That Meta refuses to be asked is
        kept, and told with what else Meta says of accounts.)
    """
    if settings.status_source == "webhook":
        return []
    messages = on_their_way(connection, now)
    if not messages:
        return []
    try:
        if settings.status_source == "shop":
            updates = _statuses_in_shop(settings, messages, sender_ids, now)
        else:
            updates = _statuses_at_meta(connection, settings, messages, now)
    except (ShopError, SettingsError) as error:
        return [f"Statuses were not looked up (status_source {settings.status_source}): {error}"]
    done = apply_updates(connection, sender_ids, updates)
    log.info("Of %d messages on their way %d were changed by what was looked up.", len(messages), done.changed)
    return []


def on_their_way(connection: LogConnection, now: dt.datetime) -> Sequence[Mapping[str, Any]]:
    """The messages whose status may still change, each time in another order: first those of which nothing is known."""
    return rows(connection, "on_their_way", now=now, at_most=MAX_MESSAGES)


def _statuses_in_shop(
    settings: Settings, messages: Iterable[Mapping[str, Any]], sender_ids: SenderIds, now: dt.datetime
) -> list[StatusUpdate]:
    """The statuses in the shop's inbox.

    The shop keeps no time of a status (`updated_at` is that of any change of the row), so it gets that of the lookup.
    """
    by_wamid = {one["meta_message_id"]: one for one in messages}
    with open_shop(settings.tables) as shop:
        told = shop.statuses_of(by_wamid)
    return [
        StatusUpdate(
            phone_number_id=sender_ids.phone_number_ids.get(by_wamid[wamid]["sender"], ""),
            wamid=wamid,
            status=status,
            at=now,
            errors=tuple(_errors(reason)) if status == "failed" else (),
        )
        for wamid, status, reason in told
        # A status that the row has already would only change its time.
        if status in _USED_STATUSES and status not in ("sent", by_wamid[wamid]["status"])
    ]


def _errors(reason: str | None) -> Iterator[MetaError]:
    if found := _ERROR_CODE.search(reason or ""):
        yield MetaError(int(found[0]), None, mask(reason or ""))


def _statuses_at_meta(
    connection: LogConnection, settings: Settings, messages: Iterable[Mapping[str, Any]], now: dt.datetime
) -> list[StatusUpdate]:
    """The statuses in Meta's message history, in the order of the messages: no sender waits for all of another's.

    After the first refusal a sender's history is asked for no more that day. When the time is up, another run looks up
    others (`on_their_way`).
    """
    until, found = time.monotonic() + META_TIME_LIMIT_SECONDS, list[StatusUpdate]()
    refused = histories_refused(connection, now)
    asked = {sender.label: sender for sender in load_senders(settings) if sender.label not in refused}
    timeouts = {"connect_timeout": settings.connect_timeout, "read_timeout": settings.read_timeout}
    with contextlib.ExitStack() as open_until_the_end:
        histories = {
            label: open_until_the_end.enter_context(message_history(sender, **timeouts))
            for label, sender in asked.items()
        }
        for label, wamid in ((one["sender"], one["meta_message_id"]) for one in messages):
            if label not in asked:
                continue
            if time.monotonic() > until:
                break
            number = asked[label].phone_number_id
            try:
                found += [StatusUpdate(number, wamid, status, at) for status, at in histories[label].of(wamid)]
            except HistoryUnclear as error:
                log.warning("Meta's history of a message: %s", error)
            except HistoryRefused as error:
                log.warning("Meta's message history is not asked for a day: %s", error)
                refuse_history(connection, label, asked.pop(label).waba_id, str(error), now)
    return found
