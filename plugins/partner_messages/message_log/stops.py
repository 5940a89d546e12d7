"""Senders that Meta refused as a whole, so that no task of the run tries them again (docs/design.md, decision 8).

A later run, or a cleared one, probes with one message: the first task to ask becomes the prober, the others wait for
what Meta tells it. So does a later try of the same run's tasks where the token was refused: it may have been rotated.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from partner_messages.message_log.database import LogConnection, rows
from partner_messages.messages.tick import RunPass


@dataclass(frozen=True)
class SenderStop:
    """A stopped sender that may not send yet.

    Attributes:
        id: The row.
        of_this_run: Whether a task of this very pass of the DAG run has met the refusal.
        of_this_try: Whether it met the refusal at the same or a later try than this task's; a later try may ask again.
        probed: Whether somebody is probing at the moment.
        code: Meta's code; None where it has none.
        said: What Meta said, with its code.
    """

    id: uuid.UUID
    of_this_run: bool
    of_this_try: bool
    probed: bool
    code: int | None
    said: str


def stop_sender(connection: LogConnection, sender: str, run: RunPass, code: int | None, detail: str) -> None:
    """Stop a sender for every task of this pass, from their next claim on."""
    rows(
        connection,
        "stop_sender",
        id=uuid.uuid4(),
        sender=sender,
        **_parameters(run),
        error_code=code,
        error_detail=detail,
    )


def open_stop(connection: LogConnection, sender: str, run: RunPass) -> SenderStop | None:
    """The stop under which a sender stands, if any."""
    found = rows(connection, "open_stop", sender=sender, **_parameters(run))
    if not found:
        return None
    row = found[0]
    return SenderStop(
        id=row["id"],
        of_this_run=row["of_this_run"],
        of_this_try=row["of_this_try"],
        probed=row["probe_token"] is not None,
        code=row["error_code"],
        said=row["error_detail"],
    )


def stops_of(connection: LogConnection, run: RunPass) -> dict[str, str]:
    """The senders that are stopped for this pass, with what Meta said."""
    return {row["sender"]: row["error_detail"] for row in rows(connection, "stops_of", **_parameters(run))}


def stopped_senders(connection: LogConnection) -> dict[str, str]:
    """The senders that are stopped now, whoever met it, with what Meta said."""
    return {row["sender"]: row["error_detail"] for row in rows(connection, "stopped_senders")}


def become_prober(connection: LogConnection, stop: SenderStop, token: uuid.UUID, lease: dt.timedelta) -> bool:
    """Whether this process, and no other, now probes the sender."""
    return bool(rows(connection, "become_prober", id=stop.id, token=token, lease=lease))


def lift_stop(connection: LogConnection, stop: SenderStop) -> None:
    """Lift the stop: Meta takes messages of this sender again."""
    rows(connection, "lift_stop", id=stop.id)


def release_probe(connection: LogConnection, stop: SenderStop, token: uuid.UUID) -> None:
    """Give up the probe, which has shown nothing about the sender; another task may probe."""
    rows(connection, "release_probe", id=stop.id, token=token)


def _parameters(run: RunPass) -> dict[str, str | int]:
    return {name: getattr(run, name) for name in ("dag_id", "dag_run_id", "clear_number", "try_number")}
