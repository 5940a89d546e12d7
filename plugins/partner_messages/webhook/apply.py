"""Apply stored webhooks: first STOP, then other messages and updates, then statuses.

One transaction takes a batch of webhooks, applies their items and marks the webhooks as applied; after a crash the next
pass applies them. An item that fails is recorded with its error (`webhook_event.errors`) and affects no other item.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from partner_messages.database.session import is_retryable
from partner_messages.message_log.answers import listens_with
from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.webhook import accounts, inbound
from partner_messages.webhook.apply_record import Applied, ItemErrors, WebhookItem, WebhookStatus, note_error
from partner_messages.webhook.apply_statuses import apply_statuses, apply_waiting
from partner_messages.webhook.events import (
    AccountUpdate,
    InboundMessage,
    PreferenceUpdate,
    StatusUpdate,
    TemplateUpdate,
    Unrecognised,
)
from partner_messages.webhook.parsing import parse
from partner_messages.webhook.received import may_be_stop
from partner_messages.webhook.sender_ids import SenderIds
from partner_messages.webhook.statuses import Problem
from whatsapp_provider.masking import mask, plain

log = logging.getLogger(__name__)

MAX_WEBHOOKS = 20
"""Webhooks of statuses in one transaction: while PostgreSQL writes more, what is received waits for a processor."""
MAX_WORDS = 200
"""Webhooks with words of partners in one transaction."""
MAX_BATCH_BYTES = 256 * 1024
"""Bytes of bodies in one transaction (a larger body is alone), so that rows are locked for some 100 ms at most."""
_MAX_REASON_LENGTH = 200
"""Characters of an error in a sentence for operations: the note of a DAG run has room for a few sentences."""
Clock = Callable[[], dt.datetime]


def apply_pending(
    connection: LogConnection, sender_ids: SenderIds, clock: Clock, *, retry_waiting: bool = True
) -> Applied:
    """Apply all stored webhooks, and the statuses that wait for their message.

    Two processes may do so at once; they share the work. A database error rolls back the current batch and is raised;
    the next pass applies it.

    Args:
        connection: The message log, outside a transaction.
        sender_ids: The senders.
        clock: The wall clock.
        retry_waiting: Whether to try again the statuses whose message was not in the log yet.
    """
    done = Applied()
    while apply_some(connection, sender_ids, clock, done):
        pass
    return apply_waiting(connection, sender_ids, done) if retry_waiting else done


def apply_backlog(
    session: Callable[[], AbstractContextManager[LogConnection]],
    sender_ids: SenderIds,
    clock: Clock,
    *,
    retry_waiting: bool = True,
) -> Applied:
    """As `apply_pending`, with a second session in parallel once a full batch was found.

    PostgreSQL then writes the rows of one session while the other one computes.

    Args:
        session: Opens a session with the message log, or reuses one.
        sender_ids: The senders.
        clock: The wall clock.
        retry_waiting: As for `apply_pending`.
    """
    done = Applied()
    with ThreadPoolExecutor(1, "webhook-applier") as pool, session() as connection:
        helper: Future[Applied] | None = None
        while size := apply_some(connection, sender_ids, clock, done):
            if size >= MAX_BATCH_BYTES and helper is None:
                helper = pool.submit(_apply_in_second_session, session, sender_ids, clock)
        if helper:
            done.add(helper.result())
        return apply_waiting(connection, sender_ids, done) if retry_waiting else done


def _apply_in_second_session(
    session: Callable[[], AbstractContextManager[LogConnection]], sender_ids: SenderIds, clock: Clock
) -> Applied:
    with session() as connection:
        return apply_pending(connection, sender_ids, clock, retry_waiting=False)


def apply_some(
    connection: LogConnection, sender_ids: SenderIds, clock: Clock, done: Applied, *, stops_alone: bool = False
) -> int:
    """Apply one batch of webhooks; return the bytes of their bodies (at least 1), or 0 if there was none.

    Args:
        connection: The message log, outside a transaction.
        sender_ids: The senders.
        clock: The wall clock.
        done: The counts, to which this batch's are added.
        stops_alone: Whether only webhooks are applied that may say STOP.
    """
    with connection.transaction():
        taken = take_pending(connection, stops_alone=stops_alone)
        if not taken:
            return 0
        said = [
            WebhookItem(event["id"], index, item, event["received_at"])
            for event in taken
            for index, item in enumerate(parse(bytes(event["body"]), event["received_at"]))
        ]
        done.webhooks += len(taken)
        done.items.update(type(one.item).__name__ for one in said)
        errors: ItemErrors = defaultdict(list)
        done.answers += _apply_words_and_updates(connection, sender_ids, clock, said, errors)
        apply_statuses(connection, sender_ids, list(_statuses(said)), errors, done)
        _mark_applied(connection, [event["id"] for event in taken], errors, clock())
    for found in errors.values():
        done.errors.update(error["why"] for error in found)
    return sum(len(event["body"]) for event in taken) or 1  # a body may be empty


def _statuses(said: Iterable[WebhookItem]) -> Iterator[WebhookStatus]:
    for one in said:
        if isinstance(one.item, StatusUpdate):
            yield WebhookStatus(one.event_id, one.index, one.item, one.received_at)


def take_pending(connection: LogConnection, *, stops_alone: bool = False) -> Sequence[Mapping[str, Any]]:
    """Lock and return a batch of webhooks that are not applied yet, or of those alone that may say STOP."""
    most = {"at_most": MAX_WEBHOOKS, "words_at_most": MAX_WORDS, "bytes": MAX_BATCH_BYTES}
    return rows(connection, "take_pending", **most, stops_alone=stops_alone)


def _mark_applied(connection: LogConnection, ids: Iterable[int], errors: ItemErrors, now: dt.datetime) -> None:
    applied = recordset({"id": id_, "errors": errors.get(id_, [])} for id_ in ids)
    rows(connection, "mark_applied", applied=applied, now=now)


def _apply_words_and_updates(
    connection: LogConnection, sender_ids: SenderIds, clock: Clock, said: Sequence[WebhookItem], errors: ItemErrors
) -> int:
    """Apply all items but statuses; return how many are answers of partners."""
    answers = 0
    for one in _in_order(connection, said):
        match one.item:
            case Unrecognised(field=of, why=why, items=items):
                note_error(errors, one, why, field=of, items=items if items > 1 else None)
            case StatusUpdate():
                pass
            case item:
                work = _action_of(connection, sender_ids, item, one, clock)
                answers += bool(_in_savepoint(connection, one, errors, work))
    return answers


def _in_order(connection: LogConnection, said: Sequence[WebhookItem]) -> list[WebhookItem]:
    """The items in the order in which they are applied: STOP first, then other messages, then updates, each by time."""
    has_words = any(isinstance(one.item, InboundMessage) for one in said)
    stop_words = listens_with(connection).stop_words if has_words else ()

    def order(one: WebhookItem) -> tuple[int, dt.datetime]:
        at = one.item.at or one.received_at
        match one.item:
            case PreferenceUpdate():
                return 0, at
            case InboundMessage():
                return (0 if may_be_stop(one.item, stop_words) else 1), at
        return 2, at

    return sorted(said, key=order)


def _action_of(
    connection: LogConnection,
    sender_ids: SenderIds,
    item: InboundMessage | PreferenceUpdate | TemplateUpdate | AccountUpdate,
    one: WebhookItem,
    clock: Clock,
) -> Callable[[], bool | None]:
    """The function that applies an item; it returns whether the item is an answer of a partner."""
    match item:
        case InboundMessage():
            return lambda: inbound.apply_inbound(connection, item, clock(), sender_ids)
        case PreferenceUpdate():
            return lambda: inbound.apply_preference(connection, item, clock())
        case TemplateUpdate():
            return lambda: accounts.apply_template_update(connection, item)
    return lambda: accounts.apply_account_update(connection, item, one.event_id, sender_ids)


def _in_savepoint(
    connection: LogConnection, one: WebhookItem, errors: ItemErrors, work: Callable[[], bool | None]
) -> bool | None:
    try:
        with connection.transaction():
            return work()
    except Exception as error:
        # A deadlock or a lost session is no fault of the item: the next pass applies it.
        if is_retryable(error):
            raise
        why = mask(plain(f"{type(error).__name__}: {error}"))
        log.exception("An item of webhook %d could not be applied: %s", one.event_id, type(one.item).__name__)
        note_error(errors, one, why)
        return None


class WebhookErrors(NamedTuple):
    """The errors of one kind that one sentence tells of.

    Attributes:
        why: Their kind (`why` in `webhook_event.errors`).
        webhooks: How many errors of whatever kind each webhook has that has one of these, by its id.
    """

    why: str
    webhooks: Mapping[str, int]


def untold_webhook_errors(connection: LogConnection) -> dict[str, WebhookErrors]:
    """The errors not reported to operations yet, by sentence: one for each kind."""
    return {
        _error_sentence(row["why"], row["items"], row["message_id"], row["messages"]): WebhookErrors(
            row["why"], row["webhooks"]
        )
        for row in rows(connection, "untold_webhook_errors")
    }


def note_webhook_errors_told(connection: LogConnection, reported: Iterable[WebhookErrors], now: dt.datetime) -> None:
    """Mark errors as reported to operations; those that were added to a webhook since are reported later."""
    told = recordset(
        {"id": id_, "why": one.why, "errors": number} for one in reported for id_, number in one.webhooks.items()
    )
    rows(connection, "note_webhook_errors_told", told=told, now=now)


def _error_sentence(why: str, items: int, message_id: str | None, messages: int = 1) -> str:
    of = f", such as message {message_id}" if message_id else ""
    if why == Problem.SLOT_RETAKEN:
        return (
            f"told_twice: {messages} messages that had failed were delivered after all, when another one had been sent"
            f" in their place (slot_retaken){of}."
        )
    return f"{items} items of webhooks could not be applied ({why[:_MAX_REASON_LENGTH]}){of}; see webhook_event.errors."
