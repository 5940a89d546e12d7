"""What is known of the templates on every account: written by listings and by refused messages, read by the gate.

The one module of this room that speaks to the message log's database; what the rest decides is pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow

from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.templates.approvals.gate import Approval
from partner_messages.templates.approvals.remote import (
    RemoteTemplate,
    Standing,
    remote_template,
    standing,
)

STATUS_AFTER_REFUSAL: Mapping[int, str] = {132001: "NOT_FOUND", 132015: "PAUSED", 132016: "DISABLED"}
"""What a message's refusal says of its template, by Meta's code (docs/reference/whatsapp-cloud-api.md, section 2.3)."""


@dataclass(frozen=True)
class AccountSeen:
    """When an account was read.

    Attributes:
        listed_at: When its templates were last read as a whole; None where they never were.
        problem: Why they could not be read since then, one sentence; None where they could.
    """

    listed_at: dt.datetime | None = None
    problem: str | None = None


class Approvals:
    """What is known of the templates on some accounts, at the moment of reading."""

    def __init__(self, approvals: Iterable[Approval], accounts: Mapping[str, AccountSeen]) -> None:
        self._by_template: dict[tuple[str, str], dict[str, Approval]] = {}
        for one in approvals:
            self._by_template.setdefault((one.waba_id, one.name), {})[one.language] = one
        self._accounts = accounts

    def of(self, waba_id: str, name: str) -> Mapping[str, Approval]:
        """What is known of one template, by language; a language that the account was not seen to have is absent."""
        return self._by_template.get((waba_id, name), {})

    def listed_at(self, waba_id: str) -> dt.datetime | None:
        """When the account's templates were last read as a whole; None where they never were."""
        return self._accounts.get(waba_id, AccountSeen()).listed_at

    def refused_since(self, waba_id: str) -> bool:
        """Whether a message was refused for its template since the account was last read."""
        listed_at = self.listed_at(waba_id)
        return any(
            listed_at is None or one.seen_at > listed_at
            for (account, _), languages in self._by_template.items()
            if account == waba_id
            for one in languages.values()
        )

    def problem(self, waba_id: str) -> str | None:
        """Why the account could not be read the last time, one sentence; None where it could."""
        return self._accounts.get(waba_id, AccountSeen()).problem


def read_approvals(connection: LogConnection, waba_ids: Iterable[str]) -> Approvals:
    """Read what is known of the templates on these accounts."""
    wanted = list(waba_ids)
    return Approvals(
        (_approval(row) for row in rows(connection, "approvals", waba_ids=wanted)),
        {
            row["waba_id"]: AccountSeen(row["listed_at"], row["problem"])
            for row in rows(connection, "accounts", waba_ids=wanted)
        },
    )


def read_listing(connection: LogConnection, waba_id: str) -> list[RemoteTemplate]:
    """What an account had when it was last read, with everything that a plan compares."""
    found = rows(connection, "approvals", waba_ids=[waba_id])
    return [remote_template(row["listed"]) for row in found if row["listed"] is not None]


def record_listing(
    connection: LogConnection, waba_id: str, listed: Sequence[Mapping[str, Any]], seen_at: dt.datetime
) -> None:
    """Write down everything an account has; what is no longer there is forgotten, what was learnt later stays.

    Args:
        connection: The message log.
        waba_id: The account.
        listed: All its templates as Meta describes them, asked for with `remote.FIELDS`.
        seen_at: When the listing began.
    """
    with connection.transaction():
        _record(connection, waba_id, listed, seen_at, whole=True)
        rows(connection, "record_listing", waba_id=waba_id, seen_at=seen_at)


def record_template(connection: LogConnection, waba_id: str, listed: Mapping[str, Any], seen_at: dt.datetime) -> None:
    """Write down one template as it must be now, after Meta took a change of it.

    Args:
        connection: The message log.
        waba_id: The account.
        listed: As a listing would describe it.
        seen_at: When Meta answered.
    """
    _record(connection, waba_id, [listed], seen_at, whole=False)


def _record(
    connection: LogConnection, waba_id: str, listed: Sequence[Mapping[str, Any]], seen_at: dt.datetime, *, whole: bool
) -> None:
    # A list may show what was deleted beside what has replaced it: the last one counts.
    found = sorted(map(_listed, listed), key=lambda one: standing(one["status"]) is not Standing.GONE)
    unique = {(one["name"], one["language"]): one for one in found}
    listing = recordset(list(unique.values()))
    rows(connection, "record", waba_id=waba_id, listing=listing, seen_at=seen_at, whole=whole)


def record_unreadable(connection: LogConnection, waba_id: str, problem: str, tried_at: dt.datetime) -> None:
    """Note why an account could not be read; what was known of it stays.

    Args:
        connection: The message log.
        waba_id: The account.
        problem: One sentence, masked.
        tried_at: When the try began.
    """
    rows(connection, "record_unreadable", waba_id=waba_id, problem=problem, tried_at=tried_at)


def mark_refused(
    connection: LogConnection,
    waba_id: str,
    name: str,
    language: str,
    *,
    code: int,
    reason: str,
    seen_at: dt.datetime,
) -> None:
    """Note that a message was refused because of its template: it cannot be sent until a listing says otherwise.

    Args:
        connection: The message log.
        waba_id: The sender's account.
        name: The template.
        language: Its language.
        code: Meta's, one of `STATUS_AFTER_REFUSAL`.
        reason: Meta's words, masked.
        seen_at: When it was refused.
    """
    rows(
        connection,
        "mark_refused",
        waba_id=waba_id,
        name=name,
        language=language,
        status=STATUS_AFTER_REFUSAL[code],
        reason=reason,
        seen_at=seen_at,
    )


def record_update(
    connection: LogConnection,
    waba_id: str,
    name: str,
    language: str,
    *,
    status: str | None,
    reason: str | None,
    category: str | None,
    announced: str | None,
    quality: str | None,
    text_changed: bool,
    seen_at: dt.datetime,
) -> None:
    """Write down what Meta says of one template, unless something later is known; None is what it does not say.

    Args:
        connection: The message log.
        waba_id: The account.
        name: The template.
        language: Its language.
        status: In Meta's words; see `remote.standing`.
        reason: Why, masked; it belongs to the status.
        category: What it is billed as from now on.
        announced: The category that it will have.
        quality: What recipients make of it.
        text_changed: Whether somebody has changed its text at Meta: how many parameters it has is not known then.
        seen_at: When it was so, by Meta's clock.
    """
    rows(
        connection,
        "record_update",
        waba_id=waba_id,
        name=name,
        language=language,
        status=status,
        reason=reason,
        category=category,
        announced=announced,
        quality=quality,
        text_changed=text_changed,
        seen_at=seen_at,
    )


def _listed(row: Mapping[str, Any]) -> dict[str, Any]:
    remote = remote_template(row)
    return {
        "name": remote.name,
        "language": remote.language,
        "status": remote.status,
        "category": remote.category or None,
        "previous_category": remote.previous_category or None,
        "quality": remote.quality or None,
        "reason": remote.reason or None,
        "parameter_count": remote.parameter_count,
        "listed": row,
    }


def _approval(row: DictRow) -> Approval:
    return Approval(
        waba_id=row["waba_id"],
        name=row["name"],
        language=row["language"],
        status=row["status"],
        category=row["category"] or "",
        quality=row["quality"] or "",
        reason=row["reason"] or "",
        parameters=row["parameter_count"],
        seen_at=row["seen_at"],
        announced=row["announced_category"] or "",
        named=row["listed"] is not None and remote_template(row["listed"]).named,
    )
