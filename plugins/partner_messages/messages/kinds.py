"""The three ways in which a production run stalls, and what a stuck run is (values only)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain


class ReminderKind(enum.StrEnum):
    """Where a run is stuck: the seed's buckets.

    No clock begins before the present partner got the run (`config.work_signs`).
    """

    ASSIGNMENT_PENDING = "assignment_pending"
    """Sent to the partner, never accepted; the clock is when the partner got it, or got it once more."""
    NOT_STARTED = "not_started"
    """Accepted, never started; the clock is `accepted_at`."""
    IDLE = "idle"
    """Started and gone quiet; the clock is the last work that is known of, or `started_at` alone."""


@dataclass(frozen=True, slots=True)
class StuckRun:
    """One run that was found stuck, as it stood at the tick's now.

    Attributes:
        production_run_id: The shop's run id (`prod_run_…`).
        kind: Where it is stuck.
        partner_id: Whose turn it is.
        design_id: The design it makes, if the shop knows it.
        since: The clock that made it stuck; ages in messages are counted from here.
        quantity: Pieces ordered; None where that is the bad column.
        produced_quantity: Pieces produced; None means the partner never reported.
        waits: Whether it waits for material, or for a run of somebody else. As it was read, and not written down: who
            reads it from the message log asks the shop again.
        bad_column: The column of its row that holds what cannot be, likewise; where it is stuck, and since when, is
            then as near as the other columns tell.
    """

    production_run_id: str
    kind: ReminderKind
    partner_id: str
    design_id: str | None
    since: dt.datetime
    quantity: float | None
    produced_quantity: float | None
    waits: bool = False
    bad_column: str | None = None


def restarted(runs: Iterable[StuckRun], *signs: Mapping[str, dt.datetime]) -> list[StuckRun]:
    """Set the clocks of runs to what has last set them anew; oldest first.

    Args:
        runs: The runs, each by the times in its own row.
        signs: When a run's clock was set anew, by its id (`config.work_signs`); one of which nothing is known is
            absent.
    """
    latest: dict[str, dt.datetime] = {}
    for id_, at in chain.from_iterable(sign.items() for sign in signs):
        latest[id_] = max(at, latest.get(id_, at))
    return sorted(
        (_restarted(run, latest.get(run.production_run_id)) for run in runs),
        key=lambda run: (run.since, run.production_run_id),
    )


def _restarted(run: StuckRun, at: dt.datetime | None) -> StuckRun:
    return replace(run, since=at) if at and at > run.since and not run.bad_column else run


@dataclass(frozen=True)
class UnownedRun:
    """One run that nobody has: parked, or active without a partner though it was not split.

    Attributes:
        production_run_id: The shop's run id.
        partner_id: Whose it still is by its row, if anybody's.
        since: When it was parked; where the shop did not note it, when it last moved.
    """

    production_run_id: str
    partner_id: str | None
    since: dt.datetime


@dataclass(frozen=True)
class Census:
    """All active runs at one reading, so that inspected = found + no partner + not overdue.

    Attributes:
        inspected: How many runs were sent or in progress at the tick's now.
        without_partner: The ids of those among them that have nobody to remind (a split parent run is one, normally).
    """

    inspected: int
    without_partner: tuple[str, ...]

    def apart_from(self, found: Iterable[StuckRun]) -> Census:
        """Without those that had a partner when they were found, a moment before: each run is counted once."""
        counted = {run.production_run_id for run in found}.intersection(self.without_partner)
        return replace(self, without_partner=tuple(id_ for id_ in self.without_partner if id_ not in counted))
