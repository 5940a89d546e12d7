"""Promises with a date, as rows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.messages.values import Promise

MAKE_PROMISE = "make_promise"
"""Somebody enters what a partner has promised."""
REPLACED, HELP = "Another promise took its place.", "Help was asked for."
"""Why a promise is withdrawn by what the partner has said after it."""


def open_promises(connection: LogConnection, production_run_ids: Collection[str] | None = None) -> dict[str, Promise]:
    """The open promises of these runs (None: of all), by run."""
    ids = None if production_run_ids is None else list(production_run_ids)
    found = rows(connection, "open_promises", production_run_ids=ids)
    return {row["production_run_id"]: Promise(**row) for row in found}


def broken_promises(
    connection: LogConnection, production_run_ids: Collection[str] | None = None
) -> dict[tuple[str, str, str | None, dt.datetime | None], int]:
    """How many promises were broken, by run, partner, kind and beginning of the stall."""
    ids = None if production_run_ids is None else list(production_run_ids)
    counts: dict[tuple[str, str, str | None, dt.datetime | None], int] = {}
    for row in rows(connection, "broken_promises", production_run_ids=ids):
        key = (row["production_run_id"], row["partner_id"], row["kind"], row["since"])
        counts[key] = counts.get(key, 0) + 1
    return counts


def broken_at(connection: LogConnection, now: dt.datetime) -> list[Promise]:
    """The promises that the tick of a moment has found broken, oldest first."""
    return [Promise(**row) for row in rows(connection, "broken_at", now=now)]


def last_stall(connection: LogConnection, production_run_id: str) -> dict[str, Any] | None:
    """Where a run was last found stuck by a live tick: its kind, partner and since; None where it never was."""
    found = rows(connection, "last_stall", production_run_id=production_run_id)
    return found[0] if found else None


def make_promise(
    connection: LogConnection,
    production_run_id: str,
    partner_id: str,
    *,
    kind: str | None,
    since: dt.datetime | None,
    due_on: dt.date,
    now: dt.datetime,
    message_id: uuid.UUID | None = None,
    who: str | None = None,
    why: str | None = None,
) -> bool:
    """Write down a promise in place of what was promised of the run before; return whether it stands.

    The later word counts, in whatever order they come: it stands only if after it nothing else was promised of the run,
    and its partner has asked for no help.

    Args:
        connection: The message log, within a transaction.
        production_run_id: The run.
        partner_id: Who promises.
        kind: With `since`, the stall; None where none is known.
        since: Since when the run stands still.
        due_on: By which day it will have moved.
        now: When it was said.
        message_id: The message that was answered.
        who: Who has entered it, if it was no answer.
        why: How they know.
    """
    promise = {
        "production_run_id": production_run_id,
        "partner_id": partner_id,
        "kind": kind,
        "since": since,
        "due_on": due_on,
        "now": now,
        "source": "told_us" if who else "answer",
        "message_id": message_id,
        "who": who,
        "why": why,
        "replaced": REPLACED,
        "help": HELP,
    }
    for _ in range(2):  # Another process may make one between the two statements; at the second try that one is seen.
        withdraw_promise(connection, [production_run_id], why=REPLACED, now=now)
        if made := rows(connection, "make_promise", **promise):
            return bool(made[0]["state"] == "open")
    return False


def say_again(connection: LogConnection, production_run_ids: Collection[str], *, now: dt.datetime) -> int:
    """Note that what is promised of these runs was said again; return how many were said before that."""
    return len(rows(connection, "say_again", production_run_ids=list(production_run_ids), now=now))


def note_promise(
    connection: LogConnection, production_run_id: str, *, due_on: dt.date, who: str, why: str, now: dt.datetime
) -> None:
    """Note in the audit who has entered a promise."""
    said = {"due_on": due_on, "who": who, "why": why, "now": now, "act": MAKE_PROMISE}
    rows(connection, "note_promise", production_run_id=production_run_id, **said)


def withdraw_promise(
    connection: LogConnection,
    production_run_ids: Collection[str],
    *,
    why: str,
    now: dt.datetime,
    of_partner: str | None = None,
) -> int:
    """End the open promises of these runs (by one partner, or by all) that were made until `now`; return how many."""
    of = {"production_run_ids": list(production_run_ids), "of_partner": of_partner}
    return len(rows(connection, "withdraw_promise", **of, why=why, now=now))


def end_promises(connection: LogConnection, ends: Mapping[uuid.UUID, tuple[str, str]], now: dt.datetime) -> int:
    """End promises, each with a state and a reason; return how many were open."""
    records = [{"id": id_, "state": state, "why": why} for id_, (state, why) in ends.items()]
    return len(rows(connection, "end_promises", ends=recordset(records), now=now)) if records else 0
