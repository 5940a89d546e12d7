"""Which template speaks of which stall, and its variables."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import pytest

from partner_messages.reminders.wording import Family, variables, wording
from partner_messages.runs.kinds import ReminderKind
from partner_messages.templates.installed import installed_catalog
from support.deployment import TICK
from support.examples import stuck_run


@pytest.mark.parametrize(
    ("kind", "template"),
    [
        ("assignment_pending", "jyt_production_run_reminder_pending"),
        ("not_started", "jyt_production_run_reminder_not_started"),
        ("idle", "jyt_production_run_reminder_idle"),
    ],
)
def test_each_kind_has_its_template_in_each_family(kind: str, template: str) -> None:
    assert wording(ReminderKind(kind), "v1").template == f"{template}_v1"
    assert wording(ReminderKind(kind), "v2").template == f"{template}_v2"
    assert wording(ReminderKind(kind)).template == f"{template}_v1", "the seed's, unless the setting says otherwise"


@pytest.mark.parametrize("family", get_args(Family))
@pytest.mark.parametrize("kind", list(ReminderKind))
def test_the_variables_are_exactly_those_of_the_template(kind: ReminderKind, family: Family) -> None:
    template = installed_catalog().get(wording(kind, family).template)

    filled = variables(stuck_run(kind=kind), partner_name="Rajesh", design_name="Kurta", now=TICK, family=family)

    assert template is not None
    assert set(filled) == set(template.variables)


@pytest.mark.parametrize("kind", list(ReminderKind))
def test_what_was_planned_with_a_picture_can_still_go_out_without_one(kind: ReminderKind) -> None:
    run = stuck_run(kind=kind, produced_quantity=12.5)
    with_picture, plain = (
        variables(run, partner_name="Rajesh", design_name="Kurta", now=TICK, family=family) for family in ("v2", "v1")
    )
    assert with_picture.items() >= plain.items()


@pytest.mark.parametrize("kind", [ReminderKind.ASSIGNMENT_PENDING, ReminderKind.NOT_STARTED])
@pytest.mark.parametrize(
    ("age", "days"),
    [
        (dt.timedelta(hours=24, seconds=1), "1"),
        (dt.timedelta(hours=47, minutes=59), "1"),
        (dt.timedelta(hours=48), "2"),
        (dt.timedelta(days=134, hours=5), "134"),
        (dt.timedelta(minutes=1), "1"),
        (dt.timedelta(days=-1), "1"),
    ],
)
def test_an_age_is_whole_days_by_the_clock_that_made_the_run_stuck(
    kind: ReminderKind, age: dt.timedelta, days: str
) -> None:
    filled = variables(stuck_run(kind=kind, since=TICK - age), partner_name="R", design_name="K", now=TICK)

    assert filled["days"] == days


@pytest.mark.parametrize(
    ("produced", "ordered", "said"),
    [
        (None, 250.0, ("0", "250")),
        (0.0, 45.0, ("0", "45")),
        (12.5, 40.5, ("12.5", "40.5")),
        (250.0, 250.0, ("250", "250")),
    ],
)
def test_progress_prints_pieces_as_people_write_them(
    produced: float | None, ordered: float, said: tuple[str, str]
) -> None:
    run = stuck_run(kind=ReminderKind.IDLE, produced_quantity=produced, quantity=ordered)

    filled = variables(run, partner_name="R", design_name="K", now=TICK)

    assert (filled["produced_quantity"], filled["quantity"]) == said


def test_a_run_is_named_by_its_bare_id() -> None:
    assert variables(stuck_run("prod_run_1"), partner_name=None, design_name=None, now=TICK)["run_id"] == "prod_run_1"
