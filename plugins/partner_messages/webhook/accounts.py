"""Apply webhook items about templates and accounts: update approvals, stop senders, keep the rest for operations.

| item | effect |
|---|---|
| a template's status, category, quality or text | updates its approval, which the gate before planning reads |
| a ban, or a restriction of business-initiated messages | stops the account's senders (`sender_stop`) |
| every item about an account or a number | is kept in `account_event`; `message_log_upkeep` reports it once |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.message_log.stops import stop_sender
from partner_messages.messages.tick import RunPass
from partner_messages.templates.approvals.approvals import record_update
from partner_messages.webhook.events import AccountUpdate, TemplateUpdate
from whatsapp_provider.masking import mask

STOPPED_BY = "webhook"
"""The `dag_id` of a sender stop that a webhook caused."""
_NO_NEW_CONVERSATIONS = "RESTRICTED_BIZ_INITIATED_MESSAGING"
_HISTORY = "message_history"
"""In `account_event.field`: Meta has refused to be asked for a sender's history (no webhook, but an answer)."""
HISTORY_REFUSED_FOR = dt.timedelta(days=1)
HEALTH_DAYS = 7
"""So long a tick repeats bad news: a number that is flagged is well again by then, or its limit is lowered."""
_MAX_EVENTS, _MAX_DETAIL_LENGTH = 200, 120
_ALWAYS_OF_HEALTH = frozenset({"account_alerts", "business_capability_update"})
"""The fields of which each word counts."""
_GOOD = frozenset({"UNFLAGGED", "UPGRADE"})
_OF_HEALTH = _GOOD | {"FLAGGED", "DOWNGRADE", "DISABLED_UPDATE", "ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION"}
"""The events of the other fields that count: about a number's quality, a ban, a restriction, a violation."""
_SUBJECTS = {"FLAGGED": "quality", "UNFLAGGED": "quality", "UPGRADE": "limit", "DOWNGRADE": "limit"}
"""What an event is about, if not what its name says: of each subject the last word counts."""
_TOLD = frozenset(
    {
        *("current_limit", "max_daily_conversations_per_business", "max_daily_conversation_per_phone"),
        *("alert_severity", "alert_status", "alert_description", "waba_ban_state", "waba_ban_date"),
        *("restriction_type", "violation_type"),
    }
)
"""What of an event's detail is told beside its name."""


@dataclass(frozen=True)
class SenderIds:
    """Meta's ids of the senders.

    Attributes:
        phone_number_ids: The phone number id by the sender's label.
        waba_ids: The WABA id by the sender's label.
    """

    phone_number_ids: Mapping[str, str]
    waba_ids: Mapping[str, str]

    def of_account(self, waba_id: str) -> list[str]:
        """The labels of a WABA's senders, sorted."""
        return sorted(label for label, account in self.waba_ids.items() if account == waba_id)

    def of_number(self, phone_number_id: str, *, usual: str) -> str | None:
        """The label of the sender that has a number; None if it is another number's, such as one of the shop's.

        Args:
            phone_number_id: Meta's id; empty if not known (the shop's inbox does not say it).
            usual: The label that is returned where it has that number, or where nobody can say.
        """
        with_it = sorted(label for label, id_ in self.phone_number_ids.items() if id_ == phone_number_id)
        if with_it:
            return usual if usual in with_it else with_it[0]
        return usual if not phone_number_id or usual not in self.phone_number_ids else None


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
        _state_of_ban(one["detail"]) == "REINSTATE" for one in later
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
    refusal = AccountUpdate(waba_id, _HISTORY, "REFUSED", None, {"sender": sender, "said": said}, now)
    _keep_account_event(connection, refusal, None)


def histories_refused(connection: LogConnection, now: dt.datetime) -> frozenset[str]:
    """The senders for whose history Meta is not asked, because it has refused that within a day (`refuse_history`)."""
    found = rows(connection, "histories_refused", field=_HISTORY, since=now - HISTORY_REFUSED_FOR)
    return frozenset(row["sender"] for row in found)


def why_stopped(update: AccountUpdate) -> str | None:
    """Why an account may not send any more, in one sentence; None if it may.

    A scheduled ban, a violation or a lower quality rating does not stop sending yet.
    """
    if update.field != "account_update":
        return None
    state = _state_of_ban(update.detail)
    if update.event == "DISABLED_UPDATE" and state == "DISABLE":
        return "Meta has disabled the account (account_update: DISABLED_UPDATE); appeal in the Business Manager."
    if update.event == "ACCOUNT_RESTRICTION" and _NO_NEW_CONVERSATIONS in _restrictions(update.detail):
        return f"Meta lets the account begin no conversations (account_update: {_NO_NEW_CONVERSATIONS})."
    return None


def _state_of_ban(detail: Mapping[str, Any]) -> str | None:
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


def account_event_sentence(event: Mapping[str, Any]) -> str:
    """The sentence that reports an account event (a row of `account_event`) to operations."""
    if event["field"] == _HISTORY:
        said = event["detail"]["said"]
        return f"Meta's message history cannot be asked, so set status_source to webhook or shop: {said}"
    number = f" of {mask(event['phone_number'])}" if event["phone_number"] else ""
    said, what = event["event"] or event["field"], "".join(f"; {one}" for one in _details_told(event["detail"]))
    return (
        f"Meta says {said} ({event['field']}{what}){number}, account {event['waba_id']}; see the table account_event."
    )


def _details_told(detail: Mapping[str, Any]) -> Iterator[str]:
    for key, value in _values_in(detail):
        if key in _TOLD:
            yield f"{key} {mask(str(value))[:_MAX_DETAIL_LENGTH]}"


def _values_in(detail: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    match detail:
        case Mapping():
            for name, value in detail.items():
                yield from _values_in(value, name)
        case list():
            for value in detail:
                yield from _values_in(value, key)
        case _:
            yield key, detail


def health_of_accounts(connection: LogConnection, waba_ids: Collection[str], now: dt.datetime) -> list[str]:
    """What Meta has said last of these accounts and their numbers, where it is bad news or a limit: in sentences.

    A word counts until another one about the same takes its place, for `HEALTH_DAYS` at most.
    """
    since = now - dt.timedelta(days=HEALTH_DAYS)
    found = rows(connection, "health_of_accounts", waba_ids=list(waba_ids), since=since, at_most=_MAX_EVENTS)
    last: dict[tuple[str | None, ...], Mapping[str, Any]] = {}
    for event in found:
        if _is_of_health(event):
            last.setdefault((event["waba_id"], event["field"], event["phone_number"], *_subject(event)), event)
    return [account_event_sentence(event) for event in last.values() if not _is_good(event)]


def _is_of_health(event: Mapping[str, Any]) -> bool:
    return event["field"] in _ALWAYS_OF_HEALTH or event["event"] in _OF_HEALTH


def _subject(event: Mapping[str, Any]) -> tuple[str | None, ...]:
    """What an event is about, within its field: a word about one subject says nothing of another one."""
    if event["field"] == "account_alerts":
        entity = next((str(value) for key, value in _values_in(event["detail"]) if key == "entity_id"), None)
        return event["event"], entity
    return (_SUBJECTS.get(event["event"], event["event"]),)


def _is_good(event: Mapping[str, Any]) -> bool:
    if event["field"] == "account_alerts":
        said = {value for key, value in _values_in(event["detail"]) if key in ("alert_severity", "alert_status")}
        return not said.isdisjoint({"INFORMATIONAL", "RESOLVED"})
    return event["event"] in _GOOD or _state_of_ban(event["detail"]) == "REINSTATE"


def untold_account_events(connection: LogConnection) -> dict[int, str]:
    """The account events that were not reported to operations yet: sentences by row id."""
    return {row["id"]: account_event_sentence(row) for row in rows(connection, "untold_account_events")}


def note_account_events_told(connection: LogConnection, ids: Collection[int], now: dt.datetime) -> None:
    """Mark account events as reported to operations."""
    rows(connection, "note_account_events_told", ids=list(ids), now=now)
