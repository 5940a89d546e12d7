"""Whatever PostgreSQL can hold in one row costs nobody else anything: every column that is read, by every value.

The columns come from the catalog and from the queries themselves, so that one that a query comes to read is tried too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
import pytest
from psycopg import sql

from partner_messages.config.paths import SQL
from partner_messages.config.setting_groups import Tables
from partner_messages.config.work_signs import WorkSign
from partner_messages.database.session import Session
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.scope import Scope
from partner_messages.messages.values import reminder_context_id
from partner_messages.recipients.conversation import consent_refused
from partner_messages.recipients.phone import readings
from partner_messages.shop.catalog import (
    ACTIVITY,
    ACTIVITY_COLUMNS,
    CONSUMPTION,
    CONSUMPTION_COLUMNS,
    INVENTORY_ORDER_COLUMNS,
    INVENTORY_ORDERS,
    REQUIRED_COLUMNS,
)
from partner_messages.shop.shop import Shop
from sandbox.shop import partner_id, run_id
from support.deployment import TICK

Answer = Mapping[Any, Any]

VALUES: Mapping[str, tuple[str, ...]] = {
    "timestamp with time zone": (
        *("infinity", "-infinity", "0044-03-15 BC", "4713-11-24 00:00+00 BC", "294276-12-31 23:59:59+00"),
        *("10000-01-01", "1970-01-01"),
    ),
    "real": ("NaN", "Infinity", "-Infinity", "-1", "3e38"),
    "text": (
        *("", " ", "a:b", "a b", "\x01\x1b\x7f\n\t", "\u202e\u2028\ud7ff\U0010ffff", "%s {{ x }} '", "\\"),
        "".join(f"{number:x}" for number in range(20_000)),
    ),
    "jsonb": (
        *("5", '"text"', "{}", "[[]]", "[null, 5, true]", '{"language": 5, "consent_given": {}}', "1e400"),
        *(f"[{'9' * 5_000}]", "[" * 5_000 + "]" * 5_000, '["   "]', '"null"'),
    ),
}
NO_RUN_HAS = {
    **dict.fromkeys(("created_at", "dispatch_completed_at", "accepted_at", "started_at", "finished_at"), 2 * 7),
    **dict.fromkeys(("quantity", "produced_quantity"), 2 * 5),
    **dict.fromkeys(("depends_on_run_ids", "depends_on_inventory_order_ids"), 2 * 11),
    "partner_id": 2 * 5,
    "id": 5,  # no two runs have the same, and the longest is too long for the table's own index
}
"""How many of the two runs that each family has active are found by what their column cannot hold."""

TIMES = range(max(map(len, VALUES.values())))
"""One family of rows for each value that is tried."""
STUCK, SENT, PARKED = "stuck", "sent", "parked"


def of(name: str, number: int) -> str:
    return f"{name}-of-{number}"


def family(number: int) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """One partner with everything that belongs to them: the table, whose row is copied, its id, and what is its own."""
    its = {name: of(name, number) for name in ("partner", "design", "order", "talk", STUCK, SENT, PARKED)}
    runs = {
        STUCK: ("START73H", {"depends_on_inventory_order_ids": [its["order"]], "last_reminded_at": str(TICK)}),
        SENT: ("SENT25H", {"depends_on_run_ids": [run_id("START80H")]}),
        PARKED: ("PARKED", {}),
    }
    yield "partner", partner_id("SYDNEY"), its["partner"], {"name": its["partner"], "whatsapp_number": phone(number)}
    yield "partner_admin", "", of("admin", number), {"partner_id": its["partner"]}
    yield "design", partner_id("KAMEEZ"), its["design"], {}
    yield "inventory_orders", "inv_order_" + partner_id("C0T0N"), its["order"], {}
    for name, (like, own) in runs.items():
        whose = {"partner_id": its["partner"], "design_id": its["design"]}
        yield "production_runs", run_id(like), its[name], {**whose, **own}
    for name, like, run in (("work", "C2", STUCK), ("parking", "B1", PARKED)):
        own = {"production_run_id": its[run], "partner_id": its["partner"]}
        yield ACTIVITY, partner_id(like), of(name, number), own
    yield CONSUMPTION, partner_id("E1"), of("log", number), {"production_run_id": its[STUCK]}
    talk = {"partner_id": its["partner"], "phone_number": phone(number)}
    yield "messaging_conversation", partner_id("SYDNEYTK"), its["talk"], talk
    yield "messaging_message", partner_id("M2SAYS"), of("inbound", number), {"conversation_id": its["talk"]}
    context = {"conversation_id": its["talk"], "context_id": reminder_context_id(its[SENT], TICK.date())}
    yield "messaging_message", partner_id("M7DR0P"), of("outbound", number), context


def phone(number: int) -> str:
    return f"+6141234{9100 + number}"


TABLES = tuple(dict.fromkeys(table for table, *_ in family(0)))


@pytest.fixture
def families(changes: Session) -> None:
    for number in TIMES:
        for table, like, id_, own in family(number):
            changes.execute(
                sql.SQL(
                    "INSERT INTO {table} SELECT (jsonb_populate_record(row, %(own)s)).*"
                    " FROM {table} AS row WHERE id = %(like)s OR %(like)s = '' LIMIT 1"
                ).format(table=sql.Identifier(table)),
                {"own": json.dumps({"id": id_, **own}), "like": like},
            )


def columns_that_are_read(changes: Session, table: str) -> dict[str, str]:
    """The columns of a table that any query may read, with their types; a truth can only be true or false."""
    words = {word for path in (SQL / "shop").glob("*.sql") for word in re.findall(r"\w+", path.read_text())}
    rows = changes.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s ORDER BY 1", [table]
    )
    return {
        row["column_name"]: row["data_type"]
        for row in rows
        if row["column_name"] in words and row["data_type"] != "boolean" and row["data_type"] in VALUES
    }


def questions(source: Shop, changes: Session) -> dict[str, Callable[[], Answer]]:
    """Every question about rows that is asked of the shop; each answer by the ids of what it is about."""
    ids = {table: [row["id"] for row in changes.execute(f"SELECT id FROM {table}")] for table in TABLES}  # type: ignore[arg-type]
    runs, partners = ids["production_runs"], ids["partner"]
    numbers = changes.execute("SELECT id, whatsapp_number, country_code FROM partner").fetchall()
    phones = {row["id"]: readings(row["whatsapp_number"] or "", row["country_code"]) for row in numbers}
    found = [
        run for kind in ReminderKind for run in source.stuck_runs(kind, now=TICK, threshold_hours=24, scope=Scope())
    ]

    def conversations() -> Answer:
        talks = source.conversations(phones)
        people = source.partners(partners)
        refused = {
            id_: [consent_refused(people[id_], number, talks.get(id_, ())) for number in numbers]
            for id_, numbers in phones.items()
            if id_ in people
        }
        return {(id_, one.id): one for id_, its in talks.items() for one in its} | refused

    return {
        "stuck": lambda: {run.production_run_id: run for run in found},
        "again": lambda: {run.production_run_id: run for run in source.looked_at_again(found, now=TICK)},
        "signs": lambda: source.last_signs(found, now=TICK, work=frozenset(WorkSign)),
        "without partner": lambda: dict.fromkeys(source.census(now=TICK, scope=Scope()).without_partner),
        "unowned": lambda: {run.production_run_id: run for run in source.unowned_runs(now=TICK, scope=Scope())},
        "runs": lambda: source.runs(runs),
        "reminded": lambda: dict.fromkeys(
            source.reminded_in_shop({id_: reminder_context_id(id_, TICK.date()) for id_ in runs}, day=TICK.date())
        ),
        "partners": lambda: source.partners(partners),
        "existing": lambda: source.existing_partners(partners) | source.existing_runs(runs),
        "called": lambda: {
            (word, id_): True
            for word, its in source.partners_called(
                row.name or "" for row in source.partners(partners).values()
            ).items()
            for id_ in its
        },
        "admins": lambda: {one.id: one for its in source.admins(partners).values() for one in its},
        "conversations": conversations,
        "begun": lambda: dict.fromkeys(source.begun_by_the_other_side(ids["messaging_conversation"])),
        "inbound": lambda: source.last_inbound({one for its in phones.values() for one in its}, until=TICK),
        "design names": lambda: source.design_names(ids["design"]),
        "pictures": lambda: {id_: its.urls for id_, its in source.design_pictures(ids["design"]).items()},
    }


def of_neighbours(answer: Answer) -> dict[Any, Any]:
    """What is said of the sample shop's own rows."""
    return {
        key: value
        for key, value in answer.items()
        if not any(
            "-of-" in one or phone(0)[:8] in one or "bad-id-" in one
            for one in (key if isinstance(key, tuple) else (key,))
        )
    }


def spoil(changes: Session, table: str, column: str, kind: str) -> int:
    """Put each value into that column of one family each; how many the table took."""
    taken = 0
    for number, value in enumerate(VALUES[kind]):
        for id_ in [id_ for its, _, id_, _ in family(number) if its == table]:
            try:
                with changes.transaction():
                    changes.execute(
                        sql.SQL("UPDATE {} SET {} = %s WHERE id = %s").format(*map(sql.Identifier, (table, column))),
                        [value, id_],
                    )
                    taken += 1
            except (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.ProgramLimitExceeded):
                continue  # The shop's own table refuses it.
    return taken


def asked(changes: Session) -> dict[str, Answer]:
    return {name: ask() for name, ask in questions(Shop(changes, Tables()), changes).items()}


def test_every_column_that_is_read_is_tried(changes: Session) -> None:
    read = {
        **REQUIRED_COLUMNS,
        ACTIVITY: ACTIVITY_COLUMNS,
        CONSUMPTION: CONSUMPTION_COLUMNS,
        INVENTORY_ORDERS: INVENTORY_ORDER_COLUMNS,
    }

    untried = {(table, column) for table, columns in read.items() for column in columns} - {
        (table, column) for table in TABLES for column in columns_that_are_read(changes, table)
    }

    assert untried == {("partner", "whatsapp_verified"), ("partner_admin", "is_active")}


@pytest.mark.usefixtures("families")
@pytest.mark.parametrize("table", TABLES)
def test_no_value_in_one_row_costs_anybody_else_anything(changes: Session, table: str) -> None:
    before = asked(changes)
    tried = 0

    for column, kind in columns_that_are_read(changes, table).items():
        with changes.transaction(force_rollback=True):
            tried += spoil(changes, table, column, kind)
            now = asked(changes)
        for name, answer in now.items():
            spared = {key: value for key, value in answer.items() if key in before[name]}
            assert of_neighbours(spared) == of_neighbours(before[name]), f"{table}.{column}: {name}"
        named = [run.bad_column for run in now["stuck"].values() if run.bad_column]
        if table == "production_runs":
            assert named == [column] * NO_RUN_HAS.get(column, 0), column
        if (table, column) != ("production_runs", "deleted_at"):
            assert len(now["unowned"]) >= len(before["unowned"]), f"{table}.{column} hides a parked run"

    assert tried > 10
