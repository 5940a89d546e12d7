"""Which message an event asks for, whom it may go to, and what it says: the issue's table, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.planning.events.rules import LIFECYCLE, REMINDERS
from partner_messages.templates.catalog.installed import installed_catalog
from support.deployment import TICK
from support.examples import PARTNER_ID, event, production_run

MISMATCH, NOBODY = SkipReason.STATE_MISMATCH, SkipReason.NO_PARTNER
STATUSES = (
    *("draft", "pending_review", "approved", "sent_to_partner", "in_progress", "completed", "cancelled"),
    "awaiting_reassignment",
)


def test_the_map_is_the_seed_s() -> None:
    assert {name: rule.template for name, rule in LIFECYCLE.items()} == {
        "production_run.sent_to_partner": "jyt_production_run_assigned_v1",
        "production_run.cancelled": "jyt_production_run_cancelled_v1",
        "production_run.completed": "jyt_production_run_completed_v1",
    }
    assert REMINDERS == {
        "production_run.reminder_assignment_pending": ReminderKind.ASSIGNMENT_PENDING,
        "production_run.reminder_not_started": ReminderKind.NOT_STARTED,
        "production_run.reminder_idle": ReminderKind.IDLE,
    }


FINISHED = {"accepted_at": TICK, "finished_at": TICK}
PREVIOUS, STRANGER = "P2", "P3"
WHO = (None, PARTNER_ID, PREVIOUS, STRANGER)
NONE_IS_TOLD = (MISMATCH,) * 4
ITS_PARTNER = (PARTNER_ID, PARTNER_ID, MISMATCH, MISMATCH)
WHO_HAD_IT = (MISMATCH, MISMATCH, PREVIOUS, MISMATCH)
IT_OR_WHO_HAD_IT = (PARTNER_ID, PARTNER_ID, PREVIOUS, MISMATCH)
TOLD: dict[str, tuple[tuple[str | SkipReason, ...], dict[str, tuple[str | SkipReason, ...]]]] = {
    "sent_to_partner": (NONE_IS_TOLD, {"sent_to_partner": ITS_PARTNER}),
    "cancelled": (WHO_HAD_IT, {"cancelled": IT_OR_WHO_HAD_IT, "cancelled, finished before": IT_OR_WHO_HAD_IT}),
    "completed": (
        NONE_IS_TOLD,
        {
            "completed": ITS_PARTNER,
            "completed, finished before": ITS_PARTNER,
            "in_progress, finished before": ITS_PARTNER,
            "sent_to_partner, finished before": ITS_PARTNER,
        },
    ),
}
"""Whom an event goes to, by the run's state and for each of WHO that it may name: in most states, and in the others."""


@pytest.mark.parametrize("name", TOLD)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("stamps", [{}, FINISHED], ids=["", "finished before"])
def test_each_event_goes_to_whom_it_concerns_and_to_nobody_while_the_run_is_otherwise(
    name: str, status: str, stamps: dict[str, Any]
) -> None:
    usually, but = TOLD[name]
    run = production_run(status=status, previous_partner_id=PREVIOUS, **stamps)

    told = tuple(LIFECYCLE[f"production_run.{name}"].whom(event(name, partner_id=named), run) for named in WHO)

    assert told == but.get(f"{status}, finished before" if stamps else status, usually)


@pytest.mark.parametrize(
    ("name", "run", "named", "whom"),
    [
        ("sent_to_partner", {"accepted_at": TICK}, None, MISMATCH),
        ("sent_to_partner", {"finished_at": TICK}, None, MISMATCH),
        ("sent_to_partner", {"partner_id": None}, None, NOBODY),
        ("sent_to_partner", {"partner_id": None}, PARTNER_ID, MISMATCH),
        # taken back, and nobody's or given to somebody else
        *(
            ("cancelled", {"status": status, "partner_id": None, "previous_partner_id": PREVIOUS}, PREVIOUS, PREVIOUS)
            for status in STATUSES
        ),
        ("cancelled", {"status": "cancelled", "partner_id": None, "previous_partner_id": PREVIOUS}, None, NOBODY),
        ("cancelled", {"status": "cancelled", "partner_id": None}, PARTNER_ID, MISMATCH),
        # taken back, and given to the same partner again
        ("cancelled", {"previous_partner_id": PARTNER_ID}, PARTNER_ID, MISMATCH),
        ("cancelled", {"status": "cancelled", "previous_partner_id": PARTNER_ID}, PARTNER_ID, PARTNER_ID),
        # an older shop knows no previous partner
        ("cancelled", {"status": "in_progress"}, PARTNER_ID, MISMATCH),
        ("cancelled", {"status": "cancelled"}, PREVIOUS, MISMATCH),
        # finished by somebody who had it before, and not accepted by its partner since
        ("completed", {"finished_at": TICK}, None, MISMATCH),
        ("completed", {"status": "completed", "partner_id": None}, None, NOBODY),
        ("completed", {"status": "completed", "partner_id": None}, PARTNER_ID, MISMATCH),
    ],
)
def test_whom_an_event_goes_to_where_the_run_s_partner_has_changed(
    name: str, run: dict[str, Any], named: str | None, whom: str | SkipReason
) -> None:
    rule = LIFECYCLE[f"production_run.{name}"]

    assert rule.whom(event(name, partner_id=named), production_run(**run)) == whom


@pytest.mark.parametrize(
    ("notes", "cancelled_reason", "said"),
    [
        ("The customer withdrew", "Out of stock", "The customer withdrew"),
        ("Two\nlines\tof  it", None, "Two lines of it"),
        (None, "Out of stock", "Out of stock"),
        (" \u200b", "Out of stock", "Out of stock"),
        (None, None, ""),
        (None, " ", ""),
        ("\u200b", "\n", ""),
    ],
)
def test_the_notes_are_the_event_s_else_the_run_s(notes: str | None, cancelled_reason: str | None, said: str) -> None:
    figures = LIFECYCLE["production_run.cancelled"].figures

    assert figures(event("cancelled", notes=notes), production_run(cancelled_reason=cancelled_reason)) == {
        "notes": said
    }


@pytest.mark.parametrize(
    ("name", "run", "figures"),
    [
        ("sent_to_partner", {"quantity": 250.0}, {"quantity": "250"}),
        ("sent_to_partner", {"quantity": 12.5}, {"quantity": "12.5"}),
        ("completed", {"produced_quantity": 59.0, "quantity": 60.0}, {"produced_quantity": "59"}),
        ("completed", {"produced_quantity": None}, {"produced_quantity": "0"}),
    ],
)
def test_quantities_are_written_as_people_write_them(name: str, run: dict[str, Any], figures: dict[str, str]) -> None:
    assert LIFECYCLE[f"production_run.{name}"].figures(event(name), production_run(**run)) == figures


@pytest.mark.parametrize("name", LIFECYCLE)
def test_every_variable_of_a_template_has_a_value_and_no_value_is_without_its_variable(name: str) -> None:
    template = installed_catalog().get(LIFECYCLE[name].template)
    assert template is not None

    figures = LIFECYCLE[name].figures(event(name), production_run())

    assert {"partner_name", "design_name", "run_id", *figures} == set(template.variables)


@pytest.mark.parametrize(("name", "ends"), [("sent_to_partner", False), ("cancelled", True), ("completed", True)])
def test_cancelled_and_completed_end_a_run(name: str, ends: bool) -> None:
    assert LIFECYCLE[f"production_run.{name}"].ends_the_run is ends
