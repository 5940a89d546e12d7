"""Puts messages into the message log as a test needs them, and looks at what became of them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from psycopg.types.range import TimestamptzRange

from partner_messages.database.session import Session
from partner_messages.message_log.queueing import write_drafts
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Draft, reminder_context_id
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID, PHONE, tick

Log = Session


def put(log: Log, status: str = "queued", *run_ids: str, **columns: Any) -> uuid.UUID:
    """Write one message that speaks of these runs, whatever its status, and the runs it speaks of; return its id."""
    runs = run_ids or ("R1",)
    of = tick(columns.pop("by", 1))
    if columns.get("message_kind") == "followup" and "parent_id" not in columns:
        columns["parent_id"] = put(log, "failed", *runs)
    if columns.get("message_kind") == "event":
        columns.setdefault("event_hour", TimestamptzRange(TICK, TICK + dt.timedelta(hours=1)))
    day: dt.date = columns.get("day", DAY)
    row: dict[str, Any] = {
        "id": uuid.uuid4(),
        "dag_id": of.dag_id,
        "dag_run_id": of.dag_run_id,
        "tick_id": of.id,
        "delivery": of.delivery,
        "day": day,
        "context_type": "production_run",
        "context_id": reminder_context_id(runs[0], day),
        "message_kind": "reminder",
        "reminder_kind": "idle",
        "production_run_id": runs[0],
        "partner_id": PARTNER_ID,
        "sender": "in",
        "to_phone": PHONE,
        "language": "hi",
        "template_name": "jyt_production_run_reminder_idle_v1",
        "variables": Jsonb({"partner_name": "Rajesh Textiles"}),
        "body_text": "A text.",
        "status": status,
        "skip_reason": "moved_on" if status == "skipped" else None,
        **columns,
    }
    with log.transaction():
        insert = sql.SQL("INSERT INTO message_log ({}) VALUES ({}) RETURNING holds_slot").format(
            sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(map(sql.Placeholder, row))
        )
        holds = log.execute(insert, row).fetchone()
        assert holds is not None
        for run_id in runs:
            log.execute(
                "INSERT INTO message_run (message_id, production_run_id, message_kind, delivery, day, holds_slot)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [row["id"], run_id, row["message_kind"], row["delivery"], row["day"], holds["holds_slot"]],
            )
    id_: uuid.UUID = row["id"]
    return id_


def call_a_person(
    log: Log,
    reason: str = "no_reaction",
    run_id: str = "R1",
    *,
    partner_id: str = PARTNER_ID,
    days: int = 9,
    now: dt.datetime = TICK,
) -> uuid.UUID:
    """Let a run need a person that has been stuck for so many days; return the item's id."""
    id_ = uuid.uuid4()
    log.execute(
        "INSERT INTO escalation"
        " (id, delivery, production_run_id, kind, partner_id, reason, since, dag_run_id, opened_at)"
        " VALUES (%s, 'live', %s, 'idle', %s, %s, %s, 'run 1', %s)",
        [id_, run_id, partner_id, reason, now - dt.timedelta(days=days), now],
    )
    return id_


def queue(log: Log, *drafts: Draft, by: Tick | None = None) -> list[uuid.UUID]:
    """Queue drafts as planning does; return their ids."""
    write_drafts(log, by or tick(), drafts)
    return [draft.id for draft in drafts]


def change(log: Log, id_: uuid.UUID, **columns: Any) -> None:
    """Change a message past the package's own queries, as a webhook or another program would."""
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in columns
    )
    log.execute(sql.SQL("UPDATE message_log SET {} WHERE id = %(id)s").format(assignments), {**columns, "id": id_})


def row(log: Log, id_: uuid.UUID) -> DictRow:
    """One message as it is now."""
    found = log.execute("SELECT * FROM message_log WHERE id = %s", [id_]).fetchone()
    assert found is not None
    return found


def everything(log: Log) -> list[DictRow]:
    """All messages, by context and age."""
    return log.execute("SELECT * FROM message_log ORDER BY context_id, created_at, status").fetchall()


def ends(log: Log) -> list[tuple[str, str]]:
    """What became of each message: its context, and its status or the reason of its skip."""
    return [(row["context_id"], row["skip_reason"] or row["status"]) for row in everything(log)]


def slots(log: Log) -> dict[str, uuid.UUID]:
    """Which message holds which run's slot."""
    found = log.execute("SELECT production_run_id, message_id FROM message_run WHERE holds_slot").fetchall()
    return {row["production_run_id"]: row["message_id"] for row in found}
