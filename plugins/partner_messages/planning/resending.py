"""Whether failed messages may be sent again, as the DAG run that would do it decides: by the planner and the guards."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from partner_messages.config import dag_ids
from partner_messages.config.calendars import calendar_of
from partner_messages.config.schedule import day_of
from partner_messages.config.settings import Settings
from partner_messages.deployment.params import RunParams
from partner_messages.deployment.triggering import is_paused
from partner_messages.message_log.acts import standing_halt
from partner_messages.message_log.database import LogConnection
from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason
from partner_messages.messages.tick import NotNow, Tick, check_may_send
from partner_messages.messages.values import Draft
from partner_messages.planning.events.event import Event
from partner_messages.planning.preview import preview_by_hand, preview_of_events
from partner_messages.planning.reminders.plan import NEXT_DUE

_BY_ITSELF = {
    "followup": "A picture or a link follows its message, and is sent with it alone.",
    "reply": "A reply is sent within minutes of what a partner wrote, or not at all; write to them yourself.",
}
"""Why messages of a kind are never sent again."""


@dataclass(frozen=True)
class Verdict:
    """Whether a message may be sent again now.

    Attributes:
        hindrance: Why not, in a word or two; None where it may be.
        says: The same in a sentence.
        not_before: From which day, or moment, on it may be, or would leave, where that is known.
        production_run_ids: The runs of which it would speak.
        event: The event that it would tell, as `production_run_events` takes it; None for a reminder of a tick.
    """

    hindrance: str | None = None
    says: str = ""
    not_before: dt.date | None = None
    production_run_ids: tuple[str, ...] = ()
    event: Mapping[str, Any] | None = None


def judge(
    connection: LogConnection, settings: Settings, messages: Sequence[Mapping[str, Any]], wall: dt.datetime
) -> dict[uuid.UUID, Verdict]:
    """Whether each of these messages (rows of `chosen_messages`) may be sent again at this moment.

    Raises:
        ShopError, SettingsError: It cannot be said now.
    """
    verdicts = {one["id"]: barred for one in messages if (barred := _barred(one))}
    left = [one for one in messages if one["id"] not in verdicts]
    closed = {dag_id: _closed(connection, settings, dag_id, wall) for dag_id in (dag_ids.REMINDERS, dag_ids.EVENTS)}
    told = [one for one in left if one["event_name"]]
    events = {one["id"]: _event(one) for one in told}
    of_events = preview_of_events(connection, settings, list(events.values()), wall) if told else ()
    reminders = [one for one in left if not one["event_name"]]
    of_ticks = _reminders(connection, settings, reminders, wall)
    for one in left:
        event = events.get(one["id"])
        verdict = _verdict(one, of_events if event else of_ticks, settings, wall)
        if verdict.hindrance is None and (why := closed[dag_ids.EVENTS if event else dag_ids.REMINDERS]):
            verdict = Verdict("not now", why)
        elif event:
            verdict = replace(verdict, event=event.model_dump(mode="json", exclude_none=True))
        verdicts[one["id"]] = verdict
    return verdicts


def _barred(message: Mapping[str, Any]) -> Verdict | None:
    """Why a message is none that is sent again, whatever its run says."""
    if why := _BY_ITSELF.get(message["message_kind"]):
        return Verdict("not by itself", why)
    if message["delivery"] != "live":
        return Verdict("not live", "It was no message to a partner, but a rehearsal or one to a test phone.")
    if message["status"] != "failed":
        return Verdict("not failed", "It has not failed, so there is nothing to send again.")
    return None


def _closed(connection: LogConnection, settings: Settings, dag_id: str, wall: dt.datetime) -> str | None:
    """Why a DAG run that begins now would send nothing at all, by the guards at the claim; None where it would."""
    if is_paused(dag_id):
        return f"The DAG {dag_id} is paused in Airflow, so nothing that is triggered begins."
    if settings.delivery != "live":
        return f"Setting delivery is {settings.delivery}, so nothing is sent to partners."
    tick = Tick("", dag_id, "", "live", "auto", day_of(wall), wall)
    try:
        check_may_send(tick, wall, settings, standing_halt(connection), ignore_send_window=dag_id == dag_ids.EVENTS)
    except NotNow as error:
        return str(error)
    return None


def _event(message: Mapping[str, Any]) -> Event:
    """The event of a message, as it was told; it happened before the message was decided."""
    return Event(
        event=message["event_name"],
        production_run_id=message["production_run_id"],
        event_id=message["event_id"],
        partner_id=message["partner_id"],
        notes=message["notes"],
        occurred_at=message["created_at"],
    )


def _reminders(
    connection: LogConnection, settings: Settings, messages: Sequence[Mapping[str, Any]], wall: dt.datetime
) -> Sequence[Draft]:
    runs = tuple(sorted({run for one in messages for run in runs_of(one)}))
    if not runs:
        return ()
    planned = preview_by_hand(connection, settings, RunParams(production_run_ids=runs), wall)
    return [*planned.messages, *planned.left_out]


def runs_of(message: Mapping[str, Any]) -> tuple[str, ...]:
    """The runs of which a message speaks."""
    return tuple(message["run_ids"] or filter(None, [message["production_run_id"]]))


def _verdict(message: Mapping[str, Any], drafts: Sequence[Draft], settings: Settings, wall: dt.datetime) -> Verdict:
    its = [draft for draft in drafts if _is_about(draft, message)]
    if may := [draft for draft in its if not draft.skip_reason]:
        told = {run for draft in may for run in draft.production_run_ids}
        runs = tuple(run for run in runs_of(message) if run in told)
        waits = min((draft.not_before for draft in may if draft.not_before), default=None)
        return Verdict(not_before=waits, production_run_ids=runs)
    reason = next((draft.skip_reason for draft in its if draft.skip_reason), SkipReason.MOVED_ON)
    return Verdict(
        reason.value.replace("_", " "), EXPLANATIONS[reason].meaning, _from_when(its, reason, settings, wall), ()
    )


def _is_about(draft: Draft, message: Mapping[str, Any]) -> bool:
    """Whether a decision is about what a message said: the same run, with the same partner, stuck in the same kind."""
    runs = {*draft.production_run_ids, draft.production_run_id}
    return (
        bool(runs & {*runs_of(message)})
        and draft.event_name == message["event_name"]
        and draft.partner_id == message["partner_id"]
        and (None in (draft.reminder_kind, message["reminder_kind"]) or draft.reminder_kind == message["reminder_kind"])
    )


def _from_when(drafts: Sequence[Draft], reason: SkipReason, settings: Settings, wall: dt.datetime) -> dt.date | None:
    """From which day on it may be sent, where the reason itself ends on one."""
    due = [draft.variables[NEXT_DUE] for draft in drafts if draft.variables and draft.variables.get(NEXT_DUE)]
    if due:
        return dt.date.fromisoformat(min(due))
    if reason in (SkipReason.REFUSED_TODAY, SkipReason.OVER_LIMIT, SkipReason.EXPIRED):
        return calendar_of(settings).sending_day(1, after=day_of(wall))
    return None
