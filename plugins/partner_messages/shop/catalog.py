"""Which tables and columns the shop has, and whether that is enough (pure).

Older deployments lack some tables and columns; what is read of the others is decided in the SQL files by a switch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from partner_messages.config.settings import SHOP_CONN_ID, SettingsError
from partner_messages.config.work_signs import WorkSign
from partner_messages.shop.supply import INVENTORY_ORDER_IDS, RUN_IDS

REQUIRED_COLUMNS: dict[str, tuple[str, ...]] = {
    "production_runs": (
        *("id", "status", "partner_id", "design_id", "quantity", "produced_quantity", "created_at", "deleted_at"),
        *("accepted_at", "started_at", "finished_at", "completed_at", "cancelled_at", "dispatch_completed_at"),
        *("cancelled_reason", "parent_run_id"),
    ),
    "partner": ("id", "name", "status", "whatsapp_number", "whatsapp_verified", "country_code", "deleted_at"),
    "partner_admin": ("id", "partner_id", "phone", "is_active", "created_at", "deleted_at"),
    "design": ("id", "name", "deleted_at"),
    "messaging_conversation": (
        *("id", "partner_id", "phone_number", "status", "last_message_at", "default_sender_platform_id"),
        *("metadata", "created_at", "updated_at", "deleted_at"),
    ),
    "messaging_message": (
        *("id", "conversation_id", "direction", "status", "context_type", "context_id", "metadata", "created_at"),
        "deleted_at",
    ),
}
"""What the queries under `include/sql/shop/` read, by the table's key in `settings.Tables`."""

ACTIVITY = "production_run_activity"
ACTIVITY_COLUMNS = (
    *("production_run_id", "activity_type", "kind", "actor_type", "partner_id", "occurred_at", "deleted_at"),
)
"""What they read of a table that older deployments lack."""

CONSUMPTION = "consumption_log"
CONSUMPTION_COLUMNS = ("production_run_id", "consumed_by", "consumed_at", "created_at", "deleted_at")
"""What they read of a table that older deployments lack, or have without the run's id."""

INVENTORY_ORDERS = "inventory_orders"
INVENTORY_ORDER_COLUMNS = ("id", "status", "created_at", "updated_at", "deleted_at")
"""What they read of the table that the runs of newer shops wait for."""


@dataclass(frozen=True)
class Catalog:
    """The shop's tables as one user sees them.

    Attributes:
        names: What each of our tables is called, by its key in `settings.Tables`.
        found: What the query `catalog` says of the tables of these names, in whatever schema.
    """

    names: Mapping[str, str]
    found: Collection[Mapping[str, Any]]

    @staticmethod
    def searched(names: Mapping[str, str]) -> list[str]:
        """The names to look for, without their schemas."""
        return sorted({table for _, table in map(_in_schema, names.values())})

    @cached_property
    def _all(self) -> Mapping[str, Mapping[str, bool]]:
        """All columns, and whether this user can read them; empty for a table that is missing."""
        return {key: self._of(*_in_schema(name)) for key, name in self.names.items()}

    def _of(self, schema: str, table: str) -> Mapping[str, bool]:
        for row in self.found:
            if row["table_name"] == table and (row["table_schema"] == schema if schema else row["is_visible"]):
                columns: Mapping[str, bool] = row["columns"]
                return columns
        return {}

    @cached_property
    def columns(self) -> Mapping[str, frozenset[str]]:
        """The columns of each of our tables that this user can read, by the table's key in `settings.Tables`."""
        return {key: frozenset(name for name, can in there.items() if can) for key, there in self._all.items()}

    @property
    def needs(self) -> dict[str, bool]:
        """The switches of a query that reads what runs need: whether they can wait for material, and for others."""
        of_runs = self.columns["production_runs"]
        return {
            "has_inventory_orders": INVENTORY_ORDER_IDS in of_runs and bool(self.columns[INVENTORY_ORDERS]),
            "has_run_dependencies": RUN_IDS in of_runs,
        }

    def check(self, work: Collection[WorkSign] = frozenset(WorkSign)) -> None:
        """See that every table and column the queries need is there.

        Args:
            work: The signs of work that are looked for.

        Raises:
            SettingsError: Naming the first one that is missing and where its name is set.
        """
        for key, needed in REQUIRED_COLUMNS.items():
            self._check_table(key, needed)
        if self._is_meant_to_be_there(ACTIVITY):
            self._check_table(ACTIVITY, ACTIVITY_COLUMNS)
        if WorkSign.CONSUMPTION_LOG in work and self._is_meant_to_be_there(CONSUMPTION, CONSUMPTION_COLUMNS):
            self._check_table(CONSUMPTION, CONSUMPTION_COLUMNS)
        if INVENTORY_ORDER_IDS in self._all["production_runs"] and self._is_meant_to_be_there(INVENTORY_ORDERS):
            self._check_table(INVENTORY_ORDERS, INVENTORY_ORDER_COLUMNS)

    def _is_meant_to_be_there(self, key: str, columns: Collection[str] = ()) -> bool:
        """Whether a table that older deployments lack is one that this one has.

        Under its usual name it may be missing, or have none of these columns yet. One that the settings name, or that
        this user may not read, is no older deployment but a mistake.
        """
        there = self._all[key]
        return self.names[key] != key or (bool(there) and there.keys() >= set(columns))

    def _check_table(self, key: str, needed: Iterable[str]) -> None:
        present = self.columns[key]
        if not present:
            raise SettingsError(
                f'Connection {SHOP_CONN_ID}: there is no table "{self.names[key]}" that this user can read; '
                f'grant SELECT on it, and USAGE on its schema, or set "tables.{key}" in the settings to its real name.'
            )
        missing = sorted(set(needed) - present)
        if missing:
            raise SettingsError(
                f'Connection {SHOP_CONN_ID}: table "{self.names[key]}" has no column "{missing[0]}", which this '
                "package reads."
            )


def _in_schema(name: str) -> tuple[str, str]:
    """A table's schema, if its name has one, and its name; PostgreSQL reads both in lower case."""
    schema, _, table = name.lower().rpartition(".")
    return schema, table
