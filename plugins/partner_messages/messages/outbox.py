"""Claims queued messages and settles them: every change is a compare-and-set that only the claim's owner wins."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from partner_messages.messages.database import LogConnection, of_tick, recordset, rows
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Claimed, Message, Settlement
from partner_messages.recipients.masking import plain
from partner_messages.runs.kinds import ReminderKind
from partner_messages.settings import SCHEDULE_TIMEZONE
from partner_messages.tick import Tick


def messages_of(
    connection: LogConnection, ids: Sequence[str | uuid.UUID], now: dt.datetime | None = None
) -> list[Message]:
    """The messages with these ids, as they are now (by the database's clock, if no other is given)."""
    return [
        Message(**{**row, "reminder_kind": row["reminder_kind"] and ReminderKind(row["reminder_kind"])})
        for row in rows(connection, "of_ids", ids=[str(id_) for id_ in ids], now=now)
    ]


def skip(connection: LogConnection, tick: Tick, reasons: Mapping[uuid.UUID, SkipReason]) -> None:
    """Withdraw messages that are still queued and this tick's, each for its reason."""
    skips = [{"id": id_, "reason": reason} for id_, reason in reasons.items()]
    rows(connection, "skip", tick_id=tick.id, skips=recordset(skips))


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
    connection: LogConnection, ids: Sequence[uuid.UUID], token: uuid.UUID, now: dt.datetime | None = None
) -> list[Claimed]:
    """Claim those of these messages that are queued and due; the rest belong to somebody else or to later."""
    return [Claimed(**row) for row in rows(connection, "claim", ids=list(ids), token=token, now=now)]


def rehearse(connection: LogConnection, ids: Sequence[uuid.UUID]) -> int:
    """Mark queued dry-run messages as rehearsed; return how many there were."""
    return len(rows(connection, "rehearse", ids=list(ids)))


def settle(
    connection: LogConnection, token: uuid.UUID, settlements: Sequence[Settlement], now: dt.datetime | None = None
) -> None:
    """Write down answers in one statement (see `settle.sql` for answers that come late)."""
    answers = [
        {
            **asdict(settlement),
            "meta_message_id": settlement.meta_message_id and plain(settlement.meta_message_id),
            "error_detail": settlement.error_detail and plain(settlement.error_detail),
        }
        for settlement in settlements
    ]
    rows(connection, "settle", token=token, answers=recordset(answers), now=now, timezone=SCHEDULE_TIMEZONE.key)


def lose_expired_claims(connection: LogConnection, ids: Sequence[uuid.UUID], lease: dt.timedelta) -> int:
    """Call messages unknown whose claimer is gone for longer than the lease; return how many."""
    return len(rows(connection, "lose", lease=lease, ids=list(ids)))


def answers_of(
    connection: LogConnection, tick: Tick, sender: str, *, first: int, recipient_codes: Iterable[int]
) -> dict[str, Any]:
    """What Meta has said so far of a tick's messages from one sender, counted (see `sender_answers.sql`)."""
    (found,) = rows(
        connection,
        "sender_answers",
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
