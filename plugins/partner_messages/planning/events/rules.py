"""Which message a lifecycle event asks for, whom it may go to, and what it says.

The seed's event-to-template map. The reminder events are no rows here: what they ask for is the reminder itself
(`planning.reminders`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.planning.events.event import PREFIX, Event
from partner_messages.shop.run import ProductionRun
from whatsapp_provider.templates.cleaning import quantity_text, shown

Whom: TypeAlias = Callable[[Event, ProductionRun], str | SkipReason]


@dataclass(frozen=True)
class Lifecycle:
    """One row of the map.

    Attributes:
        template: What is sent.
        whom: The partner to tell, or why nobody is told, by the run as it stands now.
        figures: What the template says beside the names and the run's id.
        ends_the_run: Whether the run's queued reminders are out of date with it.
    """

    template: str
    whom: Whom
    figures: Callable[[Event, ProductionRun], dict[str, str]]
    ends_the_run: bool = False


def _its_partner(event: Event, run: ProductionRun) -> str | SkipReason:
    partner = event.partner_id or run.partner_id
    if partner is None:
        return SkipReason.NO_PARTNER
    return partner if partner == run.partner_id else SkipReason.STATE_MISMATCH


def _who_has_still_to_accept(event: Event, run: ProductionRun) -> str | SkipReason:
    if run.status != "sent_to_partner" or run.accepted_at or run.finished_at:
        return SkipReason.STATE_MISMATCH
    return _its_partner(event, run)


def _who_had_it(event: Event, run: ProductionRun) -> str | SkipReason:
    """The partner who had the run: the previous one, if named; the present one only while the run is cancelled.

    A run that has gone to somebody else is not cancelled, so who had it before is told only where the event names them.
    """
    if event.partner_id and event.partner_id == run.previous_partner_id != run.partner_id:
        return event.partner_id
    return _its_partner(event, run) if run.status == "cancelled" else SkipReason.STATE_MISMATCH


def _who_made_it(event: Event, run: ProductionRun) -> str | SkipReason:
    return _its_partner(event, run) if run.is_made else SkipReason.STATE_MISMATCH


LIFECYCLE: Mapping[str, Lifecycle] = {
    f"{PREFIX}sent_to_partner": Lifecycle(
        "jyt_production_run_assigned_v1",
        _who_has_still_to_accept,
        lambda _event, run: {"quantity": quantity_text(run.quantity)},
    ),
    f"{PREFIX}cancelled": Lifecycle(
        "jyt_production_run_cancelled_v1",
        _who_had_it,
        lambda event, run: {"notes": shown(event.notes) or shown(run.cancelled_reason)},
        ends_the_run=True,
    ),
    f"{PREFIX}completed": Lifecycle(
        "jyt_production_run_completed_v1",
        _who_made_it,
        lambda _event, run: {"produced_quantity": quantity_text(run.produced_quantity)},
        ends_the_run=True,
    ),
}

REMINDERS: Mapping[str, ReminderKind] = {f"{PREFIX}reminder_{kind}": kind for kind in ReminderKind}
"""The shop's reminder events: each sends its run's reminder now, in the same slot as the tick's."""
