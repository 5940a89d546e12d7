"""Which template speaks of which stall, and its variables."""

from __future__ import annotations

import datetime as dt

import pytest

from partner_messages.messages.kinds import ReminderKind
from partner_messages.planning.drafting.inputs import Family
from partner_messages.planning.reminders.wording import figures, templates_for
from partner_messages.templates.catalog.installed import installed_catalog
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
    assert templates_for(ReminderKind(kind), "v1") == (f"{template}_v1",)
    assert templates_for(ReminderKind(kind), "v2") == (f"{template}_v2", f"{template}_v1"), (
        "v1 where there is no picture"
    )
    assert templates_for(ReminderKind(kind), "v3") == (f"{template}_v3", f"{template}_v1")


@pytest.mark.parametrize("kind", list(ReminderKind))
@pytest.mark.parametrize("family", ["v2", "v3"])
def test_with_the_names_there_is_a_value_for_every_variable_of_either_family(
    kind: ReminderKind, family: Family
) -> None:
    said = {"partner_name", "design_name", *figures(stuck_run(kind=kind), now=TICK)}

    for name in templates_for(kind, family):
        template = installed_catalog().get(name)
        assert template is not None
        assert said >= set(template.variables)


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
    filled = figures(stuck_run(kind=kind, since=TICK - age), now=TICK)

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

    filled = figures(run, now=TICK)

    assert (filled["produced_quantity"], filled["quantity"]) == said


def test_a_run_is_named_by_its_bare_id() -> None:
    assert figures(stuck_run("prod_run_1"), now=TICK)["run_id"] == "prod_run_1"
