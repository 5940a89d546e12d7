"""The session with the shop: read only, one snapshot, and checked before anything relies on it."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from partner_messages.config.setting_groups import Tables
from partner_messages.config.settings import SettingsError
from partner_messages.config.table_names import RESERVED
from partner_messages.config.work_signs import WorkSign
from partner_messages.database.session import Session
from partner_messages.message_log.database import open_message_log
from partner_messages.messages.scope import Scope
from partner_messages.shop.catalog import ACTIVITY_COLUMNS, REQUIRED_COLUMNS
from partner_messages.shop.shop import Shop, ShopError, open_shop
from sandbox.shop import allow_reading
from support.deployment import TICK

pytestmark = pytest.mark.opens_sessions


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch, shop_url: str, log_url: str) -> None:
    """The two connections of the package, over databases of this test's own."""
    monkeypatch.setenv("AIRFLOW_CONN_PRODUCTION_DB", shop_url)
    monkeypatch.setenv("AIRFLOW_CONN_MESSAGE_LOG_DB", log_url)


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM production_runs", "UPDATE partner SET name = ''", "CREATE TABLE t ()", "TRUNCATE production_runs"],
)
def test_the_session_cannot_write(statement: str) -> None:
    with open_shop(Tables()) as source, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        source._connection.execute(statement)


@pytest.mark.usefixtures("connected")
def test_the_session_sees_one_snapshot(shop: Session) -> None:
    with open_shop(Tables()) as source:
        before = source.census(now=TICK, scope=Scope())
        shop.execute("DELETE FROM production_runs")
        assert source.census(now=TICK, scope=Scope()) == before

    with open_shop(Tables()) as source:
        assert source.census(now=TICK, scope=Scope()).inspected == 0


@pytest.mark.usefixtures("connected")
def test_an_error_of_the_shop_is_told_of_the_shop_and_not_of_the_message_log() -> None:
    with (
        pytest.raises(ShopError, match='production_db: UndefinedTable: relation "no_such_table" does not exist'),
        open_message_log(),
        open_shop(Tables(production_runs="no_such_table")) as source,
    ):
        source.census(now=TICK, scope=Scope())


def test_every_word_that_postgresql_takes_for_no_table_is_refused_as_one(changes: Session) -> None:
    words = changes.execute("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')").fetchall()

    assert {row["word"] for row in words} <= RESERVED


def test_a_shop_that_cannot_be_reached_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, log_url: str
) -> None:
    nowhere = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "x", "password": "s3cret"}
    monkeypatch.setenv("AIRFLOW_CONN_PRODUCTION_DB", json.dumps(nowhere))
    monkeypatch.setenv("AIRFLOW_CONN_MESSAGE_LOG_DB", log_url)

    with (
        pytest.raises(ShopError, match="production_db: OperationalError") as error,
        open_message_log(),
        open_shop(Tables()),
    ):
        pass

    assert "s3cret" not in str(error.value)


def told(changes: Session, tables: Tables | None = None) -> str:
    with pytest.raises(SettingsError) as error:
        Shop(changes, tables or Tables()).check()
    return str(error.value)


def test_the_sample_shop_has_all_that_is_needed(source: Shop) -> None:
    source.check()


@pytest.mark.parametrize("table", REQUIRED_COLUMNS)
def test_a_missing_table_is_named_with_the_setting_of_its_name(changes: Session, table: str) -> None:
    changes.execute(f"ALTER TABLE {table} RENAME TO something_else")

    assert told(changes) == (
        f'Connection production_db: there is no table "{table}" that this user can read; grant SELECT on it,'
        f' and USAGE on its schema, or set "tables.{table}" in the settings to its real name.'
    )


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table, columns in REQUIRED_COLUMNS.items() for column in columns]
)
def test_a_missing_column_is_named(changes: Session, table: str, column: str) -> None:
    changes.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO something_else")

    assert told(changes) == (
        f'Connection production_db: table "{table}" has no column "{column}", which this package reads.'
    )


def test_an_older_deployment_may_lack_the_activity(source: Shop, changes: Session) -> None:
    changes.execute("DROP TABLE production_run_activity")

    source.check()


@pytest.mark.parametrize("name", ["run_activity", "old_shop.production_run_activity"])
def test_an_activity_that_the_settings_name_must_be_there(changes: Session, name: str) -> None:
    assert told(changes, Tables(production_run_activity=name)) == (
        f'Connection production_db: there is no table "{name}" that this user can read; grant SELECT on it,'
        ' and USAGE on its schema, or set "tables.production_run_activity" in the settings to its real name.'
    )


@pytest.mark.parametrize("column", ACTIVITY_COLUMNS)
def test_an_activity_that_is_there_must_have_what_is_read(changes: Session, column: str) -> None:
    changes.execute(f"ALTER TABLE production_run_activity DROP COLUMN {column}")

    assert told(changes) == (
        f'Connection production_db: table "production_run_activity" has no column "{column}", which this package reads.'
    )


def test_an_activity_that_this_user_may_not_read_is_not_taken_for_one_that_is_missing(
    changes: Session, postgres: Any
) -> None:
    role = _as(changes, postgres, "half_a_reader")
    changes.execute(f"GRANT SELECT ON {', '.join(REQUIRED_COLUMNS)}, inventory_orders TO {role}")
    changes.execute(f"SET ROLE {role}")

    assert 'no table "production_run_activity" that this user can read; grant SELECT' in told(changes)

    changes.execute(f"RESET ROLE; GRANT SELECT ON production_run_activity TO {role}; SET ROLE {role}")
    assert 'no table "consumption_log" that this user can read; grant SELECT' in told(changes)
    Shop(changes, Tables()).check(frozenset(WorkSign) - {WorkSign.CONSUMPTION_LOG})


def test_a_log_of_what_is_used_up_that_the_settings_name_must_be_there_with_what_is_read(changes: Session) -> None:
    assert 'no table "cloth_log" that this user can read' in told(changes, Tables(consumption_log="cloth_log"))

    changes.execute("ALTER TABLE consumption_log RENAME TO cloth_log")
    changes.execute("ALTER TABLE cloth_log DROP COLUMN production_run_id")
    assert told(changes, Tables(consumption_log="cloth_log")) == (
        'Connection production_db: table "cloth_log" has no column "production_run_id", which this package reads.'
    )


def test_orders_that_this_user_may_not_read_are_not_taken_for_ones_that_are_missing(
    changes: Session, postgres: Any
) -> None:
    role = _as(changes, postgres, "reader_without_orders")
    granted = ", ".join([*REQUIRED_COLUMNS, "production_run_activity", "consumption_log"])
    changes.execute(f"GRANT SELECT ON {granted} TO {role}")
    changes.execute(f"SET ROLE {role}")

    assert 'no table "inventory_orders" that this user can read; grant SELECT' in told(changes)


@pytest.mark.parametrize("name", ["production_run", "old_shop.production_runs", "Production_Run"])
def test_a_table_may_have_another_name_or_stand_in_another_schema(changes: Session, name: str) -> None:
    schema, _, table = name.rpartition(".")
    changes.execute(f"ALTER TABLE production_runs RENAME TO {table}_x")
    changes.execute(f"ALTER TABLE {table}_x RENAME TO {table}")
    if schema:
        changes.execute(f"CREATE SCHEMA {schema}")
        changes.execute(f"ALTER TABLE {table} SET SCHEMA {schema}")
    source = Shop(changes, Tables(production_runs=name))

    source.check()

    assert source.census(now=TICK, scope=Scope()).inspected > 0


def test_a_table_in_a_schema_that_its_name_does_not_say_is_missing(changes: Session) -> None:
    changes.execute("CREATE SCHEMA old_shop")
    changes.execute("ALTER TABLE production_runs SET SCHEMA old_shop")
    changes.execute("ALTER TABLE partner SET SCHEMA old_shop")

    assert 'no table "partner"' in told(changes, Tables(production_runs="old_shop.production_runs"))


def test_a_table_in_another_schema_is_not_taken_for_the_one_that_is_read(changes: Session) -> None:
    changes.execute("CREATE SCHEMA other; CREATE TABLE other.production_runs (LIKE production_runs)")
    changes.execute("ALTER TABLE production_runs DROP COLUMN finished_at")

    assert 'no column "finished_at"' in told(changes)


def test_a_user_who_may_read_needs_no_other_right(changes: Session, postgres: Any) -> None:
    role = _as(changes, postgres, "reader")
    changes.execute("RESET ROLE")
    changes.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    changes.execute(f"SET ROLE {role}")

    source = Shop(changes, Tables())
    source.check()
    assert source.census(now=TICK, scope=Scope()).inspected > 0


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ("", 'no table "production_runs" that this user can read'),
        ("GRANT UPDATE, INSERT, DELETE ON ALL TABLES IN SCHEMA public TO {role}", 'no table "production_runs"'),
        ("GRANT SELECT ON production_runs TO {role}", 'no table "partner" that this user can read'),
        ("GRANT SELECT (id, status) ON production_runs TO {role}", 'no column "accepted_at"'),
    ],
)
def test_a_user_who_may_not_read_a_table_is_told_so(changes: Session, postgres: Any, grant: str, said: str) -> None:
    role = _as(changes, postgres, "stranger")
    changes.execute("RESET ROLE")
    if grant:
        changes.execute(grant.format(role=role))
    changes.execute(f"SET ROLE {role}")

    assert said in told(changes)


def _as(changes: Session, postgres: Any, name: str) -> str:
    role: str = postgres.create_role(name, "secret")
    changes.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    return role


@pytest.mark.usefixtures("connected", "altered_shop")
def test_the_sandbox_s_reader_can_run_every_query(
    postgres: Any, shop_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = postgres.create_role("sandbox_reader", "secret")
    allow_reading(shop_url, role)
    database = shop_url.rpartition("/")[2].partition("?")[0]
    monkeypatch.setenv("AIRFLOW_CONN_PRODUCTION_DB", postgres.url_of(database, user=role, password="secret"))

    with open_shop(Tables()) as source:
        source.check()
        assert source.census(now=TICK, scope=Scope()).inspected > 0
