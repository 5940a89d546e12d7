"""Which template speaks of which stall, and what goes into it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from partner_messages.runs.kinds import ReminderKind, StuckRun
from partner_messages.templates.cleaning import clean, days_text, quantity_text

Family: TypeAlias = Literal["v1", "v2"]
"""`v1`: the seed's texts. `v2`: the design's picture above the text, and below it a button that opens the run."""

DEFAULT_FAMILY: Family = "v1"


@dataclass(frozen=True)
class Wording:
    """One row of the seed's event-to-template map.

    Attributes:
        template: The template's name.
        figures: What the template says beside the names and the run's id, given the run and the tick's now.
    """

    template: str
    figures: Callable[[StuckRun, dt.datetime], dict[str, str]]


def _days_stuck(run: StuckRun, now: dt.datetime) -> dict[str, str]:
    return {"days": days_text(run.since, now)}


def _quantity_and_days(run: StuckRun, now: dt.datetime) -> dict[str, str]:
    return {"quantity": quantity_text(run.quantity), **_days_stuck(run, now)}


def _progress(run: StuckRun, _now: dt.datetime) -> dict[str, str]:
    return {"produced_quantity": quantity_text(run.produced_quantity), "quantity": quantity_text(run.quantity)}


_WORDINGS: Mapping[Family, Mapping[ReminderKind, Wording]] = {
    "v1": {
        ReminderKind.ASSIGNMENT_PENDING: Wording("jyt_production_run_reminder_pending_v1", _days_stuck),
        ReminderKind.NOT_STARTED: Wording("jyt_production_run_reminder_not_started_v1", _days_stuck),
        ReminderKind.IDLE: Wording("jyt_production_run_reminder_idle_v1", _progress),
    },
    # What v1 says is said here too, so that a message planned as v2 can still go out as v1.
    "v2": {
        ReminderKind.ASSIGNMENT_PENDING: Wording("jyt_production_run_reminder_pending_v2", _quantity_and_days),
        ReminderKind.NOT_STARTED: Wording("jyt_production_run_reminder_not_started_v2", _quantity_and_days),
        ReminderKind.IDLE: Wording("jyt_production_run_reminder_idle_v2", _progress),
    },
}


def wording(kind: ReminderKind, family: Family = DEFAULT_FAMILY) -> Wording:
    """The words for one kind of stall in one family of templates."""
    return _WORDINGS[family][kind]


def variables(
    run: StuckRun,
    *,
    partner_name: str | None,
    design_name: str | None,
    now: dt.datetime,
    family: Family = DEFAULT_FAMILY,
) -> dict[str, str]:
    """The variables of the template's body for one run.

    The names are the seed's: partner name, else "Partner"; design name, else the design's id, else "Unknown Design".
    """
    return {
        "partner_name": clean(partner_name, "Partner"),
        "design_name": clean(design_name, clean(run.design_id, "Unknown Design")),
        "run_id": run.production_run_id,
        **wording(run.kind, family).figures(run, now),
    }
