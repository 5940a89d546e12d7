"""Which message an event asks for, whom it may go to, and what it says: the issue's table, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.events.rules import LIFECYCLE, REMINDERS
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.runs.kinds import ReminderKind
from partner_messages.templates.installed import installed_catalog
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


@pytest.mark.parametrize(
    ("name", "run", "named", "whom"),
    [
        # assigned: still sent, not accepted, the same partner
        ("sent_to_partner", {}, None, PARTNER_ID),
        ("sent_to_partner", {}, PARTNER_ID, PARTNER_ID),
        ("sent_to_partner", {}, "P2", MISMATCH),
        ("sent_to_partner", {"previous_partner_id": "P2"}, "P2", MISMATCH),
        ("sent_to_partner", {"accepted_at": TICK}, None, MISMATCH),
        *(
            ("sent_to_partner", {"status": status}, None, MISMATCH)
            for status in STATUSES
            if status != "sent_to_partner"
        ),
        ("sent_to_partner", {"partner_id": None}, None, NOBODY),
        ("sent_to_partner", {"partner_id": None}, PARTNER_ID, MISMATCH),
        # cancelled, a partner named: the run's or its previous one, whatever its status
        *(("cancelled", {"status": status}, PARTNER_ID, PARTNER_ID) for status in STATUSES),
        *(
            ("cancelled", {"status": status, "partner_id": partner_id, "previous_partner_id": "P2"}, "P2", "P2")
            for status in STATUSES
            for partner_id in (PARTNER_ID, None)
        ),
        ("cancelled", {"status": "cancelled", "previous_partner_id": "P2"}, "P3", MISMATCH),
        ("cancelled", {"status": "cancelled", "partner_id": None}, PARTNER_ID, MISMATCH),
        # cancelled, nobody named: the run's partner while it is cancelled
        ("cancelled", {"status": "cancelled"}, None, PARTNER_ID),
        ("cancelled", {"status": "cancelled", "partner_id": None, "previous_partner_id": "P2"}, None, NOBODY),
        *(("cancelled", {"status": status}, None, MISMATCH) for status in STATUSES if status != "cancelled"),
        # completed: the run's partner
        *(("completed", {"status": status}, None, PARTNER_ID) for status in ("completed", "in_progress")),
        ("completed", {"status": "completed"}, PARTNER_ID, PARTNER_ID),
        ("completed", {"status": "completed", "previous_partner_id": "P2"}, "P2", MISMATCH),
        ("completed", {"status": "completed", "partner_id": None}, None, NOBODY),
        ("completed", {"status": "completed", "partner_id": None}, PARTNER_ID, MISMATCH),
    ],
)
def test_each_event_goes_to_whom_it_concerns(
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
