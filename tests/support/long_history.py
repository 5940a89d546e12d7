"""A message log with a history, and a day of which PostgreSQL's statistics know nothing yet."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import fields, replace
from typing import Any

from psycopg import ClientCursor
from psycopg.types.json import Json, Jsonb

from partner_messages.message_log import outbox
from partner_messages.message_log.database import of_tick, recordset
from partner_messages.message_log.queueing import write_drafts
from partner_messages.message_log.ticks import record_stuck
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Draft, Settlement
from sandbox.bench import HISTORY
from support.deployment import TICK
from support.examples import DAY, PHONE, draft, stuck_run, tick
from support.log_rows import Log

DAYS, PER_DAY, PARTNERS = 40, 200, 100
"""Of the history: 8,000 messages."""
PLANNING, SENT = tick(1), tick(2)
"""What the one has found stuck is queued; what the other has queued was sent, but for a tenth of it that failed."""


def write_history(log: Log) -> None:
    """Write the history; PostgreSQL's statistics are of it."""
    statements = HISTORY.read_bytes()
    size = {"day": DAY, "now": TICK, "days": DAYS, "per_day": PER_DAY, "partners": PARTNERS}
    ClientCursor(log).execute(statements, size)


def put_day(log: Log, size: int) -> list[Draft]:
    """Let so many runs be stuck, every second one since days, and queue a message of each; return these.

    As many others were sent before.
    """
    messages = [_message(f"{'O' if number % 2 else 'N'}{number}", number) for number in range(size)]
    sent = [_message(f"S{number}", number) for number in range(size)]
    stuck = [
        stuck_run(run_id, kind=ReminderKind.IDLE, partner_id=one.partner_id)
        for one in messages
        for run_id in one.production_run_ids
    ]
    record_stuck(log, PLANNING, ReminderKind.IDLE, stuck, observed_at=TICK)
    write_drafts(log, PLANNING, messages)
    write_drafts(log, SENT, sent)
    token = uuid.uuid4()
    outbox.claim(log, [one.id for one in sent], token, TICK)
    outbox.settle(log, token, [_answer(number, one.id) for number, one in enumerate(sent)], TICK)
    return messages


def _message(run_id: str, number: int) -> Draft:
    return draft(run_id, partner_id=f"P{number % PARTNERS}", reminder_kind=ReminderKind.IDLE)


def _answer(number: int, id_: uuid.UUID) -> Settlement:
    if number % 10 == 0:
        return Settlement(id_, "failed", error_code=131000, error_detail="Something went wrong.")
    return Settlement(id_, "sent", meta_message_id=f"wamid.{number}")


def parameters_of_a_day(messages: list[Draft]) -> dict[str, Any]:
    """A value for every parameter, by its name."""
    return {**_plain_parameters(), **_parameters_of(messages)}


def parameters(asked: dict[str, Any], messages: list[Draft], query: str) -> dict[str, Any]:
    """Those of a day (`parameters_of_a_day`), and what a query wants otherwise than the others do."""
    if query in ("answers_of", "messages_to_mirror", "to_follow_up", "ends_of_tick"):
        return {**asked, **of_tick(SENT)}
    if query in ("days_reminded", "days_held_back"):
        return {**asked, "day": DAY + dt.timedelta(days=1)}  # As they are asked after sending: the day itself counts.
    if query == "note_account_events_told":
        return {**asked, "ids": [1]}
    if query == "note_webhook_errors_told":
        return {**asked, "told": recordset([{"id": 1, "why": "never_sent", "errors": 1}])}
    if query == "note_silences_told":
        return {**asked, "told": recordset([{"sender": "in", "day": TICK.date()}])}
    if query == "leave_alone":
        return {**asked, "production_run_id": None}
    if query == "enter_preference":
        return {**asked, "value": "stop"}
    if query == "note_preference":
        return {**asked, "kind": "language"}
    if query == "record_skips":
        skips = (_columns(replace(one, id=uuid.uuid4(), skip_reason=SkipReason.MOVED_ON)) for one in messages)
        return {**asked, "drafts": recordset(skips)}
    return asked


def _columns(draft: Draft) -> dict[str, Any]:
    return {column.name: getattr(draft, column.name) for column in fields(draft)}


def _parameters_of(messages: list[Draft]) -> dict[str, Any]:
    ids = [one.id for one in messages]
    runs = [run_id for one in messages for run_id in one.production_run_ids]
    stall = {"kind": "idle", "partner_id": "P1", "reason": "ignored", "since": TICK, "same_act": ["ignored"]}
    records: dict[str, list[dict[str, Any]]] = {
        "answers": [{"id": id_, "status": "sent", "meta_message_id": "wamid.1"} for id_ in ids],
        "drafts": [*map(_columns, messages)],
        "holds": [{"id": id_, "not_before": TICK, "day": DAY} for id_ in ids],
        "over": [{"id": id_, "why": "The run moved on."} for id_ in ids],
        "readings": [{"production_run_id": run, "produced_quantity": 12.0} for run in runs],
        "skips": [{"id": id_, "reason": "moved_on"} for id_ in ids],
        "stuck": [{"production_run_id": f"X{run}", "partner_id": "P1", "since": TICK} for run in runs],
        "ends": [{"id": uuid.uuid4(), "state": "kept", "why": "The run moved on."}],
        "statuses": [],  # They would need a webhook.
        "rows": [{"id": id_, "status": "queued", "sent_at_is_metas": False} for id_ in ids],
        "lives": [{"template_name": "jyt_production_run_reminder_idle_v1", "seconds": 43200}],
        "applied": [{"id": 1, "errors": []}],
        "added": [{"id": 1, "errors": []}],
        "kept": [{"waba_id": "2", "field": "account_update", "detail": {}, "at": TICK}],
        "cases": [
            {**stall, "fortnight": DAY, "production_run_id": run, "partner_id": run, "held_back": True} for run in runs
        ],
        "troubles": [{**stall, "id": uuid.uuid4(), "production_run_id": run} for run in runs],
    }
    return {
        **{name: recordset(values) for name, values in records.items()},
        **{"ids": ids, "id": ids[0], "message_id": ids[0]},
        **{"production_run_ids": runs, "production_run_id": runs[0], "found_ids": Json(runs)},
        "said_ids": Json([str(id_) for id_ in ids]),
        "taken_away": runs[:2],
        "wamids": [f"wamid.{number}" for number in range(len(messages))],
        "said_wamids": Json([f"wamid.{number}" for number in range(len(messages))]),
        "waiting_ids": [1],
        "event_ids": [f"event {run}" for run in runs],
        "context_ids": [f"{run}:production_run.cancelled:P1" for run in runs],
    }


def _plain_parameters() -> dict[str, Any]:
    of_day = dict.fromkeys(("day", "today", "until"), DAY) | {"told_before": DAY - dt.timedelta(days=7)}
    of_now = dict.fromkeys(("now", "at", "due", "since", "observed_at", "asked_at"), TICK) | {
        "lease": dt.timedelta(seconds=95),
        "after": dt.timedelta(seconds=1),
    }
    numbers = dict.fromkeys(
        ("inspected", "no_partner", "planned", "clear_number", "try_number", "database_id", "timeline", "written"), 1
    )
    return {
        **of_tick(PLANNING),
        **of_day,
        **of_now,
        **numbers,
        **{
            "delivery": "live",
            "figures": "a mark",
            "redirected": "",
            "token": uuid.uuid4(),
            "kind": "idle",
            "kinds": ["idle"],
            "timezone": "Asia/Kolkata",
        },
        **{"sender": "in", "template": "jyt_production_run_reminder_pending_v1", "language": "hi", "followups": False},
        **{"code": 131026, "codes": [131026, 131049], "recipient_codes": [131026], "error_code": 190, "first": 20},
        **{"by": "Meera", "who": "Meera", "why": "Her loom is being repaired.", "act": "settle", "outcome": "arrived"},
        **{
            "sha256": "0" * 64,
            "body": b"{}",
            "spoken": False,
            "may_be_stop": False,
            "received_at": TICK,
            "bytes": 1024,
        },
        **{
            "wamid": "wamid.1",
            "phone": PHONE,
            "phones": [PHONE],
            "user_id": "IN.1",
            "partner_id": "P1",
            "partner_ids": ["P1"],
            "answer_id": None,
        },
        **{"intent": "other", "text": "A text.", "payload": None, "context_wamid": None, "edited": False},
        **{"replaced": "Another promise took its place.", "help": "Help was asked for.", "of_partner": "P1"},
        **{"became": "answered", "value": "hi", "source": "told_us", "whose": PHONE, "of": None, "due_on": DAY},
        **{"context_id": "a reply", "settings": Jsonb({}), "only": None, "told_each_day": ["answered"], "in_a_row": 3},
        **{"first_day": DAY - dt.timedelta(days=7), "last_day": DAY, "after_day": None, "after_created_at": None},
        **{"after_context": "", "after_message": uuid.UUID(int=0)},
        **{"after_id": None, "partner_ids": None, "status": None, "run": None, "subject": "a message"},
        **dict.fromkeys(("dag", "dag_run", "message_ids")),
        **{"decided": ["not_due"], "history_id": None, "undoes": None, "were": Jsonb({}), "are": Jsonb({})},
        **{"by_hand": False, "awaits_approval": True, "seen": ["a mark"]},
        **{
            "escalation_id": None,
            "assigned_to": "Meera",
            "moves": True,
            "had": None,
            "asleep_until": DAY,
            "detail": Jsonb({}),
        },
        **{"within": 10, "last_number": 10},
        **{"heeds_stop": True, "lifecycle_after_opt_out": False},
        **{
            "grace": dt.timedelta(hours=6),
            "many": 3,
            "quiet": dt.timedelta(minutes=15),
            "listened": dt.timedelta(days=30),
        },
        **{
            "senders": ["in"],
            "waba_ids": ["2"],
            "waba_id": "2",
            "event": "X",
            "field": "message_history",
            "label": "Tue 24 Nov",
        },
        **{"phone_number_id": "111000000000001", "rate": 80.0, "wanted": 80.0},
        **{"key": b"k" * 32, "recipient": b"r" * 32, "tracking_id": "t", "task": "DAG orders"},
        **{"reason": "refused", "error_detail": "refused", "of_all": True},
        **{"before": TICK - dt.timedelta(days=DAYS / 2), "at_most": 500, "few": 20},
        **{"words_at_most": 200, "milliseconds": 1000, "such": ["help"], "stops_alone": True},
        **{"variables": Jsonb({}), "body_text": "A text.", "in_send_window": True, "system_identifier": "1"},
    }
