"""What follows a template, in the message log, and the partners of the sample shop who wrote and who did not."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from psycopg.rows import DictRow

from partner_messages.database.session import Session
from sandbox.shop import partner_id, run_id
from support.log_rows import Log

SentTo = Callable[..., uuid.UUID]

MEERA = "+919829012346"
"""Wrote two hours before TICK and later (sample shop)."""
SYDNEY = "+61412345678"
"""Wrote 30 hours before TICK (sample shop)."""
RAJESH = "+919829012345"
"""Never wrote (sample shop)."""
TEST_PHONE = "+919812399999"

ASSIGNED = "production_run.sent_to_partner"
HOUR = dt.timedelta(hours=1)
RUN = run_id("R1")
CAPTION = f"Block Print Kameez — Run {RUN}"


def followups(log: Log) -> list[DictRow]:
    return log.execute("SELECT * FROM message_log WHERE message_kind = 'followup' ORDER BY created_at, id").fetchall()


def dealt(batches: list[dict[str, Any]]) -> list[uuid.UUID]:
    return [uuid.UUID(id_) for batch in batches for id_ in batch["message_ids"]]


def writes(shop: Session, conversation: str, at: dt.datetime) -> None:
    """A partner writes to us."""
    shop.execute(
        "INSERT INTO messaging_message (id, conversation_id, direction, content, created_at)"
        " VALUES (gen_random_uuid()::text, %s, 'inbound', 'ok', %s)",
        [partner_id(conversation), at],
    )
