"""The log of template changes (table `template_change`): Meta limits both creating and editing."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from partner_messages.message_log.database import LogConnection, rows


class Change(enum.StrEnum):
    """A kind of change."""

    CREATE = "create"
    EDIT = "edit"


class Outcome(enum.StrEnum):
    """The outcome of a change."""

    ASKED = "asked"
    """Not known yet: the request is being made, or its process ended before it recorded the answer."""
    TAKEN = "taken"
    ADOPTED = "adopted"
    """The template existed already."""
    REFUSED = "refused"
    UNCLEAR = "unclear"
    """The answer was lost, and the account did not have the change afterwards."""
    POSTPONED = "postponed"
    """The request was not made, because of a limit or the account's state."""


@dataclass(frozen=True)
class MadeChange:
    """A change that Meta accepted and counts against its limits."""

    name: str
    language: str
    change: Change
    status_before: str
    made_at: dt.datetime


@dataclass(frozen=True)
class AskedChange:
    """A change without a recorded outcome.

    Attributes:
        id: The id of its row.
        name: The template.
        language: Its language.
        change: The kind of change.
    """

    id: int
    name: str
    language: str
    change: Change


def note_change(
    connection: LogConnection,
    *,
    dag_run_id: str,
    waba_id: str,
    name: str,
    language: str,
    change: Change,
    status_before: str,
    outcome: Outcome,
    detail: str,
    made_at: dt.datetime,
) -> int:
    """Record a change before its request is made (`Outcome.ASKED`), or why the request is not made.

    Args:
        connection: The message log.
        dag_run_id: The DAG run.
        waba_id: The account.
        name: The template.
        language: Its language.
        change: The kind of change.
        status_before: Meta's status of the template before; empty if it did not exist.
        outcome: The outcome so far.
        detail: The reason, one sentence, masked; may be empty.
        made_at: The time.

    Returns:
        The row's id, for `settle_change`.
    """
    (noted,) = rows(
        connection,
        "note_change",
        dag_run_id=dag_run_id,
        waba_id=waba_id,
        name=name,
        language=language,
        change=change.value,
        status_before=status_before or None,
        outcome=outcome.value,
        detail=detail or None,
        made_at=made_at,
    )
    id_: int = noted["id"]
    return id_


def settle_change(connection: LogConnection, id_: int, outcome: Outcome, detail: str) -> None:
    """Record the outcome of a change; `detail` is the reason, one sentence, masked, empty if it was accepted."""
    rows(connection, "settle_change", id=id_, outcome=outcome.value, detail=detail or None)


def asked_changes(connection: LogConnection, waba_id: str) -> list[AskedChange]:
    """The changes of an account without a recorded outcome, oldest first."""
    found = rows(connection, "asked_changes", waba_id=waba_id)
    return [AskedChange(**{**row, "change": Change(row["change"])}) for row in found]


def changes_since(connection: LogConnection, waba_id: str, since: dt.datetime) -> list[MadeChange]:
    """The changes of an account that count against Meta's limits, oldest first."""
    return [
        MadeChange(row["name"], row["language"], Change(row["change"]), row["status_before"] or "", row["made_at"])
        for row in rows(connection, "changes_since", waba_id=waba_id, since=since)
    ]


def reasons_of_run(connection: LogConnection, dag_run_id: str) -> dict[tuple[str, str, str], str]:
    """Why this DAG run did not make its last change of a template, by account, name and language."""
    return {
        (row["waba_id"], row["name"], row["language"]): row["detail"]
        for row in rows(connection, "reasons_of_run", dag_run_id=dag_run_id)
        if row["detail"] is not None
    }
