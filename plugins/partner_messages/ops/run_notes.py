"""The note of a DAG run: whether it was live, and its counts, on the first page that operations open of it.

A task can write no note. It leaves the text as an XCom, and Airflow's scheduler, which calls this module as a listener
when the DAG run ends, puts it into the note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.listeners import hookimpl

from partner_messages.config import dag_ids

KEY = "run_note"
"""Under which XCom a task leaves the text; the latest one of the DAG run counts."""

DAG_IDS = frozenset({*dag_ids.SENDING, dag_ids.TEMPLATES})
LONGEST = 1_000
"""Characters that Airflow keeps of a note."""

DELIVERIES: Mapping[str, str] = {
    "live": "LIVE",
    "dry_run": "DRY RUN: nothing was sent",
    "redirect": "REDIRECT: all of it to one test phone",
}
NOTHING = "Nothing was sent"
HALTED = "Sending is halted"
"""How `why_halted` begins."""
SILENT = "webhook_silent"
"""How what is said of a silent sender begins (`message_log/silences.py`, which Airflow's scheduler need not load)."""


def text_of(
    counts: Mapping[str, Any],
    problems: Sequence[str] = (),
    *,
    halted: str | None = None,
    went_on: str | None = None,
    auto: str | None = None,
    sends_what_waits: bool = False,
) -> str:
    """The note of a run that came to its end.

    Args:
        counts: What `summarise` returns.
        problems: What needs an engineer, each in a sentence.
        halted: That sending is halted by now, by whom, and what lets it go on.
        went_on: Who has let sending go on by this very run, and why.
        auto: What the setting `delivery` is by now, if that can be read.
        sends_what_waits: Whether the run sends only what other runs have left, most often nothing: it is not to alarm
            anybody by being live.
    """
    idle = sends_what_waits and not counts["dispatched"]
    took = "rehearsed" if counts["delivery"] == "dry_run" else "sent"
    skipped, escalated = sum(counts["skipped"].values()), sum(counts["escalated"].values())
    ends = {
        took: counts["dispatched"],
        **{end: counts[end] for end in ("failed", "unknown", "queued", "held")},
        "not written to": skipped,
        "need a person": escalated,
    }
    counted = ", ".join(f"{number} {end}" for end, number in ends.items() if number or (end == took and not idle))
    paragraphs = [
        # Airflow's page shows the first paragraph until somebody opens the note.
        *([f"**SENDING IS HALTED**{halted.removeprefix(HALTED)}"] if halted else []),
        *([f"**SENDING GOES ON**, says {went_on}"] if went_on and not halted else []),
        f"**{NOTHING if idle else DELIVERIES[counts['delivery']]}**, {counts['day']}"
        + (f": {counted}" if counted else ""),
        *_counted("Not written to", counts["skipped"]),
        *_counted("Need a person", counts["escalated"]),
        *([f"{SILENT}: {', '.join(counts['silent'])}"] if counts.get("silent") else []),
        # A halt is no problem to repair, and the note says it already.
        *(f"Needs an engineer: {problem}" for problem in problems if not (halted and halted in problem)),
        *([f"Who, and why: the log of the task Summarise. **auto** is {auto} now (setting delivery)."] if auto else []),
        *(f"To be looked at: {said}" for said in counts.get("warnings", ()) if not said.startswith(SILENT)),
    ]
    return "\n\n".join(paragraphs)


def headlines(note: str) -> list[str]:
    """What a note says in bold before all else, as plain lines."""
    return [paragraph.replace("**", "") for paragraph in note.split("\n\n") if paragraph.startswith("**")]


def text_without(sentences: Sequence[str]) -> str:
    """The note of a run whose first task let nothing pass, by what it has said of that."""
    return "\n\n".join([f"**{NOTHING}**: {sentences[0]}", *sentences[1:]] if sentences else [f"**{NOTHING}**"])


def _counted(what: str, numbers: Mapping[str, int]) -> list[str]:
    listed = ", ".join(f"{number} {reason}" for reason, number in sorted(numbers.items()))
    return [f"{what}: {listed}"] if listed else []


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:  # noqa: ARG001 - Airflow's signature
    """Note what a green run did."""
    _write(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:  # noqa: ARG001 - Airflow's signature
    """Note what a red run did, and what must be changed."""
    _write(dag_run)


def _write(dag_run: Any) -> None:
    """Put the run's text into its note, in the session in which Airflow ends the run; a person's own note stays."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    if dag_run.dag_id not in DAG_IDS:
        return
    if (session := object_session(dag_run)) is not None:
        _note(session, dag_run)
        return
    # `airflow dags test` ends a run outside of any session.
    with create_session(scoped=False) as own:
        same = select(DagRun).where(DagRun.dag_id == dag_run.dag_id, DagRun.run_id == dag_run.run_id)
        _note(own, own.scalars(same).one())


def _note(session: Any, dag_run: Any) -> None:
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    latest = (
        select(XComModel.value)
        .where(XComModel.dag_id == dag_run.dag_id, XComModel.run_id == dag_run.run_id, XComModel.key == KEY)
        .order_by(XComModel.timestamp.desc())
        .limit(1)
    )
    text = session.scalar(latest)
    by_hand = dag_run.dag_run_note is not None and dag_run.dag_run_note.user_id is not None
    if text and not by_hand:
        dag_run.note = text[:LONGEST]
