"""Applies what was stored: STOP first, other words next, statuses last; what a crash leaves, the next one applies.

One transaction takes some webhooks, applies their items and marks them as applied: all of it lasts, or none. One bad
item is kept with its error (`webhook_event.errors`) and never loses the others.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from partner_messages.database.session import is_worth_another_try
from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.recipients.masking import mask, plain
from partner_messages.webhook import accounts, inbound
from partner_messages.webhook.accounts import Numbers
from partner_messages.webhook.apply_record import Applied, Errors, Said, SaidStatus, note
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
from partner_messages.webhook.statuses import Problem

log = logging.getLogger(__name__)

AT_MOST = 200
"""Webhooks of one transaction."""
BYTES = 256 * 1024
"""Of their bodies, but for one that is larger: a transaction holds messages for a few hundred milliseconds at most."""
_LONGEST_WHY = 200
"""Characters of why an item could not be applied that a sentence has: a run's note has room for some sentences."""
Clock = Callable[[], dt.datetime]


def apply_pending(
    connection: LogConnection, numbers: Numbers, clock: Clock, *, look_for_waiting: bool = True
) -> Applied:
    """Apply all that waits, and what has waited for its message.

    Two at once share the work. An error of the database rolls back the webhooks under way, and is raised: the next pass
    applies them.

    Args:
        connection: The message log, outside a transaction.
        numbers: The senders.
        clock: The wall clock.
        look_for_waiting: Whether to look for the messages of statuses that came before them, too.
    """
    done = Applied()
    while _apply_some(connection, numbers, clock, done):
        pass
    return apply_waiting(connection, numbers, done) if look_for_waiting else done


def apply_backlog(
    session: Callable[[], AbstractContextManager[LogConnection]],
    numbers: Numbers,
    clock: Clock,
    *,
    look_for_waiting: bool = True,
) -> Applied:
    """`apply_pending`, by two sessions at once where so much waits that one is seen not to be enough.

    PostgreSQL then writes what one has computed while the other computes. What comes bit by bit needs no second one.

    Args:
        session: Opens a session with the message log, or gives one that is open.
        numbers: The senders.
        clock: The wall clock.
        look_for_waiting: Whether to look for the messages of statuses that came before them, too.
    """
    done = Applied()
    with ThreadPoolExecutor(1, "webhook-applier") as pool, session() as connection:
        helper: Future[Applied] | None = None
        while size := _apply_some(connection, numbers, clock, done):
            if size >= BYTES and helper is None:
                helper = pool.submit(_help, session, numbers, clock)
        if helper:
            done.add(helper.result())
        return apply_waiting(connection, numbers, done) if look_for_waiting else done


def _help(session: Callable[[], AbstractContextManager[LogConnection]], numbers: Numbers, clock: Clock) -> Applied:
    with session() as connection:
        return apply_pending(connection, numbers, clock, look_for_waiting=False)


def _apply_some(connection: LogConnection, numbers: Numbers, clock: Clock, done: Applied) -> int:
    """Apply some webhooks; return how many bytes they were, and 0 where there was none."""
    with connection.transaction():
        taken = take_pending(connection)
        if not taken:
            return 0
        said = [
            Said(event["id"], place, item, event["received_at"])
            for event in taken
            for place, item in enumerate(parse(bytes(event["body"]), event["received_at"]))
        ]
        done.webhooks += len(taken)
        done.items.update(type(one.item).__name__ for one in said)
        errors: Errors = defaultdict(list)
        done.answers += _apply_words_and_updates(connection, numbers, clock, said, errors)
        apply_statuses(connection, numbers, list(_statuses(said)), errors, done)
        _mark_applied(connection, [event["id"] for event in taken], errors, clock())
    for found in errors.values():
        done.errors.update(error["why"] for error in found)
    return sum(len(event["body"]) for event in taken) or 1  # a body may be empty


def _statuses(said: Iterable[Said]) -> Iterator[SaidStatus]:
    for one in said:
        if isinstance(one.item, StatusUpdate):
            yield SaidStatus(one.event_id, one.place, one.item, one.received_at)


def take_pending(connection: LogConnection) -> Sequence[Mapping[str, Any]]:
    """Some webhooks that nobody else is applying."""
    return rows(connection, "take_pending", at_most=AT_MOST, bytes=BYTES)


def _mark_applied(connection: LogConnection, ids: Iterable[int], errors: Errors, now: dt.datetime) -> None:
    applied = recordset({"id": id_, "errors": errors.get(id_, [])} for id_ in ids)
    rows(connection, "mark_applied", applied=applied, now=now)


def _apply_words_and_updates(
    connection: LogConnection, numbers: Numbers, clock: Clock, said: Sequence[Said], errors: Errors
) -> int:
    """Apply all but statuses; return how many of them are answers."""
    answers = 0
    for one in sorted(said, key=_order):
        match one.item:
            case Unrecognised(field=of, why=why, items=items):
                note(errors, one, why, field=of, items=items if items > 1 else None)
            case StatusUpdate():
                pass
            case item:
                work = _work(connection, numbers, item, one, clock)
                answers += bool(_in_a_savepoint(connection, one, errors, work))
    return answers


def _order(one: Said) -> tuple[int, dt.datetime]:
    """STOP first, other words next, in the order in which they were said."""
    at = one.item.at or one.received_at
    match one.item:
        case PreferenceUpdate():
            return 0, at
        case InboundMessage():
            return (0 if inbound.comes_first(one.item) else 1), at
    return 2, at


def _work(
    connection: LogConnection,
    numbers: Numbers,
    item: InboundMessage | PreferenceUpdate | TemplateUpdate | AccountUpdate,
    one: Said,
    clock: Clock,
) -> Callable[[], bool | None]:
    """What applies an item; it returns whether that is an answer."""
    match item:
        case InboundMessage():
            return lambda: inbound.apply_inbound(connection, item, clock())
        case PreferenceUpdate():
            return lambda: inbound.apply_preference(connection, item, clock())
        case TemplateUpdate():
            return lambda: accounts.apply_template_update(connection, item)
    return lambda: accounts.apply_account_update(connection, item, one.event_id, numbers)


def _in_a_savepoint(
    connection: LogConnection, one: Said, errors: Errors, work: Callable[[], bool | None]
) -> bool | None:
    try:
        with connection.transaction():
            return work()
    except Exception as error:
        # A deadlock or a lost session says nothing of the item: the next pass applies it.
        if is_worth_another_try(error):
            raise
        why = mask(plain(f"{type(error).__name__}: {error}"))
        log.exception("An item of webhook %d could not be applied: %s", one.event_id, type(one.item).__name__)
        note(errors, one, why)
        return None


def untold_webhook_errors(connection: LogConnection) -> dict[str, Mapping[str, int]]:
    """What could not be applied and nobody was told of yet: sentences, each with the errors of its webhooks by id."""
    return {
        _in_words(row["why"], row["items"], row["message_id"]): row["webhooks"]
        for row in rows(connection, "untold_webhook_errors")
    }


def note_webhook_errors_told(connection: LogConnection, webhooks: Mapping[str, int], now: dt.datetime) -> None:
    """Operations were told of all errors of these webhooks; one that has more by now is told again."""
    told = recordset({"id": id_, "errors": number} for id_, number in webhooks.items())
    rows(connection, "note_webhook_errors_told", told=told, now=now)


def _in_words(why: str, items: int, message_id: str | None) -> str:
    of = f", such as message {message_id}" if message_id else ""
    if why == Problem.SLOT_RETAKEN:
        return (
            f"told_twice: {items} messages that had failed were delivered after all, when another one had been sent in"
            f" their place (slot_retaken){of}."
        )
    return f"{items} items of webhooks could not be applied ({why[:_LONGEST_WHY]}){of}; see webhook_event.errors."
