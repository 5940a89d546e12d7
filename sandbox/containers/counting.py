"""What became of a tick's messages: what Meta took, beside the rows of the message log (pure)."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Kolkata")
GONE = frozenset({"sent", "delivered", "read", "unknown"})
"""The statuses of a row whose request may have reached Meta."""


@dataclass(frozen=True)
class Count:
    """How a scenario ended.

    Attributes:
        messages: Rows that were to be sent.
        taken: How many requests Meta took.
        duplicates: How many of those were for a row whose message it had taken already.
        without_row: Messages that Meta took and that no row says may have left.
        lost: Rows that were neither taken, nor are in doubt.
        unknown: Rows in doubt: a request left and no answer was written down.
    """

    messages: int
    taken: int
    duplicates: int
    without_row: int
    lost: int
    unknown: int

    @property
    def is_right(self) -> bool:
        """Whether nothing was doubled, lost or forgotten."""
        return self.duplicates == self.without_row == self.lost == 0 < self.messages


def count(taken: Sequence[str], rows: Mapping[str, str]) -> Count:
    """Compare.

    Args:
        taken: The ids of the rows whose messages Meta took, as often as it took them.
        rows: The status of each row that is no skip, by its id.
    """
    often = collections.Counter(taken)
    return Count(
        messages=len(rows),
        taken=len(taken),
        duplicates=len(taken) - len(often),
        without_row=sum(rows.get(id_) not in GONE for id_ in often),
        lost=sum(id_ not in often and status != "unknown" for id_, status in rows.items()),
        unknown=sum(status == "unknown" for status in rows.values()),
    )


def same_day(began: dt.datetime, ended: dt.datetime) -> bool:
    """Whether a run ended on the day, in the schedule's zone, on which it began."""
    return began.astimezone(ZONE).date() == ended.astimezone(ZONE).date()
