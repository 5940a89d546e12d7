"""When a run's partner last did something, by the shop's activity."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from partner_messages.runs.kinds import ReminderKind, StuckRun
from partner_messages.runs.scope import Scope
from partner_messages.runs.shop import Shop
from partner_messages.settings import Tables
from sandbox.shop import partner_id, run_id
from support.deployment import TICK

Changes = psycopg.Connection[DictRow]

HOUR = dt.timedelta(hours=1)
RUN = run_id("START73H")
RAJESH, MEERA = partner_id("RAJESH"), partner_id("MEERA")


def started(source: Shop) -> list[StuckRun]:
    return list(source.stuck_runs(ReminderKind.IDLE, now=TICK, threshold_hours=0, scope=Scope()))


def hours_ago(source: Shop, now: dt.datetime = TICK) -> dict[str, float]:
    """How many hours before TICK each started run has its last entry."""
    found = source.last_entries(started(source), now=now)
    return {id_: (TICK - moment) / HOUR for id_, moment in found.items()}


def enter(changes: Changes, hours: float, **columns: Any) -> None:
    row = {
        "id": f"A{hours}",
        "production_run_id": RUN,
        "activity_type": "note",
        "actor_type": "partner",
        "partner_id": RAJESH,
        "occurred_at": TICK - hours * HOUR,
        **columns,
    }
    changes.execute(
        f"INSERT INTO production_run_activity ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )


def test_of_the_sample_shop_s_activity_only_the_partners_own_counts(source: Shop) -> None:
    assert hours_ago(source) == {RUN: 73, run_id("PARENTA"): 100, run_id("STEADY200H"): 20}


@pytest.mark.parametrize(
    ("columns", "counts"),
    [
        ({}, True),
        ({"activity_type": "lifecycle_event", "kind": "progress"}, True),
        ({"partner_id": None}, True),
        ({"partner_id": ""}, True),
        ({"activity_type": "reminder_sent"}, False),
        ({"activity_type": "system"}, False),
        ({"actor_type": "system"}, False),
        ({"actor_type": "admin"}, False),
        ({"actor_type": "scheduled_flow"}, False),
        ({"partner_id": MEERA}, False),
        ({"production_run_id": run_id("START72H")}, False),
        ({"occurred_at": TICK}, True),
        ({"occurred_at": TICK + dt.timedelta(microseconds=1)}, False),
        ({"deleted_at": TICK}, False),
    ],
    ids=repr,
)
def test_what_the_run_s_own_partner_enters_up_to_now_is_work(
    source: Shop, changes: Changes, columns: dict[str, Any], counts: bool
) -> None:
    enter(changes, 5, **columns)

    assert (hours_ago(source)[RUN] != 73) is counts


def test_of_many_entries_the_last_one_up_to_now_counts(source: Shop, changes: Changes) -> None:
    for hours in (40, 10, 30, -3):
        enter(changes, hours)

    assert [hours_ago(source, TICK - hours * HOUR).get(RUN) for hours in (80, 35, 10, 0, -3)] == [None, 40, 10, 10, -3]


def test_a_shop_without_the_table_has_no_entries(source: Shop, changes: Changes) -> None:
    changes.execute("DROP TABLE production_run_activity")

    assert source.last_entries(started(source), now=TICK) == {}


def test_the_table_may_have_another_name(changes: Changes) -> None:
    changes.execute("CREATE SCHEMA old_shop; ALTER TABLE production_run_activity SET SCHEMA old_shop")
    source = Shop(changes, Tables(production_run_activity="old_shop.production_run_activity"))

    source.check()

    assert hours_ago(source)[RUN] == 73


def test_of_no_runs_nothing_is_asked(source: Shop) -> None:
    assert source.last_entries([], now=TICK) == {}
