"""What people decide before a tick's messages leave, as rows: a day's tick is held, what it would send is approved."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from partner_messages.config import dag_ids
from partner_messages.message_log import outbox
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Halt, Tick
from whatsapp_provider.masking import mask

HOLD, GO_ON, APPROVE = "hold_tick", "let_tick_go_on", "approve_tick"
"""Somebody holds a day's tick, ends that, or has seen what it would send and lets it leave."""


@dataclass(frozen=True)
class Approval:
    """That somebody has seen what a day's tick would send.

    Attributes:
        at: When.
        who: Who; nothing of a phone number may be in it.
        why: Why; nor in this.
        seen: A mark for each message that was seen (`planning/marks.py`).
    """

    at: dt.datetime
    who: str
    why: str
    seen: frozenset[str]


def hold_tick(connection: LogConnection, day: dt.date, *, who: str, why: str, now: dt.datetime) -> bool:
    """Hold a day's scheduled tick, from the next claim on; return whether nobody had before."""
    return bool(rows(connection, "hold_tick", day=day, who=who, why=why, now=now, act=HOLD))


def let_tick_go_on(connection: LogConnection, day: dt.date, *, who: str, why: str, now: dt.datetime) -> bool:
    """End that a day's tick is held; return whether it was."""
    return bool(rows(connection, "let_tick_go_on", day=day, who=who, why=why, now=now, act=GO_ON))


def standing_holds(connection: LogConnection, first_day: dt.date, last_day: dt.date) -> dict[dt.date, Halt]:
    """Who holds the ticks of which days of a span, or has held them to the end of their day."""
    return {
        row["day"]: _halt(row) for row in rows(connection, "standing_holds", first_day=first_day, last_day=last_day)
    }


def _halt(row: Mapping[str, Any]) -> Halt:
    return Halt(who=mask(row["who"]), why=mask(row["why"]), since=row["since"])


def approve(
    connection: LogConnection, day: dt.date, seen: Collection[str], *, who: str, why: str, now: dt.datetime
) -> None:
    """Write down that what has these marks may leave with the day's tick."""
    rows(connection, "approve", day=day, seen=sorted(seen), who=who, why=why, now=now, act=APPROVE)


def approvals_of(connection: LogConnection, day: dt.date) -> list[Approval]:
    """What was approved of a day's tick, the first one first."""
    return [
        Approval(row["at"], mask(row["who"]), mask(row["why"]), frozenset(row["seen"]))
        for row in rows(connection, "approvals_of", day=day)
    ]


def scheduled_tick(connection: LogConnection, day: dt.date) -> Mapping[str, Any] | None:
    """The last pass of a day's live scheduled tick that has planned: `id`, `dag_run_id`, `awaits_approval`."""
    found = rows(connection, "scheduled_tick", dag_id=dag_ids.REMINDERS, day=day, since=day - dt.timedelta(days=1))
    return found[0] if found else None


def waiting_messages(connection: LogConnection, dag_run_id: str, tick_id: str) -> list[dict[str, Any]]:
    """What is queued for a tick of the reminders, as it would be sent."""
    return rows(connection, "waiting_messages", dag_id=dag_ids.REMINDERS, dag_run_id=dag_run_id, tick_id=tick_id)


def end_wait_for_approval(connection: LogConnection, tick: Tick, withdrawn_for: Mapping[uuid.UUID, SkipReason]) -> int:
    """Let a tick's messages be claimed but for these, which are withdrawn for their reasons; return how many were."""
    with connection.transaction():
        withdrawn = outbox.skip(connection, tick, withdrawn_for)
        await_no_more(connection, tick)
    return withdrawn


def await_no_more(connection: LogConnection, tick: Tick) -> None:
    """Let a tick's messages be claimed."""
    rows(connection, "await_no_more", tick_id=tick.id)


def why_tick_waits(connection: LogConnection, tick: Tick) -> str | None:
    """Why nothing of a tick may be claimed now, in a sentence; None where nothing is in the way.

    What upkeep releases is judged message by message, where it is claimed.
    """
    found = rows(connection, "why_tick_waits", tick_id=tick.id, day=tick.day)
    if tick.dag_id != dag_ids.REMINDERS or not found:
        return None
    if found[0]["who"]:
        return (
            f"The tick of {tick.day} is held {_halt(found[0])}. Nothing is claimed; let it go on (page Before the"
            " tick), then clear this task the same day."
        )
    if found[0]["awaits_approval"]:
        return (
            f"The tick of {tick.day} waits for approval (setting approve_first): nothing is claimed before somebody"
            " approves it (page Before the tick), or its time is over."
        )
    return None
