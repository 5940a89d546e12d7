"""Whom people have left alone by hand until a day, or of which run, as rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from partner_messages.config.schedule import day_of
from partner_messages.message_log.database import LogConnection, rows
from whatsapp_provider.masking import mask

LEAVE_ALONE, WRITE_AGAIN = "leave_alone", "write_again"
"""Somebody leaves a partner or a run alone until a day, or ends that."""


What = Literal["partner", "run"]


@dataclass(frozen=True)
class ByHand:
    """That somebody has left a partner or a run alone.

    Attributes:
        partner_id: The partner; None where it is a run.
        production_run_id: The run; None where it is a partner.
        until: The first day that is as others again.
        since: Since when.
        who: Who; nothing of a phone number may be in it.
        why: Why; nor in this.
    """

    partner_id: str | None
    production_run_id: str | None
    until: dt.date
    since: dt.datetime
    who: str
    why: str


def left_alone(connection: LogConnection, day: dt.date) -> list[ByHand]:
    """Who, and which runs, are left alone by hand on a day or later."""
    found = rows(connection, "left_alone", day=day)
    return [ByHand(**{**row, "who": mask(row["who"]), "why": mask(row["why"])}) for row in found]


def leave_alone(
    connection: LogConnection, what: What, id_: str, *, until: dt.date, who: str, why: str, now: dt.datetime
) -> bool:
    """Leave a partner, or a run, alone until a day, whatever was said of it by hand before.

    Args:
        connection: The message log.
        what: What is left alone.
        id_: Which one.
        until: The first day that is as others again.
        who: Who says so.
        why: Why.
        now: When.

    Returns:
        Whether it was written; somebody else may say something else of it at the same moment.
    """
    whose = _whose(what, id_)
    with connection.transaction():
        rows(connection, "end_left_alone", **whose, who=who, now=now)
        return bool(rows(connection, "leave_alone", **whose, until=until, who=who, why=why, act=LEAVE_ALONE, now=now))


def write_again(connection: LogConnection, what: What, id_: str, *, who: str, why: str, now: dt.datetime) -> bool:
    """End that a partner, or a run, is left alone by hand; return whether it was (arguments as in `leave_alone`)."""
    whose = _whose(what, id_)
    with connection.transaction():
        ended = rows(connection, "end_left_alone", **whose, who=who, now=now)
        stood = any(row["until"] > day_of(now) for row in ended)
        if stood:
            rows(connection, "note_written_again", **whose, who=who, why=why, act=WRITE_AGAIN, now=now)
    return stood


def _whose(what: What, id_: str) -> dict[str, str | None]:
    return {"partner_id": id_ if what == "partner" else None, "production_run_id": id_ if what == "run" else None}
