"""The runs that need a person, as rows: opened, told of, closed."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from partner_messages.config.pieces import pieces
from partner_messages.message_log.database import LogConnection, each_row, of_tick, recordset, rows
from partner_messages.message_log.effect import as_if_reminded, days_held_back
from partner_messages.message_log.history import days_reminded
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.tick import Tick
from partner_messages.ops.judgement import DayKnowledge, Escalation, Judgement, Trouble
from partner_messages.ops.reasons import RULES, TOLD_EACH_DAY, Reason, reasons_that_ask_for

TOLD_AGAIN_AFTER = dt.timedelta(days=7)
"""How long after operations were told of an open escalation they are told again."""

OPENED_AT_ONCE = 5_000
"""Escalations that one statement opens; their JSON takes memory."""

NOT_ON_WHATSAPP = 131026
"""Meta's code for a message that its recipient's number cannot get ("Message undeliverable")."""


def day_knowledge(connection: LogConnection, tick: Tick, *, with_history: bool = True) -> DayKnowledge:
    """What the message log knows of the runs that a tick found stuck, after it has sent.

    Args:
        connection: The message log.
        tick: The tick.
        with_history: Whether the days of earlier reminders are asked for.
    """
    refused = rows(
        connection,
        "not_on_whatsapp",
        dag_run_id=tick.dag_run_id,
        delivery=tick.delivery,
        day=tick.day,
        code=NOT_ON_WHATSAPP,
    )
    ends = each_row(connection, "ends_of_tick", **of_tick(tick))
    return DayKnowledge(
        ends={sys.intern(row["production_run_id"]): sys.intern(row["said"]) for row in ends},
        not_on_whatsapp=frozenset(row["partner_id"] for row in refused),
        awaited=frozenset(row["production_run_id"] for row in refused if row["awaited"]),
        reminded=_as_if_reminded(connection, tick) if with_history else {},
    )


def _as_if_reminded(connection: LogConnection, tick: Tick) -> Mapping[str, Sequence[dt.date]]:
    """The days of reminders, today and those held back included: the control group is called as early as others."""
    reminded = days_reminded(connection, tick, with_today=True)
    return as_if_reminded(reminded, days_held_back(connection, tick, with_today=True))


def was_planned(connection: LogConnection, tick: Tick) -> bool:
    """Whether planning came to its end, so that every run that the tick found has a decision."""
    return any(row["planned"] is not None for row in rows(connection, "tick", tick_id=tick.id))


def standing_escalations(connection: LogConnection, tick: Tick) -> list[Escalation]:
    """The escalations of a tick's delivery that are not over, and those that a later tick has ended."""
    return _escalations(rows(connection, "standing_escalations", delivery=tick.delivery, now=tick.now))


def rewind_rehearsals(connection: LogConnection, tick: Tick) -> None:
    """Before a dry run: bring the rehearsed escalations back to where they stood at its now.

    A backfill comes after today's dry run, and speaks of days before it.
    """
    with connection.transaction():
        rows(connection, "forget_rehearsed_escalations", now=tick.now)
        rows(connection, "reopen_rehearsed_escalations", now=tick.now)


def write_judgement(connection: LogConnection, tick: Tick, judgement: Judgement) -> tuple[int, int]:
    """End what is over and open what is new, all or nothing; return how many rows were opened and ended.

    Two ticks at once open one row for a run: the second one finds it open. What asks for the same act as an earlier row
    of the stall counts as told on the day on which operations were told of that one.
    """
    # In one order over all pieces, so that two ticks at once do not deadlock.
    new = sorted(judgement.new, key=lambda trouble: trouble.production_run_id)
    with connection.transaction():
        ended = _end_escalations(connection, tick, judgement.over)
        opened = sum(_open_escalations(connection, tick, piece) for piece in pieces(new, OPENED_AT_ONCE))
    return opened, ended


def _end_escalations(connection: LogConnection, tick: Tick, over: Mapping[uuid.UUID, str]) -> int:
    records = recordset([{"id": id_, "why": why} for id_, why in over.items()])
    return len(rows(connection, "end_escalations", now=tick.now, by=tick.dag_run_id, over=records))


def _open_escalations(connection: LogConnection, tick: Tick, troubles: Iterable[Trouble]) -> int:
    records = recordset(
        {**trouble.as_json(), "id": uuid.uuid4(), "same_act": reasons_that_ask_for(RULES[trouble.reason].act)}
        for trouble in troubles
    )
    of_run = {"delivery": tick.delivery, "dag_run_id": tick.dag_run_id, "now": tick.now}
    return len(rows(connection, "open_escalations", **of_run, troubles=records))


def open_undecided(connection: LogConnection, tick: Tick) -> int:
    """Open an escalation for each message that sounds like STOP and has none; return how many."""
    return len(rows(connection, "open_undecided", **of_tick(tick), now=tick.now))


@contextlib.contextmanager
def telling(connection: LogConnection) -> Iterator[None]:
    """One transaction in which operations are told of something, and that they were is noted after.

    Who tells meanwhile waits for its end, and then finds it told. If it breaks off, everything is as untold as before.
    """
    with connection.transaction():
        rows(connection, "telling")
        yield


def untold_escalations(
    connection: LogConnection, day: dt.date, only: Collection[Reason] | None = None
) -> list[Escalation]:
    """The open live escalations that operations are to be told of on a day: new ones, and those told 7 days ago.

    Those whose reason is in `TOLD_EACH_DAY` are told again each day. Where `only` names reasons, only new ones for
    these reasons are returned.

    They are locked until the end of the transaction, which must last until they were told: whoever asks meanwhile waits
    and then finds them told, and if this process dies, they are as untold as before.
    """
    found = rows(
        connection,
        "untold_escalations",
        day=day,
        told_before=day - TOLD_AGAIN_AFTER,
        told_each_day=sorted(TOLD_EACH_DAY),
        only=None if only is None else sorted(only),
    )
    return _escalations(found)


def note_told(connection: LogConnection, day: dt.date, escalations: Iterable[Escalation]) -> None:
    """Operations were told of these."""
    rows(connection, "note_told", day=day, ids=[one.id for one in escalations])


def close_escalation(
    connection: LogConnection, production_run_id: str, *, by: str, why: str, now: dt.datetime
) -> Reason | None:
    """Close a run's open live escalations; return what the first was opened for, None where nothing is open.

    The run is not opened again for that reason until it has moved.
    """
    found = rows(connection, "close_escalation", production_run_id=production_run_id, by=by, why=why, now=now)
    return min((Reason(row["reason"]) for row in found), key=[*Reason].index, default=None)


def _escalations(found: Sequence[Mapping[str, Any]]) -> list[Escalation]:
    return [
        Escalation(
            **{
                **row,
                "reason": Reason(row["reason"]),
                "kind": ReminderKind(row["kind"]) if row["kind"] else None,
                "others": row.get("others") or (),
            }
        )
        for row in found
    ]
