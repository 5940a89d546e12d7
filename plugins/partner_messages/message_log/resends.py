"""Failed messages that are sent again by hand, as rows; what was asked for is kept in `audit`."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from partner_messages.message_log.acts import note_once
from partner_messages.message_log.database import LogConnection, rows

RESEND = "resend_messages"
"""Somebody has failed messages sent again, as `audit.act`; its subject is the DAG run that does it."""


def chosen_messages(connection: LogConnection, ids: Sequence[uuid.UUID]) -> Sequence[Mapping[str, Any]]:
    """The messages with these ids, as a page shows them."""
    return rows(connection, "chosen_messages", ids=list(ids))


def note_resend(
    connection: LogConnection, dag_run: str, asked: Sequence[Mapping[str, Any]], *, who: str, why: str, now: dt.datetime
) -> Sequence[Mapping[str, Any]]:
    """Write down what is asked of a DAG run; return what stands: what somebody has asked of it just before, if so."""
    note_once(connection, RESEND, dag_run, {"messages": list(asked)}, who=who, why=why, now=now)
    stands = resend_asked_for(connection, dag_run)
    return stands["detail"]["messages"] if stands else asked


def resend_asked_for(connection: LogConnection, dag_run: str) -> Mapping[str, Any] | None:
    """What was asked of a DAG run: `at`, `who`, `why` and `detail`; None where nothing was."""
    found = rows(connection, "resend_asked_for", act=RESEND, subject=dag_run)
    return found[0] if found else None


def told_since(
    connection: LogConnection,
    dag_run: str,
    production_run_ids: Sequence[str],
    ids: Sequence[uuid.UUID],
    *,
    since: dt.datetime,
    day: dt.date,
) -> Sequence[Mapping[str, Any]]:
    """What was decided of some runs since a moment, but for the messages of these ids.

    First what that DAG run has decided, then what was sent, then what was not.
    """
    return rows(
        connection,
        "told_since",
        dag_run_id=dag_run,
        production_run_ids=list(production_run_ids),
        ids=list(ids),
        since=since,
        day=day,
    )
