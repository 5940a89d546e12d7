"""How each template stands on each account."""

from __future__ import annotations

import contextlib
from typing import Any

from partner_messages.config.settings import SettingsError
from partner_messages.deployment.live_settings import load_senders, load_settings
from partner_messages.message_log.database import LogConnection, rows


def templates(connection: LogConnection) -> dict[str, Any]:
    """What the page shows."""
    senders: dict[str, list[str]] = {}
    with contextlib.suppress(SettingsError):  # The page is shown without them, too.
        for sender in load_senders(load_settings()):
            senders.setdefault(sender.waba_id, []).append(sender.label)
    return {
        "senders": senders,
        "templates": rows(connection, "templates_page"),
        "accounts": {row["waba_id"]: row for row in rows(connection, "accounts_read")},
    }
