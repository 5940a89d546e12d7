"""Apply webhook items about templates and accounts: update approvals, stop senders, keep the rest for operations.

| item | effect |
|---|---|
| a template's status, category, quality or text | updates its approval, which the gate before planning reads |
| a ban, or a restriction of business-initiated messages | stops the account's senders (`sender_stop`) |
| every item about an account or a number | is kept in `account_event`; `message_log_upkeep` reports it once |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.message_log.stops import stop_sender
from partner_messages.messages.tick import RunPass
from partner_messages.templates.approvals.approvals import record_update
from partner_messages.webhook.events import AccountUpdate, TemplateUpdate
from partner_messages.webhook.sender_ids import SenderIds
from whatsapp_provider.masking import mask

STOPPED_BY = "webhook"
"""The `dag_id` of a sender stop that a webhook caused."""
_NO_NEW_CONVERSATIONS = "RESTRICTED_BIZ_INITIATED_MESSAGING"
HISTORY = "message_history"
"""In `account_event.field`: Meta has refused to be asked for a sender's history (no webhook, but an answer)."""
HISTORY_REFUSED_FOR = dt.timedelta(days=1)


def apply_template_update(connection: LogConnection, update: TemplateUpdate) -> None:
    """Update a template's approval, unless the stored one is newer.

    Raises:
        ValueError: The update names no template.
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
    connection: LogConnection, update: AccountUpdate, event_id: int | None, sender_ids: SenderIds
) -> None:
    """Keep an account update for operations; stop the account's senders if Meta has stopped the account."""
    _keep_account_event(connection, update, event_id)
    why = why_stopped(update)
    if why is None:
        return
    for sender in sender_ids.of_account(update.waba_id):
        if not _lifted_since(connection, sender, update):
            source = f"{update.field} {update.at.isoformat()}"
            stop_sender(connection, sender, RunPass(STOPPED_BY, source, "webhook", update.at, update.at), None, why)


def _lifted_since(connection: LogConnection, sender: str, update: AccountUpdate) -> bool:
    """Whether the sender has worked again since, or Meta has taken a ban back since: its words come in any order."""
    later = rows(connection, "events_since", waba_id=update.waba_id, event=update.event, at=update.at)
    is_reinstated = update.event == "DISABLED_UPDATE" and any(
        state_of_ban(one["detail"]) == "REINSTATE" for one in later
    )
    return is_reinstated or bool(rows(connection, "lifted_since", sender=sender, at=update.at))


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


def refuse_history(connection: LogConnection, sender: str, waba_id: str, said: str, now: dt.datetime) -> None:
    """Keep that Meta refuses to be asked for the history of a sender's messages, so that operations are told of it."""
    refusal = AccountUpdate(waba_id, HISTORY, "REFUSED", None, {"sender": sender, "said": said}, now)
    _keep_account_event(connection, refusal, None)


def histories_refused(connection: LogConnection, now: dt.datetime) -> frozenset[str]:
    """The senders for whose history Meta is not asked, because it has refused that within a day (`refuse_history`)."""
    found = rows(connection, "histories_refused", field=HISTORY, since=now - HISTORY_REFUSED_FOR)
    return frozenset(row["sender"] for row in found)


def why_stopped(update: AccountUpdate) -> str | None:
    """Why an account may not send any more, in one sentence; None if it may.

    A scheduled ban, a violation or a lower quality rating does not stop sending yet.
    """
    if update.field != "account_update":
        return None
    state = state_of_ban(update.detail)
    if update.event == "DISABLED_UPDATE" and state == "DISABLE":
        return "Meta has disabled the account (account_update: DISABLED_UPDATE); appeal in the Business Manager."
    if update.event == "ACCOUNT_RESTRICTION" and _NO_NEW_CONVERSATIONS in _restrictions(update.detail):
        return f"Meta lets the account begin no conversations (account_update: {_NO_NEW_CONVERSATIONS})."
    return None


def state_of_ban(detail: Mapping[str, Any]) -> str | None:
    """The state of a ban in an event's detail, in capitals; None if it is about no ban."""
    info = detail.get("ban_info")
    state = info.get("waba_ban_state") if isinstance(info, Mapping) else None
    # In Meta's own sample payload the state is a list.
    listed = state if isinstance(state, list) else [state]
    return next((one.upper() for one in listed if isinstance(one, str)), None)


def _restrictions(detail: Mapping[str, Any]) -> Iterator[str]:
    info = detail.get("restriction_info")
    for one in info if isinstance(info, list) else [info]:
        kind = one.get("restriction_type") if isinstance(one, Mapping) else None
        if isinstance(kind, str):
            yield kind.upper()
