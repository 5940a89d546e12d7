"""Which template speaks of which stall, and what goes into it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.planning.drafting.inputs import Family
from whatsapp_provider.templates.cleaning import days_text, quantity_text


@dataclass(frozen=True)
class Wording:
    """One row of the seed's event-to-template map.

    Attributes:
        v1: The template with the seed's text.
        v2: The one with the design's picture above the text and a button that opens the run.
        v3: The same with two buttons more: help, and later.
        figures: What they say beside the names and the run's id, given the run and the tick's now.
    """

    v1: str
    v2: str
    v3: str
    figures: Callable[[StuckRun, dt.datetime], dict[str, str]]


def _quantity_and_days(run: StuckRun, now: dt.datetime) -> dict[str, str]:
    return {"quantity": quantity_text(run.quantity), "days": days_text(run.since, now)}


def _progress(run: StuckRun, _now: dt.datetime) -> dict[str, str]:
    return {"produced_quantity": quantity_text(run.produced_quantity), "quantity": quantity_text(run.quantity)}


def _reminder(stall: str, figures: Callable[[StuckRun, dt.datetime], dict[str, str]]) -> Wording:
    name = f"jyt_production_run_reminder_{stall}"
    return Wording(f"{name}_v1", f"{name}_v2", f"{name}_v3", figures)


_WORDINGS: Mapping[ReminderKind, Wording] = {
    ReminderKind.ASSIGNMENT_PENDING: _reminder("pending", _quantity_and_days),
    ReminderKind.NOT_STARTED: _reminder("not_started", _quantity_and_days),
    ReminderKind.IDLE: _reminder("idle", _progress),
}


def templates_of(family: Family) -> tuple[str, ...]:
    """Every template that reminders of a family are sent with."""
    return tuple(name for kind in ReminderKind for name in templates_for(kind, family))


def templates_for(kind: ReminderKind, family: Family) -> tuple[str, ...]:
    """The templates that speak of one kind of stall, the family's own first.

    What v1 says is said in the others too, so a message meant for them can go out as v1 where there is no picture.
    """
    words = _WORDINGS[kind]
    return {"v1": (words.v1,), "v2": (words.v2, words.v1), "v3": (words.v3, words.v1)}[family]


def figures(run: StuckRun, *, now: dt.datetime) -> dict[str, str]:
    """What the templates say of one run beside the names."""
    return {"run_id": run.production_run_id, **_WORDINGS[run.kind].figures(run, now)}
