"""The schema that the docs show is what all migrations make."""

from __future__ import annotations

from support.log_rows import Log
from support.schema_text import SCHEMA_PAGE, schema_text


def test_the_schema_of_the_docs_equals_all_migrations(log: Log) -> None:
    assert schema_text(log) == SCHEMA_PAGE.read_text(encoding="utf-8"), "run make readme"


def test_a_column_a_constraint_or_an_index_of_another_database_is_seen(log: Log) -> None:
    with log.transaction(force_rollback=True):
        log.execute("ALTER TABLE tick ADD COLUMN weather text")
        assert "weather text" in schema_text(log)
        log.execute("ALTER TABLE tick ADD CONSTRAINT fair CHECK (weather = 'fair')")
        assert "CONSTRAINT fair CHECK (weather = 'fair'::text)" in schema_text(log)
        log.execute("CREATE INDEX by_weather ON tick (weather)")
        assert "CREATE INDEX by_weather ON tick USING btree (weather);" in schema_text(log)
