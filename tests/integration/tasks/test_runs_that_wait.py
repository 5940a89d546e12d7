"""Runs that wait for material or for somebody else's run: nobody is told of them, and their clock begins at its end."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from partner_messages.config.setting_groups import Tables
from partner_messages.database.session import Session
from partner_messages.message_log.history import stuck_of_run
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.scope import Scope
from partner_messages.ops.escalate import escalate
from partner_messages.planning.reminders.digest import TEMPLATE
from partner_messages.shop.shop import Shop
from sandbox.shop import partner_id, run_id
from support.deployment import TICK, Deployment
from support.event_examples import ASSIGNED, REMINDER, RUN, conf, told
from support.event_runs import SendingRun, plan_events, tell, weekday_tick
from support.log_rows import Log, ends, everything
from support.sending import taken
from support.submitted import submit_templates

pytestmark = pytest.mark.usefixtures("one_sender")

HOUR = dt.timedelta(hours=1)
OTHERS = run_id("SENT10D")
"""Another run of the partner whose run RUN is."""
ORDER = "inv_order_of_cloth"


def order(shop: Session, status: str, changed: dt.datetime = TICK - 30 * HOUR) -> None:
    """The order that RUN needs, which comes to be if it was not there."""
    shop.execute(
        "INSERT INTO inventory_orders (id, quantity, total_price, status, created_at, updated_at)"
        " VALUES (%(id)s, 1, 1, %(status)s, %(created)s, %(changed)s)"
        " ON CONFLICT (id) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at",
        {"id": ORDER, "status": status, "created": TICK - 300 * HOUR, "changed": changed},
    )
    need(shop, RUN, depends_on_inventory_order_ids=[ORDER])


def need(shop: Session, production_run_id: str, **lists: Any) -> None:
    for column, ids in lists.items():
        shop.execute(f"UPDATE production_runs SET {column} = %s WHERE id = %s", [json.dumps(ids), production_run_id])


def stuck(shop: Session, production_run_id: str, **threshold: float) -> dict[str, dt.datetime]:
    """The runs that wait for nobody by when their clock began; those that wait by `waits` in place of it."""
    found = Shop(shop, Tables()).stuck_runs(
        ReminderKind.ASSIGNMENT_PENDING,
        now=TICK,
        threshold_hours=threshold.get("hours", 0),
        scope=Scope(production_run_ids=(production_run_id,)),
    )
    return {run.production_run_id: "waits" if run.waits else run.bad_column or run.since for run in found}


def test_a_run_whose_material_has_not_arrived_is_skipped_and_its_partner_told_of_the_others(
    log: Log, shop: Session, graph_api: Any
) -> None:
    order(shop, "Shipped")

    run = weekday_tick(RUN, OTHERS)
    run.send()

    assert ends(log) == [
        (f"{OTHERS}:reminder:2026-11-23", "sent"),
        (f"{RUN}:reminder:2026-11-23", "waits_for_material"),
    ]
    assert len(taken(graph_api)) == 1
    assert len(stuck_of_run(log, run.tick.dag_run_id)) == 2


def test_its_clock_begins_when_the_last_of_it_arrived(shop: Session) -> None:
    shop.execute("UPDATE production_runs SET created_at = %s WHERE id = %s", [TICK - 2_000 * HOUR, RUN])
    order(shop, "Delivered", TICK - 30 * HOUR)

    assert stuck(shop, RUN) == {RUN: TICK - 30 * HOUR}


def test_a_run_that_became_ready_within_the_threshold_is_not_overdue(shop: Session) -> None:
    shop.execute("UPDATE production_runs SET created_at = %s WHERE id = %s", [TICK - 2_000 * HOUR, RUN])
    order(shop, "Delivered", TICK - 20 * HOUR)

    assert weekday_tick(RUN).batches == []


def test_an_unfinished_run_of_somebody_else_is_waited_for_and_one_s_own_is_not(shop: Session) -> None:
    need(shop, RUN, depends_on_run_ids=[run_id("START80H")])
    need(shop, OTHERS, depends_on_run_ids=[RUN])
    assert stuck(shop, RUN) == {RUN: "waits"}
    assert stuck(shop, OTHERS) == {OTHERS: "waits"}  # for what its partner's other run waits for

    shop.execute("UPDATE production_runs SET finished_at = %s WHERE id = %s", [TICK - 3 * HOUR, run_id("START80H")])

    assert stuck(shop, RUN) == {RUN: TICK - 3 * HOUR}
    assert stuck(shop, OTHERS) == {OTHERS: TICK - 3 * HOUR}


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("ALTER TABLE production_runs DROP COLUMN depends_on_inventory_order_ids", TICK - 25 * HOUR),
        ("DROP TABLE inventory_orders", TICK - 25 * HOUR),
        ("ALTER TABLE production_runs DROP COLUMN depends_on_run_ids", "waits"),
    ],
)
def test_an_older_shop_knows_no_material(altered_shop: Session, missing: str, expected: Any) -> None:
    order(altered_shop, "Shipped")
    altered_shop.execute(missing.encode())

    assert stuck(altered_shop, RUN) == {RUN: expected}
    Shop(altered_shop, Tables()).check()


def test_what_begins_to_wait_after_planning_is_not_sent(log: Log, shop: Session, graph_api: Any) -> None:
    run = weekday_tick(RUN)
    order(shop, "Partial")

    run.send()

    assert ends(log) == [(f"{RUN}:reminder:2026-11-23", "waits_for_material")]
    assert taken(graph_api) == []


def test_an_event_asks_in_vain_for_a_reminder_of_a_run_that_waits_and_still_tells_of_the_run_itself(
    log: Log, shop: Session, graph_api: Any
) -> None:
    order(shop, "Shipped")

    tell(conf(REMINDER))
    tell(conf(ASSIGNED), "run 2")

    assert told(log) == [("run 1", "waits_for_material"), ("run 2", "sent")]


def test_a_reminder_that_an_event_asked_for_is_looked_at_again(log: Log, shop: Session, graph_api: Any) -> None:
    planned = plan_events(conf(REMINDER))
    order(shop, "Shipped")

    planned.send()

    assert told(log) == [("run 1", "waits_for_material")]


def test_it_stands_in_no_digest(log: Log, shop: Session, deployment: Deployment) -> None:
    deployment.set(digest=True)
    submit_templates([TEMPLATE])
    order(shop, "Shipped")
    third = run_id("ACCEPT25H")

    weekday_tick(RUN, OTHERS, third)

    (digest,) = [row for row in everything(log) if row["message_kind"] == "digest"]
    spoken_of = log.execute("SELECT production_run_id FROM message_run WHERE message_id = %s", [digest["id"]])
    assert {row["production_run_id"] for row in spoken_of} == {OTHERS, third}


def judge(run: SendingRun) -> None:
    escalate(run.tick, {"params": {"production_run_ids": [RUN]}})


def escalated(log: Log) -> list[tuple[str, str, bool]]:
    found = log.execute("SELECT production_run_id, reason, closed_at IS NULL AS is_open FROM escalation ORDER BY 1, 2")
    return [(row["production_run_id"], row["reason"], row["is_open"]) for row in found]


def test_nobody_is_called_for_it_and_what_was_open_is_over(log: Log, shop: Session, deployment: Deployment) -> None:
    shop.execute("UPDATE partner SET status = 'inactive' WHERE id = %s", [partner_id("RAJESH")])
    judge(weekday_tick(RUN))
    assert escalated(log) == [(RUN, "partner_inactive", True)]
    order(shop, "Shipped")

    judge(weekday_tick(RUN, run_id="tick 2"))

    assert escalated(log) == [(RUN, "partner_inactive", False)]
    assert log.execute("SELECT closed_why FROM escalation").fetchone() == {
        "closed_why": "The run is set aside (waits_for_material)."
    }
