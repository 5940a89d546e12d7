"""Whether a run still waits for what others have to bring: material that was ordered, or another run (values only)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

_T = TypeVar("_T")

_ARRIVED = frozenset({"Delivered", "Cancelled"})
"""Statuses of an order for which nobody waits any more; one that came in part has not arrived."""
_OVER = frozenset({"completed", "cancelled"})
"""Statuses of a run that is over."""

INVENTORY_ORDER_IDS = "depends_on_inventory_order_ids"
RUN_IDS = "depends_on_run_ids"


@dataclass(frozen=True)
class Needs:
    """What one run needs before its partner can work on it, as its row says.

    Attributes:
        production_run_id: The run.
        partner_id: Whose turn it is, if anybody's.
        inventory_orders: The orders of material, as the shop has them; None where it has none.
        runs: The other runs, likewise.
    """

    production_run_id: str
    partner_id: str | None
    inventory_orders: str | None = None
    runs: str | None = None

    @cached_property
    def inventory_order_ids(self) -> tuple[str, ...] | None:
        """The ids of the orders; None where no list of ids is there."""
        return _ids(self.inventory_orders)

    @cached_property
    def run_ids(self) -> tuple[str, ...] | None:
        """The ids of the other runs; None where no list of ids is there."""
        return _ids(self.runs)


@dataclass(frozen=True)
class InventoryOrder:
    """An order of material.

    Attributes:
        status: As the shop writes it.
        created_at: When it was ordered.
        updated_at: When its row was last changed. The shop notes no time of delivery, so this stands for it; a later
            change of the row makes its run's clock begin later, never earlier.
        deleted: Whether the row is deleted.
    """

    status: str | None
    created_at: dt.datetime | None
    updated_at: dt.datetime | None
    deleted: bool

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it any more, as it stands now."""
        return self.deleted or self.status in _ARRIVED

    def is_missing(self, now: dt.datetime) -> bool:
        """Whether it is waited for at `now`: ordered by then, and not arrived."""
        if self.created_at and self.created_at > now:
            return False
        return not self.is_over or self.updated_at is None or self.updated_at > now


@dataclass(frozen=True)
class OtherRun:
    """A run that another one needs.

    Attributes:
        needs: What it needs itself, and whose it is.
        status: As it is marked.
        ended_at: When it was finished, completed or cancelled, whichever was first.
        deleted: Whether the row is deleted.
    """

    needs: Needs
    status: str | None
    ended_at: dt.datetime | None
    deleted: bool

    def is_over(self, now: dt.datetime) -> bool:
        """Whether nobody waits for it any more; what ended only after `now` was not over then."""
        if self.deleted:
            return True
        return self.ended_at <= now if self.ended_at else self.status in _OVER


@dataclass(frozen=True)
class Stock:
    """What the shop knows of the orders and runs that some runs need, directly or by way of others."""

    inventory_orders: Mapping[str, InventoryOrder] = field(default_factory=dict)
    runs: Mapping[str, OtherRun] = field(default_factory=dict)


@dataclass(frozen=True)
class Supply:
    """How a run stands with what it needs.

    Attributes:
        waits: Whether something is missing that is not its partner's to bring.
        since: When the last of it arrived, if anything did.
        bad_column: Which column of the run's row nobody can make sense of; the rest is not known then.
    """

    waits: bool = False
    since: dt.datetime | None = None
    bad_column: str | None = None


def supply_of(needs: Needs, stock: Stock, *, now: dt.datetime) -> Supply:
    """How a run stands with what it needs, as of `now`.

    A run of the same partner is no reason to wait, but what that one waits for is.
    """
    if bad_column := _bad_column(needs, stock):
        return Supply(bad_column=bad_column)
    own = _with_own_upstream(needs, stock, now)
    orders = [order for one in own for order in _found(one.inventory_order_ids, stock.inventory_orders)]
    runs = [run for one in own for run in _found(one.run_ids, stock.runs) if run.needs.partner_id != needs.partner_id]
    missing_runs = [run for run in runs if not run.is_over(now)]
    if _leads_back(needs, missing_runs, stock, now):
        return Supply(bad_column=RUN_IDS)
    came = [order.updated_at for order in orders if order.is_over] + [run.ended_at for run in runs]
    return Supply(
        waits=bool(missing_runs) or any(order.is_missing(now) for order in orders),
        since=max((moment for moment in came if moment and moment <= now), default=None),
    )


def _with_own_upstream(needs: Needs, stock: Stock, now: dt.datetime) -> list[Needs]:
    """A run, and the unfinished ones of the same partner that it needs by way of nobody else's."""
    own = [needs]
    for one in own:
        for run in _found(one.run_ids, stock.runs):
            if run.needs.partner_id == needs.partner_id and not run.is_over(now) and run.needs not in own:
                own.append(run.needs)
    return own


def _bad_column(needs: Needs, stock: Stock) -> str | None:
    """The column that is no list of ids, or names what the shop does not have, so that nobody knows whether it came."""
    for column, ids, known in (
        (INVENTORY_ORDER_IDS, needs.inventory_order_ids, stock.inventory_orders),
        (RUN_IDS, needs.run_ids, stock.runs),
    ):
        if ids is None or not known.keys() >= set(ids):
            return column
    orders = _found(needs.inventory_order_ids, stock.inventory_orders)
    # An order with an impossible time of arrival says nothing about when the clock began.
    return INVENTORY_ORDER_IDS if any(order.is_over and order.updated_at is None for order in orders) else None


def _leads_back(needs: Needs, missing: Iterable[OtherRun], stock: Stock, now: dt.datetime) -> bool:
    """Whether what is missing waits for this very run (a circle, in which nothing would ever come)."""
    seen = list(missing)
    for run in seen:
        if run.needs.production_run_id == needs.production_run_id:
            return True
        seen += [one for one in _found(run.needs.run_ids, stock.runs) if not one.is_over(now) and one not in seen]
    return False


def _found(ids: Sequence[str] | None, known: Mapping[str, _T]) -> Iterator[_T]:
    return (known[id_] for id_ in ids or () if id_ in known)


def _ids(text: str | None) -> tuple[str, ...] | None:
    try:
        value = json.loads(text or "null")
    except (ValueError, RecursionError):  # JSON to PostgreSQL, but not to Python: a number of 5,000 digits.
        return None
    if value is None:
        return ()
    if not (isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)):
        return None
    return tuple(dict.fromkeys(one.strip() for one in value))
