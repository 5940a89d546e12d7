"""Claims queued messages and settles them: every change is a compare-and-set that only the claim's owner wins."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.message_log.database import LogConnection, of_tick, recordset, rows
from partner_messages.message_log.spool import Spool
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.statuses import MessageStatus
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Claimed, Message, Settlement
from whatsapp_provider.masking import plain

log = logging.getLogger(__name__)


def messages_of(connection: LogConnection, ids: Sequence[str | uuid.UUID], now: dt.datetime) -> list[Message]:
    """The messages with these ids, as they are now."""
    return [
        Message(**{**row, "reminder_kind": row["reminder_kind"] and ReminderKind(row["reminder_kind"])})
        for row in rows(connection, "messages_of", ids=[str(id_) for id_ in ids], now=now)
    ]


def missing_of(connection: LogConnection, ids: Collection[str]) -> set[str]:
    """Which of these messages the log does not have."""
    return {str(row["id"]) for row in rows(connection, "missing_of", ids=[*ids])}


def skip(connection: LogConnection, tick: Tick, reasons: Mapping[uuid.UUID, SkipReason]) -> int:
    """Withdraw messages that are still queued and this tick's, each for its reason; return how many were."""
    skips = [{"id": id_, "reason": reason} for id_, reason in reasons.items()]
    return len(rows(connection, "skip", tick_id=tick.id, skips=recordset(skips)))


def skip_repeats(connection: LogConnection, tick: Tick, ids: Sequence[uuid.UUID], now: dt.datetime) -> set[uuid.UUID]:
    """Withdraw those of the tick's queued events that another message tells of within the hour; return their ids."""
    found = rows(connection, "skip_repeats", tick_id=tick.id, ids=list(ids), now=now)
    return {row["id"] for row in found}


def skip_later_repeats(connection: LogConnection, tick: Tick, ids: Sequence[uuid.UUID]) -> None:
    """Withdraw what repeats those of the tick's queued events that are about to be told, and is queued elsewhere."""
    rows(connection, "skip_later_repeats", tick_id=tick.id, ids=list(ids))


def hold(connection: LogConnection, tick: Tick, until: Mapping[uuid.UUID, tuple[dt.datetime, dt.date]]) -> None:
    """Let messages that are still queued and this tick's wait for a moment, which lies on that day."""
    holds = [{"id": id_, "not_before": at, "day": day} for id_, (at, day) in until.items()]
    rows(connection, "hold", tick_id=tick.id, holds=recordset(holds))


def claim(
    connection: LogConnection,
    ids: Sequence[uuid.UUID],
    token: uuid.UUID,
    now: dt.datetime,
    *,
    heeds_stop: bool = True,
    lifecycle_after_opt_out: bool = False,
) -> list[Claimed]:
    """Claim those of these messages that are queued and due; the rest are another process's, or not due yet.

    Args:
        connection: The message log.
        ids: The messages.
        token: Whose claim it is.
        now: The moment.
        heeds_stop: Whether what its recipient has stopped is withdrawn; not where it has left already.
        lifecycle_after_opt_out: Setting of that name.
    """
    found = rows(
        connection,
        "claim",
        ids=list(ids),
        token=token,
        now=now,
        heeds_stop=heeds_stop,
        lifecycle_after_opt_out=lifecycle_after_opt_out,
    )
    return [Claimed(**row) for row in found]


def let_go(connection: LogConnection, ids: Sequence[uuid.UUID], token: uuid.UUID) -> set[uuid.UUID]:
    """Write down that the requests of these claimed messages may leave; return those that may, and no others."""
    return {row["id"] for row in rows(connection, "let_go", ids=list(ids), token=token)}


def rehearse(connection: LogConnection, ids: Sequence[uuid.UUID]) -> int:
    """Mark queued messages of a dry run as rehearsed; return how many there were."""
    return len(rows(connection, "rehearse", ids=list(ids)))


def settle(connection: LogConnection, token: uuid.UUID, settlements: Sequence[Settlement], now: dt.datetime) -> None:
    """Write down answers in one statement (see the query `settle` for answers that come late)."""
    answers = [
        {
            **asdict(settlement),
            "meta_message_id": settlement.meta_message_id and plain(settlement.meta_message_id),
            "error_detail": settlement.error_detail and plain(settlement.error_detail),
        }
        for settlement in settlements
    ]
    rows(connection, "settle", token=token, answers=recordset(answers), now=now, timezone=SCHEDULE_TIMEZONE.key)


def restore(connection: LogConnection, token: uuid.UUID, settlements: Sequence[Settlement], now: dt.datetime) -> int:
    """Write down all answers of one claim token, again or for the first time, all or nothing.

    Returns:
        How many of them a message log that went back in time had forgotten: their messages were queued once more.
    """
    with connection.transaction():
        # A message that Meta has taken, has refused for good or may have taken is never queued again.
        over = [settlement.id for settlement in settlements if settlement.status != MessageStatus.QUEUED]
        forgotten = claim(connection, over, token, now, heeds_stop=False)
        settle(connection, token, settlements, now)
    if forgotten:
        log.error("The message log went back in time: it had forgotten what became of %d messages.", len(forgotten))
    return len(forgotten)


def restore_spooled(connection: LogConnection, spool: Spool, now: dt.datetime) -> None:
    """Write down what tasks of this machine had to leave on its disk."""
    for token, settlements in spool.kept():
        restore(connection, token, settlements, now)
        spool.forget(token)
        log.warning("%d answers were written down that had waited on this worker's disk.", len(settlements))


def end_expired_claims(
    connection: LogConnection, lease: dt.timedelta, ids: Sequence[uuid.UUID] | None = None
) -> tuple[int, int]:
    """Mark messages whose claim has outlived its lease as unknown, or queue them again if no request had left.

    Args:
        connection: The message log.
        lease: How long a claim belongs to its claimer.
        ids: Of these messages; None for all.

    Returns:
        How many messages are unknown, because their requests may have left, and how many are queued again, because
        theirs have not.
    """
    of = {"lease": lease, "ids": None if ids is None else list(ids)}
    unknown = rows(connection, "mark_expired_claims_unknown", **of)
    return len(unknown), len(rows(connection, "requeue_unsent_claims", **of))


def answers_of(
    connection: LogConnection, tick: Tick, sender: str, *, first: int, recipient_codes: Iterable[int]
) -> dict[str, Any]:
    """What Meta has said so far of a tick's messages from one sender, counted (see the query `answers_of`)."""
    (found,) = rows(
        connection,
        "answers_of",
        **of_tick(tick),
        sender=sender,
        first=first,
        recipient_codes=sorted(recipient_codes),
    )
    return found


def fail_refused_template(
    connection: LogConnection, tick: Tick, sender: str, name: str, language: str, code: int, reason: str
) -> int:
    """Fail a tick's queued messages of a template that Meta has just refused for this sender; return how many."""
    failed = rows(
        connection,
        "fail_refused_template",
        **of_tick(tick),
        sender=sender,
        template=name,
        language=language,
        code=code,
        reason=reason,
    )
    return len(failed)
