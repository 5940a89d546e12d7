"""The one arrow from here to a message log, which this package has none of: for whoever wants a message only once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whatsapp_provider.ends import SettingsError
from whatsapp_provider.sending import Once, who_sends


def once_by(dedup_key: str, to: str, tracking_id: str, context: Mapping[str, Any]) -> Once:
    """What lets a message of this key leave at most once: a message log, which is not this package's.

    Raises:
        SettingsError: The key is empty, or there is none.
    """
    try:
        from partner_messages.message_log.sent_once import SentOnce
    except ModuleNotFoundError as error:
        if error.name != "partner_messages":
            raise
        raise SettingsError(
            "dedup_key needs a message log, which the package partner-messages has: install it beside this one, and add"
            " its connection message_log_db; or leave dedup_key out."
        ) from None
    if not str(dedup_key).strip():
        raise SettingsError("dedup_key is empty: give what tells this message from every other one, or None.")
    named = zip(("DAG", "run", "task"), who_sends(context), strict=False)
    return SentOnce(str(dedup_key), str(to).strip(), tracking_id, ", ".join(f"{what} {name}" for what, name in named))
