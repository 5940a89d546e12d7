"""When a run's clock was last set anew, by the shop's activity and its log of what was used up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from typing import Any

import pytest

from partner_messages.config.setting_groups import Tables
from partner_messages.config.work_signs import HANDOVERS, WorkSign
from partner_messages.database.session import Session
from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.scope import Scope
from partner_messages.shop.shop import Shop
from sandbox.shop import partner_id, run_id
from support.deployment import TICK

HOUR = dt.timedelta(hours=1)
RUN, SENT = run_id("START80H"), run_id("SENT10D")
GANESH, MEERA = partner_id("GANESH"), partner_id("MEERA")
EVERYTHING = frozenset(WorkSign)
CONSUMPTION = frozenset({WorkSign.CONSUMPTION_LOG})


def stuck(source: Shop, kind: ReminderKind = ReminderKind.IDLE, hours: float = 0) -> list[StuckRun]:
    return list(source.stuck_runs(kind, now=TICK, threshold_hours=hours, scope=Scope()))


def hours_ago(
    source: Shop,
    now: dt.datetime = TICK,
    work: Collection[WorkSign] = EVERYTHING,
    kind: ReminderKind = ReminderKind.IDLE,
) -> dict[str, float]:
    """How many hours before TICK the clock of each run of a kind was last set anew."""
    found = source.last_signs(stuck(source, kind), now=now, work=work)
    return {id_: (TICK - moment) / HOUR for id_, moment in found.items()}


@pytest.fixture
def quiet(changes: Session) -> None:
    """Nothing is known of the runs but their own rows."""
    changes.execute("DELETE FROM production_run_activity")
    changes.execute("DELETE FROM consumption_log")


def enter(changes: Session, hours: float, **columns: Any) -> None:
    row = {
        "id": f"A{hours}",
        "production_run_id": RUN,
        "activity_type": "note",
        "kind": "media_attached",
        "actor_type": "admin",
        "partner_id": GANESH,
        "occurred_at": TICK - hours * HOUR,
        **columns,
    }
    _insert(changes, "production_run_activity", row)


def log(changes: Session, hours: float, **columns: Any) -> None:
    row = {
        "id": f"L{hours}",
        "design_id": "D1",
        "production_run_id": RUN,
        "quantity": 2.5,
        "consumption_type": "production",
        "consumed_by": "partner",
        "consumed_at": TICK - hours * HOUR,
        **columns,
    }
    _insert(changes, "consumption_log", row)


def _insert(changes: Session, table: str, row: dict[str, Any]) -> None:
    changes.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
    )


KINDS_OF_ENTRY: dict[str, tuple[dict[str, Any], WorkSign | None]] = {
    "a photo, put down to an admin": ({}, WorkSign.MEDIA_ATTACHED),
    "goods sent off": (
        {"activity_type": "system", "kind": "goods_transfer_shipped", "actor_type": "system"},
        WorkSign.GOODS_TRANSFER_SHIPPED,
    ),
    "goods handed over": (
        {"activity_type": "lifecycle_event", "kind": "goods_transfer_recorded", "actor_type": "system"},
        WorkSign.GOODS_TRANSFER_RECORDED,
    ),
    "a note of the partner": ({"kind": "comment", "actor_type": "partner"}, WorkSign.PARTNER_ACTIVITY),
    "a note of the partner of no kind": ({"kind": None, "actor_type": "partner"}, WorkSign.PARTNER_ACTIVITY),
    "the partner reports": (
        {"activity_type": "lifecycle_event", "kind": "progress", "actor_type": "partner"},
        WorkSign.PARTNER_ACTIVITY,
    ),
    "a note of an admin": ({"kind": "admin_comment"}, None),
    "a note of an admin of no kind": ({"kind": None}, None),
    "goods that arrived": ({"kind": "goods_transfer_received", "actor_type": "system"}, None),
    "goods that were called back": ({"kind": "goods_transfer_cancelled", "actor_type": "system"}, None),
    "started, as the shop notes it": ({"activity_type": "lifecycle_event", "kind": "started"}, None),
    "the shop's own, in the partner's name": (
        {"activity_type": "system", "kind": "comment", "actor_type": "partner"},
        None,
    ),
    "a reminder": ({"activity_type": "reminder_sent", "kind": "idle", "actor_type": "scheduled_flow"}, None),
    "a reminder in the partner's name": ({"activity_type": "reminder_sent", "actor_type": "partner"}, None),
    "what the shop escalated": ({"kind": "reminder_escalated", "actor_type": "system"}, None),
}
"""What stands in the activity, and which sign of work it is."""


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("entry", KINDS_OF_ENTRY)
def test_of_the_activity_that_counts_which_the_settings_call_work(source: Shop, changes: Session, entry: str) -> None:
    columns, sign = KINDS_OF_ENTRY[entry]
    enter(changes, 5, **columns)

    counts = {only for only in WorkSign if hours_ago(source, work={only}) == {RUN: 5}}

    assert counts == ({sign} if sign else set())
    assert hours_ago(source) == ({RUN: 5} if sign else {})
    assert hours_ago(source, work=()) == {}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("kind", HANDOVERS)
@pytest.mark.parametrize("of", ReminderKind)
def test_no_clock_begins_before_the_partner_got_the_run(
    source: Shop, changes: Session, kind: str, of: ReminderKind
) -> None:
    run = next(run for run in stuck(source, of, hours=24) if run.partner_id != MEERA)
    whose = {"production_run_id": run.production_run_id, "partner_id": run.partner_id}
    handed = {"activity_type": "lifecycle_event", "kind": kind, "actor_type": "system"}
    enter(changes, 20, **handed, **whose)
    enter(changes, 3, **handed, **whose | {"partner_id": MEERA})
    enter(changes, -1, **handed, **whose)

    assert hours_ago(source, work=(), kind=of) == {run.production_run_id: 20}


WHAT_COUNTS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "no partner named": ({"partner_id": None}, True),
    "an empty partner": ({"partner_id": ""}, True),
    "who had it before": ({"partner_id": MEERA}, False),
    "another run": ({"production_run_id": "prod_run_other"}, False),
    "now": ({"occurred_at": TICK}, True),
    "a moment later": ({"occurred_at": TICK + dt.timedelta(microseconds=1)}, False),
    "far in the future": ({"occurred_at": "infinity"}, False),
    "before there was a calendar": ({"occurred_at": "-infinity"}, False),
    "deleted": ({"deleted_at": TICK}, False),
}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("entry", WHAT_COUNTS)
def test_an_entry_counts_for_the_run_s_own_partner_up_to_now(source: Shop, changes: Session, entry: str) -> None:
    columns, counts = WHAT_COUNTS[entry]
    enter(changes, 5, **columns)

    assert (RUN in hours_ago(source)) is counts


LOGGED: dict[str, tuple[dict[str, Any], bool]] = {
    **{
        f"{kind} by the partner": ({"consumption_type": kind}, True)
        for kind in ("sample", "production", "wastage", "energy_electricity", "energy_water", "energy_gas", "labor")
    },
    "by an admin": ({"consumed_by": "admin"}, False),
    "of another run": ({"production_run_id": "prod_run_other"}, False),
    "of no run": ({"production_run_id": None}, False),
    "of an empty run": ({"production_run_id": ""}, False),
    "named in the metadata alone": (
        {"production_run_id": None, "metadata": f'{{"production_run_id": "{RUN}"}}'},
        True,
    ),
    "of another run than the metadata say": (
        {"production_run_id": "prod_run_other", "metadata": f'{{"production_run_id": "{RUN}"}}'},
        False,
    ),
    "metadata that are no object": ({"production_run_id": None, "metadata": '["prod_run"]'}, False),
    "now": ({"consumed_at": TICK}, True),
    "a moment later": ({"consumed_at": TICK + dt.timedelta(microseconds=1)}, False),
    "far in the future": ({"consumed_at": "infinity"}, False),
    "for a time to come, written before now": (
        {"consumed_at": TICK + dt.timedelta(days=2), "created_at": TICK - dt.timedelta(hours=5)},
        True,
    ),
    "for ever, written before now": ({"consumed_at": "infinity", "created_at": TICK - dt.timedelta(hours=5)}, True),
    "before there was a calendar": ({"consumed_at": "-infinity"}, False),
    "deleted": ({"deleted_at": TICK}, False),
}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("row", LOGGED)
def test_what_the_partner_logs_as_used_up_for_the_run_up_to_now_is_work(
    source: Shop, changes: Session, row: str
) -> None:
    columns, counts = LOGGED[row]
    log(changes, 5, **columns)

    assert (RUN in hours_ago(source)) is (RUN in hours_ago(source, work=CONSUMPTION)) is counts
    assert hours_ago(source, work=EVERYTHING - CONSUMPTION) == {}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("put", [enter, log])
def test_of_many_rows_the_last_one_up_to_now_counts(
    source: Shop, changes: Session, put: Callable[[Session, float], None]
) -> None:
    for hours in (40, 10, 30, -3):
        put(changes, hours)

    assert [hours_ago(source, TICK - hours * HOUR).get(RUN) for hours in (70, 35, 10, 0, -3)] == [None, 40, 10, 10, -3]


@pytest.mark.usefixtures("quiet")
def test_of_both_tables_the_later_one_counts(source: Shop, changes: Session) -> None:
    enter(changes, 20)
    log(changes, 30)
    assert hours_ago(source) == {RUN: 20}

    log(changes, 10)
    assert hours_ago(source) == {RUN: 10}


OLDER_SHOPS: dict[str, tuple[str, dict[str, float]]] = {
    "neither table": ("DROP TABLE production_run_activity, consumption_log", {}),
    "no activity": ("DROP TABLE production_run_activity", {RUN: 10}),
    "no log of what is used up": ("DROP TABLE consumption_log", {RUN: 20}),
    "one that does not know the run yet": ("ALTER TABLE consumption_log DROP COLUMN production_run_id", {RUN: 20}),
    "one without metadata": ("ALTER TABLE consumption_log DROP COLUMN metadata", {RUN: 10}),
}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("older", OLDER_SHOPS)
def test_an_older_shop_knows_what_it_has_a_table_for(source: Shop, changes: Session, older: str) -> None:
    enter(changes, 20)
    log(changes, 10)
    statement, expected = OLDER_SHOPS[older]
    changes.execute(statement)

    source.check()

    assert hours_ago(source) == expected


@pytest.mark.usefixtures("quiet")
def test_the_tables_may_have_other_names(changes: Session) -> None:
    changes.execute("CREATE SCHEMA old_shop; ALTER TABLE production_run_activity SET SCHEMA old_shop")
    changes.execute("ALTER TABLE consumption_log RENAME TO cloth_log")
    changes.execute(
        "INSERT INTO cloth_log (id, design_id, production_run_id, quantity, consumed_by, consumed_at)"
        " VALUES ('L', 'D', %s, 1, 'partner', %s)",
        [RUN, TICK - 5 * HOUR],
    )
    source = Shop(
        changes, Tables(production_run_activity="old_shop.production_run_activity", consumption_log="cloth_log")
    )

    source.check()

    assert hours_ago(source) == {RUN: 5}


def test_of_no_runs_nothing_is_asked(source: Shop) -> None:
    assert source.last_signs([], now=TICK, work=EVERYTHING) == {}
