"""Which template speaks of which stall, and its variables."""

from __future__ import annotations

import datetime as dt

import pytest

from partner_messages.reminders.wording import WORDINGS, variables
from partner_messages.runs.kinds import ReminderKind
from partner_messages.templates.installed import installed_catalog
from support.deployment import TICK
from support.examples import stuck_run


@pytest.mark.parametrize(
    ("kind", "template"),
    [
        ("assignment_pending", "jyt_production_run_reminder_pending_v1"),
        ("not_started", "jyt_production_run_reminder_not_started_v1"),
        ("idle", "jyt_production_run_reminder_idle_v1"),
    ],
)
def test_each_kind_has_the_seed_s_template(kind: str, template: str) -> None:
    assert WORDINGS[ReminderKind(kind)].template == template


def test_no_kind_is_without_words() -> None:
    assert set(WORDINGS) == set(ReminderKind)


@pytest.mark.parametrize("kind", list(ReminderKind))
def test_the_variables_are_exactly_those_of_the_template(kind: ReminderKind) -> None:
    template = installed_catalog().get(WORDINGS[kind].template)

    filled = variables(stuck_run(kind=kind), partner_name="Rajesh", design_name="Kurta", now=TICK)

    assert template is not None
    assert set(filled) == set(template.variables)


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
