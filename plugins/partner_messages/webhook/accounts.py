"""What Meta says of templates and accounts: approvals and stopped senders follow it, and operations are told the rest.

| what | what follows |
|---|---|
| a template's status, category, quality or text | its approval, from which the gate before planning reads |
| a ban, or a restriction of business-initiated messages | the senders of the account are stopped (`sender_stop`) |
| everything else of an account or a number | kept in `account_event`, and told once by `message_log_upkeep` |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.message_log.stops import stop_sender
from partner_messages.messages.tick import RunPass
from partner_messages.recipients.masking import mask
from partner_messages.templates.approvals.approvals import record_update
from partner_messages.webhook.events import AccountUpdate, TemplateUpdate

STOPPED_BY = "webhook"
"""Whom a stopped sender names in the place of a DAG."""
_MAY_NOT_BEGIN = "RESTRICTED_BIZ_INITIATED_MESSAGING"


@dataclass(frozen=True)
class Numbers:
    """The senders as Meta knows them.

    Attributes:
        phone_number_ids: Meta's id of each number, by the sender's label.
        waba_ids: Meta's id of its account, by the sender's label.
    """

    phone_number_ids: Mapping[str, str]
    waba_ids: Mapping[str, str]

    def of_account(self, waba_id: str) -> list[str]:
        """The labels of an account's senders."""
        return sorted(label for label, account in self.waba_ids.items() if account == waba_id)


def apply_template_update(connection: LogConnection, update: TemplateUpdate) -> None:
    """Write down what Meta says of a template, unless something later is known.

    Raises:
        ValueError: It names no template.
    """
    if not update.name or not update.language:
        raise ValueError(f"{update.field} names no template")
    record_update(
        connection,
        update.waba_id,
        update.name,
        update.language,
        status=update.event,
        reason=update.reason and mask(update.reason),
        category=update.category,
        announced=update.correct_category,
        quality=update.quality,
        text_changed=update.field == "message_template_components_update",
        seen_at=update.at,
    )


def apply_account_update(
    connection: LogConnection, update: AccountUpdate, event_id: int | None, numbers: Numbers
) -> None:
    """Stop an account's senders where Meta has, and keep what it said for operations."""
    _keep_account_event(connection, update, event_id)
    why = why_stopped(update)
    if why is None:
        return
    for sender in numbers.of_account(update.waba_id):
        if not _lifted_since(connection, sender, update.at):
            source = f"{update.field} {update.at.isoformat()}"
            stop_sender(connection, sender, RunPass(STOPPED_BY, source, "webhook", update.at, update.at), None, why)


def _lifted_since(connection: LogConnection, sender: str, at: dt.datetime) -> bool:
    return bool(rows(connection, "lifted_since", sender=sender, at=at))


def _keep_account_event(connection: LogConnection, update: AccountUpdate, event_id: int | None) -> None:
    kept = {
        "event_id": event_id,
        "waba_id": update.waba_id,
        "field": update.field,
        "event": update.event,
        "phone_number": update.phone_number,
        "detail": dict(update.detail),
        "at": update.at,
    }
    rows(connection, "keep_account_event", kept=recordset([kept]))


def why_stopped(update: AccountUpdate) -> str | None:
    """Why nothing may be sent from an account any more, in one sentence; None where it may.

    A ban that is only announced, a violation and a lower quality stop nothing yet.
    """
    if update.field != "account_update":
        return None
    state = _state_of_ban(update.detail)
    if update.event == "DISABLED_UPDATE" and state == "DISABLE":
        return "Meta has disabled the account (account_update: DISABLED_UPDATE); appeal in the Business Manager."
    if update.event == "ACCOUNT_RESTRICTION" and _MAY_NOT_BEGIN in _restrictions(update.detail):
        return f"Meta lets the account begin no conversations (account_update: {_MAY_NOT_BEGIN})."
    return None


def _state_of_ban(detail: Mapping[str, Any]) -> str | None:
    info = detail.get("ban_info")
    state = info.get("waba_ban_state") if isinstance(info, Mapping) else None
    # Meta's own sample has it as a list.
    listed = state if isinstance(state, list) else [state]
    return next((one.upper() for one in listed if isinstance(one, str)), None)


def _restrictions(detail: Mapping[str, Any]) -> Iterator[str]:
    info = detail.get("restriction_info")
    for one in info if isinstance(info, list) else [info]:
        kind = one.get("restriction_type") if isinstance(one, Mapping) else None
        if isinstance(kind, str):
            yield kind.upper()


def in_words(event: Mapping[str, Any]) -> str:
    """What Meta said of an account, for operations."""
    number = f" of {mask(event['phone_number'])}" if event["phone_number"] else ""
    said = event["event"] or event["field"]
    return f"Meta says {said} ({event['field']}){number}, account {event['waba_id']}; see the table account_event."


def untold_account_events(connection: LogConnection) -> dict[int, str]:
    """What Meta has said of accounts and nobody was told of yet, in sentences by id."""
    return {row["id"]: in_words(row) for row in rows(connection, "untold_account_events")}


def note_account_events_told(connection: LogConnection, ids: Collection[int], now: dt.datetime) -> None:
    """Operations were told of these."""
    rows(connection, "note_account_events_told", ids=list(ids), now=now)
