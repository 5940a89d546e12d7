"""Whether a run waits for others, and since when it does not: what its lists name, as of a moment."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from partner_messages.shop.supply import (
    INVENTORY_ORDER_IDS,
    RUN_IDS,
    InventoryOrder,
    Needs,
    OtherRun,
    Stock,
    Supply,
    supply_of,
)

NOW = dt.datetime(2026, 11, 23, 4, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
OURS, THEIRS = "P1", "P2"
READY, WAITS = Supply(), Supply(waits=True)


def order(status: str | None, changed: float = -50, *, created: float = -100, deleted: bool = False) -> InventoryOrder:
    """An order that was made and last changed so many hours after NOW."""
    return InventoryOrder(status, NOW + created * HOUR, NOW + changed * HOUR, deleted)


def other(
    id_: str,
    partner: str | None,
    status: str = "in_progress",
    ended: float | None = None,
    *,
    orders: list[str] | None = None,
    runs: list[str] | None = None,
    deleted: bool = False,
) -> OtherRun:
    needs = Needs(id_, partner, json.dumps(orders), json.dumps(runs))
    return OtherRun(needs, status, None if ended is None else NOW + ended * HOUR, deleted)


def supply(orders: Any = None, runs: Any = None, *, known: Any = None, others: list[OtherRun] | None = None) -> Supply:
    needs = Needs("R1", OURS, json.dumps(orders), json.dumps(runs))
    stock = Stock(known or {}, {one.needs.production_run_id: one for one in others or []})
    return supply_of(needs, stock, now=NOW)


def since(hours: float) -> Supply:
    return Supply(since=NOW + hours * HOUR)


@pytest.mark.parametrize(
    "status", ["Pending", "Processing", "Ready for Delivery", "Shipped", "Partial", "delivered", "Lost", None]
)
def test_an_order_that_has_not_arrived_is_waited_for(status: str | None) -> None:
    assert supply(["O1"], known={"O1": order(status)}) == WAITS


@pytest.mark.parametrize("status", ["Delivered", "Cancelled"])
def test_the_clock_begins_when_the_last_order_arrived_or_was_given_up(status: str) -> None:
    assert supply(["O1", "O2"], known={"O1": order(status, -30), "O2": order("Delivered", -70)}) == since(-30)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param({"O1": order("Delivered", 5)}, WAITS, id="delivered only after now"),
        pytest.param({"O1": order("Shipped", created=5)}, READY, id="ordered only after now"),
        pytest.param({"O1": order("Shipped", -8, deleted=True)}, since(-8), id="deleted"),
        pytest.param({"O1": order("Delivered", -9, deleted=True)}, since(-9), id="delivered and deleted"),
    ],
)
def test_orders_are_seen_as_they_stood_at_the_moment(known: Any, expected: Supply) -> None:
    assert supply(["O1"], known=known) == expected


def test_one_of_several_orders_is_enough_to_wait() -> None:
    found = supply(["O1", "O2"], known={"O1": order("Delivered", -30), "O2": order("Shipped")})

    assert found.waits


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        pytest.param(other("R2", THEIRS), WAITS, id="somebody else's, unfinished"),
        pytest.param(other("R2", None), WAITS, id="nobody's, unfinished"),
        pytest.param(other("R2", THEIRS, "draft"), WAITS, id="not even sent"),
        pytest.param(other("R2", THEIRS, ended=-4), since(-4), id="finished, not completed"),
        pytest.param(other("R2", THEIRS, "completed", -4), since(-4), id="completed"),
        pytest.param(other("R2", THEIRS, "cancelled", -4), since(-4), id="cancelled"),
        pytest.param(other("R2", THEIRS, "completed"), READY, id="completed, nobody knows when"),
        pytest.param(other("R2", THEIRS, "completed", 4), WAITS, id="completed only after now"),
        pytest.param(other("R2", THEIRS, deleted=True), READY, id="deleted"),
        pytest.param(other("R2", OURS), READY, id="the partner's own delay"),
        pytest.param(other("R2", OURS, ended=-4), READY, id="the partner's own, finished"),
    ],
)
def test_an_unfinished_run_of_somebody_else_is_waited_for(run: OtherRun, expected: Supply) -> None:
    assert supply(runs=["R2"], others=[run]) == expected


def test_what_the_partner_s_own_unfinished_run_waits_for_keeps_this_one_waiting_too() -> None:
    own = other("R2", OURS, orders=["O1"], runs=["R3"])

    assert supply(runs=["R2"], known={"O1": order("Shipped")}, others=[own, other("R3", THEIRS, ended=-9)]).waits
    assert supply(runs=["R2"], known={"O1": order("Delivered", -8)}, others=[own, other("R3", THEIRS)]).waits
    assert supply(
        runs=["R2"], known={"O1": order("Delivered", -8)}, others=[own, other("R3", THEIRS, ended=-9)]
    ) == since(-8)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param([other("R1", OURS)], READY, id="itself"),
        pytest.param([other("R1", OURS, runs=["R2"]), other("R2", OURS, runs=["R1"])], READY, id="two of its partner"),
    ],
)
def test_a_circle_of_the_partner_s_own_runs_is_their_own_delay(others: list[OtherRun], expected: Supply) -> None:
    assert supply(runs=[others[-1].needs.production_run_id], others=others) == expected


def test_runs_that_wait_for_each_other_would_wait_for_ever_so_a_person_must_look() -> None:
    circle = [other("R2", THEIRS, runs=["R3"]), other("R3", "P3", runs=["R1"]), other("R1", OURS, runs=["R2"])]

    assert supply(runs=["R2"], others=circle) == Supply(bad_column=RUN_IDS)


def test_a_circle_further_on_or_one_that_is_broken_is_only_waited_for() -> None:
    further = [other("R2", THEIRS, runs=["R3"]), other("R3", "P3", runs=["R2"])]
    broken = [other("R2", THEIRS, runs=["R3"]), other("R3", "P3", ended=-1, runs=["R1"]), other("R1", OURS)]

    assert supply(runs=["R2"], others=further) == WAITS
    assert supply(runs=["R2"], others=broken) == WAITS


@pytest.mark.parametrize("nothing", [None, []])
def test_a_run_that_needs_nothing_waits_for_nothing(nothing: Any) -> None:
    assert supply(nothing, nothing) == READY


@pytest.mark.parametrize(
    "strange", ["O1", {}, {"id": "O1"}, 5, True, [5], [None], [""], [" "], ["O1", ["O1"]], ["gone"]]
)
def test_what_is_no_list_of_ids_that_the_shop_has_is_a_bad_column(strange: Any) -> None:
    known = {"O1": order("Delivered")}

    assert supply(strange, known=known) == Supply(bad_column=INVENTORY_ORDER_IDS)
    assert supply(runs=strange, others=[other("O1", THEIRS, ended=-5)]) == Supply(bad_column=RUN_IDS)


@pytest.mark.parametrize("text", ["[" * 5_000 + "]" * 5_000, f"[{'9' * 5_000}]"], ids=["deep", "long number"])
def test_json_that_python_does_not_read_is_a_bad_column(text: str) -> None:
    assert supply_of(Needs("R1", OURS, text), Stock(), now=NOW) == Supply(bad_column=INVENTORY_ORDER_IDS)


def test_an_order_that_arrived_at_a_time_that_cannot_be_is_a_bad_column() -> None:
    assert supply(["O1"], known={"O1": InventoryOrder("Delivered", None, None, deleted=False)}) == Supply(
        bad_column=INVENTORY_ORDER_IDS
    )


def test_ids_with_blanks_around_them_and_ids_named_twice_are_read_as_they_are_meant() -> None:
    assert supply([" O1 ", "O1"], known={"O1": order("Delivered", -5)}) == since(-5)
