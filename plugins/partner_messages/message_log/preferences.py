"""What was said about being written to, as rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from partner_messages.message_log.database import LogConnection, rows
from partner_messages.recipients.preferences import Preferences, Statement
from partner_messages.recipients.spelling import dialled

OPT_OUT, UNDO_OPT_OUT, DECIDE_OPT_OUT = "opt_out", "undo_opt_out", "decide_opt_out"
"""What somebody enters by hand: a partner has told us to stop; that was a mistake; what sounded like STOP."""


def preferences(connection: LogConnection, of: Iterable[str] | None = None) -> Preferences:
    """What partners have said so far, where it still counts.

    Args:
        connection: The message log.
        of: The phones (E.164, however spelled) and partner ids that matter; None for all.
    """
    said: dict[str, dict[str, Statement]] = {"own": {}, "by_hand": {}, "maybe": {}, "language": {}, "marketing": {}}
    for row in rows(connection, "preferences", of=None if of is None else list(map(dialled, of))):
        said[row["sort"] or row["kind"]][row["whose"]] = Statement(row["value"], row["at"])
    return Preferences(
        own=said["own"],
        by_hand=said["by_hand"],
        maybe=said["maybe"],
        languages={phone: one.value for phone, one in said["language"].items()},
        marketing=said["marketing"],
    )


def note_preference(
    connection: LogConnection,
    kind: str,
    value: str,
    *,
    phone: str,
    partner_id: str | None,
    at: dt.datetime,
    source: str = "message",
) -> bool:
    """Write down what the owner of a phone has said; return whether that was new.

    Args:
        connection: The message log.
        kind: `opted_out`, `language` or `marketing`.
        value: `stop`, `start` or `maybe`; a language; `stop` or `resume`.
        phone: E.164.
        partner_id: For whose it was taken, if anybody's.
        at: When it was said, by Meta's clock.
        source: `message` or `user_preferences`.
    """
    said = {"kind": kind, "value": value, "phone": phone, "partner_id": partner_id, "at": at, "source": source}
    return bool(rows(connection, "note_preference", **said, who=None, why=None))


def lock_preferences(connection: LogConnection, whose: str) -> None:
    """Let what is said of one phone, partner or user id be written down one after the other in each transaction."""
    rows(connection, "lock_preferences", whose=dialled(whose))


def enter_preference(
    connection: LogConnection,
    partner_id: str,
    value: str,
    *,
    source: str,
    act: str,
    who: str,
    why: str,
    now: dt.datetime,
) -> None:
    """Enter by hand that a partner has opted out, or has not; who and why is kept in `audit`."""
    said = {"value": value, "source": source, "act": act, "who": who, "why": why, "now": now}
    rows(connection, "enter_preference", phone=None, partner_id=partner_id, **said)


def close_what_was_decided(
    connection: LogConnection, partner_ids: Iterable[str], *, who: str, why: str, now: dt.datetime
) -> int:
    """Close what of these partners sounded like STOP until now; return how many rows were open."""
    closed = {"who": who, "why": why, "now": now}
    return len(rows(connection, "close_what_was_decided", partner_ids=list(partner_ids), **closed))


def partners_on(connection: LogConnection, phones: Iterable[str]) -> list[str]:
    """The partners who were written to on these phones."""
    return sorted(row["partner_id"] for row in rows(connection, "partners_on", phones=list(map(dialled, phones))))


def phones_of_partner(connection: LogConnection, partner_id: str) -> list[str]:
    """The phones on which a partner was written to or has answered, the last one first."""
    return [row["phone"] for row in rows(connection, "phones_of_partner", partner_id=partner_id)]


def opt_outs(connection: LogConnection) -> list[dict[str, Any]]:
    """Who has opted out, or may have (`maybe`), the latest first: `phone`, `partner_id`, `value`, `at`, `source`.

    What was entered for a partner is left out where their own later word has lifted it, and where they have said STOP
    themselves; what may be STOP, where it was decided for all who were written to on that phone.
    """
    return [one for one in rows(connection, "opt_outs") if _counts(connection, one)]


def _counts(connection: LogConnection, said: Mapping[str, Any]) -> bool:
    if said["phone"] is None:
        return _stands(connection, said["partner_id"])
    if said["value"] != "maybe":
        return True
    partner_ids = partners_on(connection, [said["phone"]]) or [said["partner_id"] or ""]
    known = preferences(connection, [said["phone"], *partner_ids])
    return any(known.waits_for_a_person(one, said["phone"]) for one in partner_ids)


def _stands(connection: LogConnection, partner_id: str) -> bool:
    phones = phones_of_partner(connection, partner_id)
    return preferences(connection, [partner_id, *phones]).stands_by_hand(partner_id, phones) is not None
