"""What operations are told of accounts and numbers: each event once, and by each tick how they stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from partner_messages.message_log.database import LogConnection, rows
from partner_messages.webhook.accounts import HISTORY, state_of_ban
from whatsapp_provider.masking import mask

HEALTH_DAYS = 7
"""Days for which ticks repeat bad news: after these a flagged number is well again, or its limit was lowered."""
_MAX_EVENTS, _MAX_DETAIL_LENGTH = 200, 120
_ALWAYS_OF_HEALTH = frozenset({"account_alerts", "business_capability_update"})
"""The fields of which every event counts."""
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
"""The keys of an event's detail that are told beside its name."""


def account_event_sentence(event: Mapping[str, Any]) -> str:
    """The sentence that reports an account event (a row of `account_event`) to operations."""
    if event["field"] == HISTORY:
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
    return event["event"] in _GOOD or state_of_ban(event["detail"]) == "REINSTATE"


def untold_account_events(connection: LogConnection) -> dict[int, str]:
    """The account events that were not reported to operations yet: sentences by row id."""
    return {row["id"]: account_event_sentence(row) for row in rows(connection, "untold_account_events")}


def note_account_events_told(connection: LogConnection, ids: Collection[int], now: dt.datetime) -> None:
    """Mark account events as reported to operations."""
    rows(connection, "note_account_events_told", ids=list(ids), now=now)
