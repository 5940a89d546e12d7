"""Whether the message log is still the one that was written to, and no older state of it.

What was sent is known from the log alone. A standby that lacked the last seconds, a backup or another database in its
place would have the same messages sent again; so where the log stood is kept outside it (in each run's tick, and in a
Variable), and a log that is behind or elsewhere stops sending until somebody has looked (docs/failover.md).
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import psycopg

from partner_messages.config.settings import LOG_POSITION_VARIABLE, MESSAGE_LOG_CONN_ID
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.messages.tick import RunRefused

log = logging.getLogger(__name__)

_NOT_TOLD = (
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.ObjectNotInPrerequisiteState,
)
"""The errors of a server that is not PostgreSQL itself, or that tells its position to administrators alone."""


@dataclass(frozen=True)
class LogPosition:
    """Which log it was, and how far it had got.

    Attributes:
        system_identifier: The server's data, standbys and restored backups included.
        database_id: The database in it.
        timeline: Counts the promotions and the restorings to a point in time.
        written: Bytes of WAL that were safe on the server's disk.
        seen_at: When, by the server's clock.
    """

    system_identifier: str
    database_id: int
    timeline: int
    written: int
    seen_at: dt.datetime

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "seen_at": self.seen_at.isoformat()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(**{**value, "seen_at": dt.datetime.fromisoformat(value["seen_at"])})

    def why_not_the_same(self, seen: LogPosition) -> str | None:
        """Why this cannot be the log that was seen before, with all its rows; None where it may be."""
        if (self.system_identifier, self.database_id) != (seen.system_identifier, seen.database_id):
            return (
                "is another database than the one that was written to before (where that one is still there, point the"
                " connection back to it)"
            )
        if self.timeline != seen.timeline:
            return (
                f"was promoted or restored (its timeline was {seen.timeline} and is {self.timeline}), and may lack the"
                " last messages that were sent"
            )
        if self.written < seen.written:
            return "has gone back in time, and lacks messages that were sent"
        return None


def read_position(connection: LogConnection) -> LogPosition | None:
    """Where the log stands now; None where its server does not tell."""
    try:
        (found,) = rows(connection, "read_position")
    except _NOT_TOLD as error:
        log.warning("The message log's server does not say where it stands (%s): it cannot be watched.", error.sqlstate)
        return None
    return LogPosition(**found)


def check_position(connection: LogConnection, seen: Mapping[str, Any] | None) -> LogPosition | None:
    """See that the log is the one that was seen before and has all that it had then; return where it stands now.

    Args:
        connection: The message log.
        seen: Where it stood then (`LogPosition.to_json`), if that is known.

    Raises:
        RunRefused: It is not, and nobody has said since that sending may go on.
    """
    position = read_position(connection)
    if position is None or seen is None:
        return position
    try:
        before = LogPosition.from_json(seen)
    except (TypeError, KeyError, ValueError):
        raise RunRefused(
            f"Variable {LOG_POSITION_VARIABLE} does not hold what a run kept there; delete it if the message log is the"
            " one that was always written to."
        ) from None
    why = position.why_not_the_same(before)
    if why is None or _log_is_trusted(connection, position, before.seen_at):
        return position
    raise RunRefused(
        f"The message log ({MESSAGE_LOG_CONN_ID}) {why}, so nothing is sent from it: see docs/failover.md, then trigger"
        " message_log_upkeep with trusted_by and trusted_why, and clear this run."
    )


def trust_log(connection: LogConnection, *, by: str, why: str) -> None:
    """Write down who says that sending may go on from the log as it is."""
    if position := read_position(connection):
        rows(connection, "trust_log", id=uuid.uuid4(), **_of(position), by=by, why=why)


def _log_is_trusted(connection: LogConnection, position: LogPosition, since: dt.datetime) -> bool:
    (found,) = rows(connection, "log_is_trusted", **_of(position), since=since)
    return bool(found["is_trusted"])


def _of(position: LogPosition) -> dict[str, Any]:
    return {
        "system_identifier": position.system_identifier,
        "database_id": position.database_id,
        "timeline": position.timeline,
        "written": position.written,
    }
