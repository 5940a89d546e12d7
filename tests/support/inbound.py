"""What partners write, as the receiver hands it on, and the messages that they answer."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

from partner_messages.message_log.preferences import enter_preference, preferences
from partner_messages.message_log.ticks import record_stuck, start_tick
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import Tick
from partner_messages.webhook.events import InboundMessage
from partner_messages.webhook.inbound import apply_inbound
from partner_messages.webhook.sender_ids import SenderIds
from support.deployment import TICK
from support.examples import PARTNER_ID, PHONE, stuck_run, tick
from support.log_rows import Log, put
from support.webhook_work import SENDER_IDS
from support.webhooks import NUMBER

_numbers = itertools.count(1)

SENT = TICK + dt.timedelta(minutes=2)
"""When the reminder left."""
ANSWERED = TICK + dt.timedelta(minutes=30)
"""When the partner answers."""


def inbound(text: str | None = None, **changes: Any) -> InboundMessage:
    """A text from the one example partner, half an hour after the tick."""
    plain: dict[str, Any] = {
        "phone_number_id": NUMBER,
        "wamid": f"wamid.in.{next(_numbers)}",
        "sender": PHONE,
        "user_id": None,
        "kind": "text",
        "text": text,
        "payload": None,
        "context_wamid": None,
        "at": ANSWERED,
    }
    return InboundMessage(**{**plain, **changes})


def hear(
    log: Log,
    text: str | None = None,
    *,
    now: dt.datetime | None = None,
    sender_ids: SenderIds = SENDER_IDS,
    **changes: Any,
) -> InboundMessage:
    """Apply one message, as soon as it was written."""
    message = inbound(text, **changes)
    apply_inbound(log, message, now or message.at, sender_ids)
    return message


def told_somebody(log: Log, partner_id: str, value: str = "stop", *, at: dt.datetime) -> None:
    """Enter what a partner has told a colleague."""
    enter_preference(log, partner_id, value, source="told_us", act="opt_out", now=at, who="Asha", why="They called.")


def tap(payload: str, **changes: Any) -> dict[str, Any]:
    """What is different where a template's button was tapped."""
    return {"text": "Need help", "kind": "button", "payload": payload, **changes}


def find(log: Log, by: Tick, *run_ids: str, kind: ReminderKind = ReminderKind.IDLE, **changes: Any) -> None:
    """Let a tick find runs stuck."""
    start_tick(log, by)
    log.execute("UPDATE tick SET planned = 1 WHERE id = %s", [by.id])
    record_stuck(log, by, kind, [stuck_run(id_, kind=kind, **changes) for id_ in run_ids], observed_at=by.now)


def reminded(log: Log, *run_ids: str, found: bool = True, **columns: Any) -> uuid.UUID:
    """A reminder that Meta took, of runs that a tick found stuck."""
    runs = run_ids or ("R1",)
    if found:
        find(log, tick(100 + next(_numbers)), *runs)
    plain: dict[str, Any] = {
        "meta_message_id": f"wamid.out.{next(_numbers)}",
        "claimed_at": SENT,
        "sent_at": SENT,
        "created_at": TICK,
    }
    if len(runs) > 1:
        plain |= {"message_kind": "digest", "reminder_kind": None, "production_run_id": None}
        plain |= {"context_type": "partner", "context_id": f"P1:digest:{next(_numbers)}"}
    return put(log, columns.pop("status", "delivered"), *runs, **{**plain, **columns})


def scheduled(number: int, days: int) -> Tick:
    """A scheduled tick some days later."""
    now = TICK + dt.timedelta(days=days)
    return tick(number, dag_run_id=f"scheduled__{now.isoformat()}", now=now, day=now.date())


OTHER_PHONE = "+919829099999"


def kept(log: Log) -> list[dict[str, Any]]:
    """What was written, oldest first."""
    return log.execute("SELECT * FROM answer ORDER BY received_at, recorded_at").fetchall()


def escalated(log: Log) -> list[tuple[str, str]]:
    """The runs for which a person is called, and why."""
    found = log.execute(
        "SELECT production_run_id, reason FROM escalation WHERE closed_at IS NULL ORDER BY 1, 2"
    ).fetchall()
    return [(one["production_run_id"], one["reason"]) for one in found]


def replies(log: Log) -> list[dict[str, Any]]:
    """What was replied."""
    return log.execute(
        "SELECT * FROM message_log WHERE message_kind = 'reply' ORDER BY created_at, body_text"
    ).fetchall()


def is_out(log: Log, phone: str = PHONE, partner_id: str = PARTNER_ID) -> bool:
    """Whether a partner, the one example if no other is named, is not to be written to there."""
    return preferences(log).has_opted_out(partner_id, phone)
