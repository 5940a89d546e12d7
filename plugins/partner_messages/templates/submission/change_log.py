"""What was asked of Meta about templates, and what became of it: Meta limits both creating and editing."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from partner_messages.message_log.database import LogConnection, rows


class Change(enum.StrEnum):
    """What was asked for."""

    CREATE = "create"
    EDIT = "edit"


class Outcome(enum.StrEnum):
    """What became of it."""

    ASKED = "asked"
    """Nobody knows yet: the request is under way, or its process has ended before it wrote down the answer."""
    TAKEN = "taken"
    ADOPTED = "adopted"
    """It was there already."""
    REFUSED = "refused"
    UNCLEAR = "unclear"
    """The answer got lost, and the account did not have it afterwards."""
    POSTPONED = "postponed"
    """It was not asked for, because a limit or the account stood in the way."""


@dataclass(frozen=True)
class MadeChange:
    """A change that Meta took, which counts against its limits."""

    name: str
    language: str
    change: Change
    status_before: str
    made_at: dt.datetime


@dataclass(frozen=True)
class AskedChange:
    """A change that was asked for, and of which nobody has noted what became.

    Attributes:
        id: The row.
        name: The template.
        language: Its language.
        change: What was asked for.
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
    """Write down one change, before Meta is asked for it (`Outcome.ASKED`), or why it is not asked for it.

    Args:
        connection: The message log.
        dag_run_id: The run that asks for it.
        waba_id: The account.
        name: The template.
        language: Its language.
        change: What is asked for.
        status_before: How the template stood then, in Meta's words; empty where it did not exist.
        outcome: What became of it, as far as is known.
        detail: Why, one sentence, masked; empty where there is nothing to say.
        made_at: When.

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
    """Write down what became of a change that was asked for.

    Args:
        connection: The message log.
        id_: Its row.
        outcome: What became of it.
        detail: Why, one sentence, masked; empty where it was taken.
    """
    rows(connection, "settle_change", id=id_, outcome=outcome.value, detail=detail or None)


def asked_changes(connection: LogConnection, waba_id: str) -> list[AskedChange]:
    """The changes of an account of which nobody has noted what became, oldest first."""
    found = rows(connection, "asked_changes", waba_id=waba_id)
    return [AskedChange(**{**row, "change": Change(row["change"])}) for row in found]


def changes_since(connection: LogConnection, waba_id: str, since: dt.datetime) -> list[MadeChange]:
    """The changes of an account that count against Meta's limits, oldest first."""
    return [
        MadeChange(row["name"], row["language"], Change(row["change"]), row["status_before"] or "", row["made_at"])
        for row in rows(connection, "changes_since", waba_id=waba_id, since=since)
    ]


def reasons_of_run(connection: LogConnection, dag_run_id: str) -> dict[tuple[str, str, str], str]:
    """Why this run did not make its last change to a template, by account, name and language."""
    return {
        (row["waba_id"], row["name"], row["language"]): row["detail"]
        for row in rows(connection, "reasons_of_run", dag_run_id=dag_run_id)
        if row["detail"] is not None
    }
