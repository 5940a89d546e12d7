"""What needs a person: a list to work through, and what is done with each of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Json

from partner_messages.config.calendars import calendar_of
from partner_messages.config.schedule import day_of
from partner_messages.config.sending_days import Calendar
from partner_messages.config.settings import Settings
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.ops.days_ahead import LONGEST, latest_day, see_that_it_is_near
from partner_messages.ops.judgement import OTHERS_NAMED
from partner_messages.ops.reasons import RULES, Act, Reason
from partner_messages.pages.asked import NotAsked
from partner_messages.pages.names import names_of

AT_MOST = 500
"""Shown at once; those that have been stuck for longest."""
COMES_BACK_AFTER = 2
"""Sending days after which what was taken on and not touched is everybody's again."""
FIRST = (Reason.ASKED_FOR_HELP, Reason.MAYBE_OPT_OUT, Reason.BROKEN_PROMISE)
"""What comes before all else, in this order."""

ASSIGN, GIVE_BACK, PUT_OFF, NOTE = "assign_escalation", "give_back_escalation", "put_off_escalation", "note_escalation"
"""What people do with one, as `audit.act`."""


@dataclass(frozen=True)
class Item:
    """One line of the work list.

    Attributes:
        row: A row of `work_list`.
        meaning: What is the matter.
        act: What is to be done.
        days: How many days the run has been stuck.
        assigned_to: Who has it; nobody, where that was untouched for too long.
        came_back_from: Who had it.
        asleep: Whether it is put off.
    """

    row: Mapping[str, Any]
    meaning: str
    act: Act
    days: int
    assigned_to: str | None
    came_back_from: str | None
    asleep: bool


def items_of(found: Sequence[Mapping[str, Any]], calendar: Calendar, now: dt.datetime) -> list[Item]:
    """The work list in the order in which it is to be worked through."""
    return sorted((_item(row, calendar, now) for row in found), key=_place)


def _item(row: Mapping[str, Any], calendar: Calendar, now: dt.datetime) -> Item:
    rule, today = RULES[Reason(row["reason"])], day_of(now)
    has_it, asleep = row["assigned_to"], row["asleep_until"] is not None and row["asleep_until"] > today
    untouched = calendar.sending_days(day_of(row["touched_at"]), today) if has_it else 0
    comes_back = bool(has_it) and not asleep and untouched >= COMES_BACK_AFTER
    return Item(
        row=row,
        meaning=rule.meaning,
        act=rule.act,
        days=(now - row["since"]).days,
        assigned_to=None if comes_back else has_it,
        came_back_from=has_it if comes_back else None,
        asleep=asleep,
    )


def _place(item: Item) -> tuple[bool, int, dt.datetime]:
    reason = Reason(item.row["reason"])
    return item.asleep, FIRST.index(reason) if reason in FIRST else len(FIRST), item.row["since"]


def work_list(
    connection: LogConnection, settings: Settings, now: dt.datetime, dag_run: str | None = None
) -> dict[str, Any]:
    """What the page shows; of one DAG run, what it has opened."""
    found = _work(connection, dag_run)
    runs = (run_id for row in found for run_id in (row["production_run_id"], *(row["others"] or ())[:OTHERS_NAMED]))
    names = names_of(settings.tables, [row["partner_id"] for row in found], runs)
    items = items_of(found, calendar_of(settings), now)
    tomorrow = day_of(now) + dt.timedelta(1)
    return {
        **{"items": items, "names": names, "at_most": AT_MOST, "acts": Act, "tomorrow": tomorrow, "dag_run": dag_run},
        "others_named": OTHERS_NAMED,
        "latest": latest_day(LONGEST),
        "earlier": len(_work(connection)) if dag_run and not items else 0,
    }


def _work(connection: LogConnection, dag_run: str | None = None) -> Sequence[Mapping[str, Any]]:
    return rows(connection, "work_list", escalation_id=None, dag_run=dag_run, at_most=AT_MOST)


def touch_escalation(
    connection: LogConnection,
    escalation_id: uuid.UUID,
    act: str,
    *,
    who: str,
    why: str,
    now: dt.datetime,
    until: dt.date | None = None,
    had: str | None = None,
) -> str | None:
    """Take one on, give it back, put it off until a day, or note something on it.

    Args:
        connection: The message log.
        escalation_id: Which one.
        act: What is done.
        who: Who does it.
        why: Why.
        now: When.
        until: Until which day it is put off.
        had: Who had it when it was shown; empty where nobody had.

    Returns:
        None where it was done. Otherwise who has taken it on since it was shown: it is not taken from them unseen.

    Raises:
        NotAsked: It is closed, or there is none; or it is put off until a day that is no later one.
        RunRefused: That day is too far ahead.
    """
    if act == PUT_OFF and (until is None or until <= day_of(now)):
        raise NotAsked("Say until which day it is put off: a later one than today.")
    if act == PUT_OFF and until:
        see_that_it_is_near(until, LONGEST)
    row = one(connection, escalation_id)
    assigned_to = {ASSIGN: who, GIVE_BACK: None}.get(act, row["assigned_to"])
    done = rows(
        connection,
        "touch_escalation",
        escalation_id=escalation_id,
        assigned_to=assigned_to,
        asleep_until=until if act == PUT_OFF else row["asleep_until"],
        act=act,
        moves=act in (ASSIGN, GIVE_BACK),
        had=had,
        who=who,
        why=why,
        now=now,
        detail=Json({"until": until.isoformat()} if until else {}),
    )
    if done:
        return None
    row = one(connection, escalation_id)
    if row["closed_at"]:
        raise NotAsked("It was closed in the meantime; open the list again.")
    taken_by: str = row["assigned_to"]
    return taken_by


def one(connection: LogConnection, escalation_id: uuid.UUID) -> Mapping[str, Any]:
    """How one of them stands, closed or not.

    Raises:
        NotAsked: There is none of this id.
    """
    found = rows(connection, "work_list", escalation_id=escalation_id, dag_run=None, at_most=1)
    if not found:
        raise NotAsked("There is no such item; open the list again.")
    return found[0]


def close_one_escalation(
    connection: LogConnection, escalation_id: uuid.UUID, *, who: str, why: str, now: dt.datetime
) -> None:
    """Close one.

    Raises:
        NotAsked: It is closed already, there is none, or a decision about STOP is what is asked for.
    """
    if not rows(connection, "close_one_escalation", escalation_id=escalation_id, who=who, why=why, now=now):
        row = one(connection, escalation_id)
        raise NotAsked(
            f"{row['closed_by']} has closed it already: {row['closed_why']}."
            if row["closed_at"]
            else "Decide whether the partner wants no more messages; that closes it."
        )
