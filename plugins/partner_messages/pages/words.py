"""What the pages call things: kinds, states and times, in words that operations use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason

DAG = "production_run_reminders"
UPKEEP = "message_log_upkeep"
TEMPLATES = "whatsapp_templates"
DAGS = (DAG, "production_run_events", UPKEEP)
"""Those that send."""
ZONE = "IST"
"""The zone's name as people write it; every time on a page is in it."""

STUCK = {
    "assignment_pending": "never accepted",
    "not_started": "accepted, never started",
    "idle": "gone quiet",
}
"""What the kinds of stuck runs mean."""

MESSAGES = {
    "reminder": "Reminder",
    "digest": "Digest",
    "event": "Lifecycle message",
    "followup": "Picture or link",
    "reply": "Reply",
}

STATES = {
    "queued": "waits to be sent",
    "sending": "is being sent",
    "rehearsed": "rehearsed (dry run)",
    "sent": "accepted by Meta, no word yet",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "unknown": "not known",
    "skipped": "not sent",
    "undecided": "nothing was decided",
}
"""How a message stands, in words; `sent` is not delivered, and says so."""


_MORE = {
    "left_alone_by": "By {}.",
    "held_by": "Held by {}.",
    "holiday": "It is {}.",
    "readings": "It may be {}.",
    "bad_column": "It is the column {}.",
    "next_due": "The next reminder is due on {:%a %-d %b %Y}.",
}
"""What a row of `page_columns` says besides of a message that was not sent."""


def moment(value: dt.datetime | None) -> str:
    """Such as `Tue 24 Nov, 10:00`; the zone is named once a page."""
    return f"{value.astimezone(SCHEDULE_TIMEZONE):%a %-d %b, %H:%M}" if value else ""


def day(value: dt.date) -> str:
    """Such as `Tue 24 Nov 2026`."""
    return f"{value:%a %-d %b %Y}"


def reason(skip_reason: str | None) -> str:
    """What a skip reason means, in a sentence."""
    if skip_reason is None or skip_reason not in [*SkipReason]:
        return skip_reason or ""
    return EXPLANATIONS[SkipReason(skip_reason)].meaning


def why_not_sent(row: Mapping[str, Any]) -> str:
    """Why a message was not sent, and what its row knows more of; empty for one that was sent.

    Args:
        row: With `skip_reason` and the columns of `page_columns` that say more.
    """
    if not row["skip_reason"]:
        return ""
    more = [sentence.format(row[column]) for column, sentence in _MORE.items() if row.get(column)]
    return " ".join([reason(row["skip_reason"]), *more])


def spoken(name: str | None) -> str:
    """A name of the code as words: `no_phone` is "no phone"."""
    return (name or "").replace("_", " ")


def counted(number: int, one: str, many: str | None = None) -> str:
    """Such as `1 run`, `2,000 runs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def address(*parts: str) -> str:
    """The address of one of our pages, without the prefix; an id of the shop may have any character in it."""
    return "/" + "/".join(quote(part, safe="") for part in parts)
