"""The stored approvals of templates: written after listings, refused messages and webhooks; read by the gate.

The only module of this room that uses the message log's database; the others are pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow

from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.templates.approvals.gate import Approval
from whatsapp_provider.templates.remote import (
    RemoteTemplate,
    Standing,
    remote_template,
    standing,
)

STATUS_AFTER_REFUSAL: Mapping[int, str] = {132001: "NOT_FOUND", 132015: "PAUSED", 132016: "DISABLED"}
"""A template's status after a refused message, by Meta's code (docs/reference/whatsapp-cloud-api.md, section 2.3)."""


@dataclass(frozen=True)
class AccountSeen:
    """The last listing of an account.

    Attributes:
        listed_at: When all its templates were last listed; None if never.
        problem: Why the last listing failed, one sentence; None if it did not.
    """

    listed_at: dt.datetime | None = None
    problem: str | None = None


class Approvals:
    """The approvals of some accounts, as they were read."""

    def __init__(self, approvals: Iterable[Approval], accounts: Mapping[str, AccountSeen]) -> None:
        self._by_template: dict[tuple[str, str], dict[str, Approval]] = {}
        for one in approvals:
            self._by_template.setdefault((one.waba_id, one.name), {})[one.language] = one
        self._accounts = accounts

    def of(self, waba_id: str, name: str) -> Mapping[str, Approval]:
        """The approvals of a template by language, without languages that the account does not have."""
        return self._by_template.get((waba_id, name), {})

    def listed_at(self, waba_id: str) -> dt.datetime | None:
        """When the account's templates were last listed; None if never."""
        return self._accounts.get(waba_id, AccountSeen()).listed_at

    def refused_since(self, waba_id: str) -> bool:
        """Whether a message was refused because of its template since the last listing."""
        listed_at = self.listed_at(waba_id)
        return any(
            listed_at is None or one.seen_at > listed_at
            for (account, _), languages in self._by_template.items()
            if account == waba_id
            for one in languages.values()
        )

    def problem(self, waba_id: str) -> str | None:
        """Why the last listing failed, one sentence; None if it did not."""
        return self._accounts.get(waba_id, AccountSeen()).problem


def read_approvals(connection: LogConnection, waba_ids: Iterable[str]) -> Approvals:
    """Read the approvals of these accounts."""
    wanted = list(waba_ids)
    return Approvals(
        (_approval(row) for row in rows(connection, "approvals", waba_ids=wanted)),
        {
            row["waba_id"]: AccountSeen(row["listed_at"], row["problem"])
            for row in rows(connection, "accounts", waba_ids=wanted)
        },
    )


def read_listing(connection: LogConnection, waba_id: str) -> list[RemoteTemplate]:
    """The templates of an account as last listed, with everything that a plan compares."""
    found = rows(connection, "approvals", waba_ids=[waba_id])
    return [remote_template(row["listed"]) for row in found if row["listed"] is not None]


def record_listing(
    connection: LogConnection, waba_id: str, listed: Sequence[Mapping[str, Any]], seen_at: dt.datetime
) -> None:
    """Store the listing of an account: delete templates that are gone, but keep approvals newer than the listing.

    Args:
        connection: The message log.
        waba_id: The account.
        listed: All its templates in Meta's form, with the fields `remote.FIELDS`.
        seen_at: When the listing began.
    """
    with connection.transaction():
        _record(connection, waba_id, listed, seen_at, whole=True)
        rows(connection, "record_listing", waba_id=waba_id, seen_at=seen_at)


def record_template(connection: LogConnection, waba_id: str, listed: Mapping[str, Any], seen_at: dt.datetime) -> None:
    """Store one template after Meta has accepted a change of it.

    Args:
        connection: The message log.
        waba_id: The account.
        listed: The template in the form of a listing.
        seen_at: When Meta answered.
    """
    _record(connection, waba_id, [listed], seen_at, whole=False)


def _record(
    connection: LogConnection, waba_id: str, listed: Sequence[Mapping[str, Any]], seen_at: dt.datetime, *, whole: bool
) -> None:
    # A listing may have a deleted template beside its replacement: the replacement counts.
    found = sorted(map(_listed, listed), key=lambda one: standing(one["status"]) is not Standing.GONE)
    unique = {(one["name"], one["language"]): one for one in found}
    listing = recordset(list(unique.values()))
    rows(connection, "record", waba_id=waba_id, listing=listing, seen_at=seen_at, whole=whole)


def record_unreadable(connection: LogConnection, waba_id: str, problem: str, tried_at: dt.datetime) -> None:
    """Store why a listing failed; the stored approvals stay.

    Args:
        connection: The message log.
        waba_id: The account.
        problem: One sentence, masked.
        tried_at: When the listing began.
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
    """Store that a message was refused because of its template, which is then not sent until the next listing.

    `code` is Meta's, one of `STATUS_AFTER_REFUSAL`; `reason` is Meta's, masked.
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
    """Store a webhook's update of one template, unless the stored approval is newer; None means "not in the update".

    Args:
        connection: The message log.
        waba_id: The account.
        name: The template.
        language: Its language.
        status: Meta's status; see `remote.standing`.
        reason: The reason for the status, masked.
        category: The category from now on.
        announced: The category that Meta has announced.
        quality: Meta's quality score.
        text_changed: Whether its text was changed at Meta, so that its number of parameters is not known.
        seen_at: Meta's time of the update.
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
