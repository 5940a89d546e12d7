"""How each template stands on each account."""

from __future__ import annotations

from typing import Any

from partner_messages.message_log.database import LogConnection, rows


def templates(connection: LogConnection) -> dict[str, Any]:
    """What the page shows."""
    return {
        "templates": rows(connection, "templates_page"),
        "accounts": {row["waba_id"]: row for row in rows(connection, "accounts_read")},
    }
