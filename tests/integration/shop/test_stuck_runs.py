"""Finding stuck runs in the sample shop: every kind, both sides of every threshold, every state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from partner_messages.config.setting_groups import Tables, Thresholds
from partner_messages.config.work_signs import WorkSign
from partner_messages.database.session import Session
from partner_messages.messages.kinds import ReminderKind, StuckRun, restarted
from partner_messages.messages.scope import Scope
from partner_messages.shop.shop import Shop
from sandbox.shop import expectations, load, partner_id, run_id
from sandbox.shop.expectations import Expectation
from support.deployment import TICK
from whatsapp_provider.templates.cleaning import days_text

EVERYTHING = Scope()
HOUR = dt.timedelta(hours=1)


def found_at(
    source: Shop, now: dt.datetime = TICK, scope: Scope = EVERYTHING, thresholds: Thresholds | None = None
) -> dict[str, StuckRun]:
    """All stuck runs by id; no run is in two kinds."""
    hours = thresholds or Thresholds()
    stuck = []
    for kind in ReminderKind:
        limit = getattr(hours, kind)
        by_row = list(source.stuck_runs(kind, now=now, threshold_hours=limit, scope=scope))
        found = restarted(by_row, source.last_signs(by_row, now=now))
        stuck += [run for run in found if now - run.since > limit * HOUR]
    by_id = {run.production_run_id: run for run in stuck}
    assert len(by_id) == len(stuck)
    return by_id


def kinds_at(source: Shop, now: dt.datetime = TICK, **how: Any) -> dict[str, str]:
    return {id_: run.kind.value for id_, run in found_at(source, now, **how).items()}


def kinds_by_start(runs: Mapping[str, Expectation]) -> dict[str, str]:
    """The kinds of what should be found, where a run is idle by its start alone."""
    return {id_: one.kind_by_start for id_, one in runs.items() if one.kind_by_start not in {"none", "no_partner"}}


def test_every_run_of_the_sample_shop_is_in_the_kind_it_should_be_in(source: Shop) -> None:
    assert kinds_at(source) == kinds_by_start(expectations())


def test_the_census_counts_what_waits_for_a_partner_and_names_what_has_none(source: Shop) -> None:
    census = source.census(now=TICK, scope=EVERYTHING)

    expected = expectations()
    assert census.inspected == sum(one.is_inspected for one in expected.values())
    assert set(census.without_partner) == {id_ for id_, one in expected.items() if one.kind == "no_partner"}


def test_inspected_is_found_and_no_partner_and_not_overdue(source: Shop) -> None:
    census = source.census(now=TICK, scope=EVERYTHING)

    not_overdue = sum(one.is_inspected and one.kind_by_start == "none" for one in expectations().values())
    assert census.inspected == len(found_at(source)) + len(census.without_partner) + not_overdue


@pytest.fixture(scope="module")
def older_source(postgres: Any) -> Iterator[Shop]:
    """An older deployment of the shop, without the reminder columns, parking and activity."""
    url = postgres.create_database("older_shop")
    load(url, TICK, deployment="older")
    with psycopg.connect(url, row_factory=dict_row) as connection:
        yield Shop(connection, Tables())
    postgres.drop_database("older_shop")


def test_an_older_deployment_is_read_as_well(older_source: Shop) -> None:
    older_source.check()

    there = {id_: one for id_, one in expectations().items() if one.older != "absent"}
    assert kinds_at(older_source) == {
        id_: one.kind_in_older for id_, one in there.items() if one.kind_in_older not in {"none", "no_partner"}
    }
    idle = list(older_source.stuck_runs(ReminderKind.IDLE, now=TICK, threshold_hours=0, scope=EVERYTHING))
    assert idle
    assert older_source.last_signs(idle, now=TICK, work=frozenset(WorkSign)) == {}
    census = older_source.census(now=TICK, scope=EVERYTHING)
    assert census.inspected == sum(one.is_inspected for one in there.values())
    assert set(census.without_partner) == {id_ for id_, one in there.items() if one.kind == "no_partner"}


def test_each_run_comes_with_what_its_message_says(source: Shop) -> None:
    found = found_at(source)

    for id_, one in expectations().items():
        if one.days is not None:
            assert days_text(found[id_].since, TICK) == str(one.days)
        if one.progress is not None:
            produced, ordered = found[id_].produced_quantity, found[id_].quantity
            assert (f"{produced or 0:g}", f"{ordered:g}") == one.progress


def test_the_oldest_comes_first_in_every_kind(source: Shop) -> None:
    for kind in ReminderKind:
        runs = list(source.stuck_runs(kind, now=TICK, threshold_hours=1, scope=EVERYTHING))
        assert len(runs) > 2
        assert [run.since for run in runs] == sorted(run.since for run in runs)


def test_the_thresholds_are_the_caller_s(source: Shop) -> None:
    none = Thresholds(assignment_pending=8000, not_started=8000, idle=8000)
    assert found_at(source, thresholds=none) == {}

    sooner = kinds_at(source, thresholds=Thresholds(assignment_pending=20, not_started=20, idle=19))
    assert sooner[run_id("SENT23H")] == "assignment_pending"
    assert sooner[run_id("ACCEPT23H")] == "not_started"
    assert sooner[run_id("PARENTB")] == "idle"


@pytest.mark.parametrize(
    ("name", "later", "before", "after"),
    [
        ("SENT24H", dt.timedelta(microseconds=1), None, "assignment_pending"),
        ("ACCEPT24H", dt.timedelta(microseconds=1), None, "not_started"),
        ("START72H", dt.timedelta(microseconds=1), None, "idle"),
        ("ACCEPTSAFTER", 7 * HOUR, "assignment_pending", None),
        ("STARTSAFTER", 3 * HOUR, "not_started", None),
        ("READYAFTER", 4 * HOUR, "idle", None),
        ("ENDSAFTER", 4 * HOUR, "idle", None),
        ("AXEDAFTER", 6 * HOUR, "assignment_pending", None),
        ("FRESHAFTER", 24 * HOUR, None, "assignment_pending"),
    ],
)
def test_a_run_is_judged_as_it_stood_at_now(
    source: Shop, name: str, later: dt.timedelta, before: str | None, after: str | None
) -> None:
    assert kinds_at(source, TICK).get(run_id(name)) == before
    # Two and a half hours more than 24 bring what was created after the tick over its threshold.
    now = TICK + later + (2.5 * HOUR if name == "FRESHAFTER" else dt.timedelta())
    assert kinds_at(source, now).get(run_id(name)) == after


def test_long_before_anything_was_made_nothing_is_inspected(source: Shop) -> None:
    long_ago = TICK - dt.timedelta(days=365)

    assert found_at(source, long_ago) == {}
    assert source.census(now=long_ago, scope=EVERYTHING).inspected == 0


def of(*names: str) -> tuple[str, ...]:
    return tuple(map(run_id, names))


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (Scope(production_run_ids=of("SENT25H", "SENT23H", "START80H")), {"SENT25H", "START80H"}),
        (Scope(partner_ids=(partner_id("GANESH"), partner_id("MARTA"))), {"START80H", "STEADY200H", "STARTSAFTER"}),
        (Scope((partner_id("GANESH"),), of("START80H", "SENT25H")), {"START80H"}),
        (Scope((partner_id("GANESH"),), of("SENT25H")), set()),
        (Scope(production_run_ids=("prod_run_nobody_knows",)), set()),
        (Scope(partner_ids=("'; DROP TABLE production_runs; --",)), set()),
    ],
)
def test_a_scope_is_kept_to(source: Shop, scope: Scope, names: set[str]) -> None:
    assert set(found_at(source, scope=scope)) == set(map(run_id, names))


def test_a_scope_holds_for_the_census_too(source: Shop) -> None:
    census = source.census(now=TICK, scope=Scope(production_run_ids=of("SENT25H", "SENT23H", "PARTNERGAP", "ENDED")))

    assert census.inspected == 3
    assert census.without_partner == of("PARTNERGAP")


def test_a_run_whose_partner_id_is_empty_has_no_partner(source: Shop, changes: Session) -> None:
    changes.execute("UPDATE production_runs SET partner_id = '' WHERE id = %s", [run_id("SENT25H")])
    changes.execute("INSERT INTO partner (id, name, status) VALUES ('', 'Nobody''s row', 'active')")

    assert run_id("SENT25H") not in found_at(source)
    assert run_id("SENT25H") in source.census(now=TICK, scope=EVERYTHING).without_partner


@pytest.mark.parametrize("strange", ["NaN", "Infinity", "-1"])
def test_a_strange_quantity_is_no_reason_not_to_find_a_run(source: Shop, changes: Session, strange: str) -> None:
    changes.execute(
        "UPDATE production_runs SET produced_quantity = %s::real WHERE id = %s", [strange, run_id("START73H")]
    )

    assert kinds_at(source) == kinds_by_start(expectations())


def test_a_run_that_is_made_and_was_neither_accepted_nor_started_is_found_as_bad(
    source: Shop, changes: Session
) -> None:
    """It would stand in no state in which it can be stuck, and nobody would hear of it."""
    changes.execute(
        "UPDATE production_runs SET status = 'in_progress', accepted_at = NULL, started_at = NULL WHERE id = %s",
        [run_id("SENT10D")],
    )

    assert found_at(source)[run_id("SENT10D")].bad_column == "accepted_at"


def unowned_at(source: Shop, now: dt.datetime = TICK, scope: Scope = EVERYTHING) -> dict[str, dt.datetime]:
    return {run.production_run_id: run.since for run in source.unowned_runs(now=now, scope=scope)}


def test_parked_runs_and_those_without_a_partner_are_nobody_s_and_split_parents_are_not(source: Shop) -> None:
    assert unowned_at(source) == {run_id("PARKED"): TICK - 800 * HOUR, run_id("PARTNERGAP"): TICK - 30 * HOUR}


def test_a_run_in_progress_that_lost_its_partner_and_was_not_split_is_nobody_s(source: Shop, changes: Session) -> None:
    changes.execute("UPDATE production_runs SET partner_id = NULL WHERE id = %s", [run_id("START80H")])

    assert unowned_at(source)[run_id("START80H")] == TICK - 80 * HOUR


def test_a_run_is_not_parked_before_it_was_and_one_without_a_note_since_it_last_moved(
    source: Shop, changes: Session
) -> None:
    assert run_id("PARKED") not in unowned_at(source, TICK - 801 * HOUR)

    changes.execute("DELETE FROM production_run_activity")
    assert unowned_at(source)[run_id("PARKED")] == TICK - 900 * HOUR


def test_an_older_shop_s_runs_without_a_partner_are_found(older_source: Shop) -> None:
    assert set(unowned_at(older_source)) == {run_id("PARTNERGAP")}


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (Scope(production_run_ids=of("PARKED")), {"PARKED"}),
        (Scope(partner_ids=(partner_id("RAJESH"),)), set()),
    ],
)
def test_a_scope_holds_for_what_nobody_has(source: Shop, scope: Scope, names: set[str]) -> None:
    assert set(unowned_at(source, scope=scope)) == set(map(run_id, names))
