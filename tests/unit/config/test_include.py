"""What is said where `include/` is missing, in part or as a whole, and how another place is named."""

from __future__ import annotations

import runpy

import pytest

from partner_messages.config import paths
from partner_messages.config.settings import SettingsError
from partner_messages.database import named_sql
from partner_messages.message_log.migrations import read_migrations
from partner_messages.tasks import preflight
from partner_messages.templates.catalog import installed


@pytest.fixture
def no_include(tmp_path, monkeypatch):
    """The folder in which `include/` is looked for in vain."""
    monkeypatch.setattr(paths, "INCLUDE", tmp_path / "include")
    monkeypatch.setattr(named_sql, "SQL", tmp_path / "include/sql")
    monkeypatch.setattr(installed, "TEMPLATES", tmp_path / "include/templates/whatsapp")
    for cached in (named_sql.blocks, named_sql._environment, named_sql.query, installed.installed_catalog):
        cached.cache_clear()
    yield tmp_path / "include"
    for cached in (named_sql.blocks, named_sql._environment, named_sql.query, installed.installed_catalog):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("read", "part"),
    [
        (lambda place: named_sql.query("idle"), "sql"),
        (lambda place: preflight.installed_catalog(), "templates/whatsapp"),
        (lambda place: read_migrations(place / "sql/migrations"), "sql/migrations"),
    ],
)
def test_a_missing_include_is_named_with_the_place_and_the_variable(no_include, read, part):
    with pytest.raises(SettingsError) as error:
        read(no_include)

    assert str(error.value) == (
        f"There is no folder {no_include}/{part}: copy all of include/ to {no_include}, or name its place in the"
        " environment variable PARTNER_MESSAGES_INCLUDE of every process of Airflow."
    )


def test_a_query_that_an_older_include_lacks_is_named():
    with pytest.raises(SettingsError, match=r'no query "of_tomorrow" under .*: include/ and plugins/ are of different'):
        named_sql.query("of_tomorrow")


def test_a_folder_without_migrations_is_no_migrated_database(tmp_path):
    with pytest.raises(SettingsError, match="copy all of them"):
        read_migrations(tmp_path)


@pytest.mark.parametrize(("value", "place"), [("/srv/include", "/srv/include"), ("", str(paths.INCLUDE))])
def test_the_environment_names_another_place(monkeypatch, value, place):
    monkeypatch.setenv("PARTNER_MESSAGES_INCLUDE", value)

    read = runpy.run_path(paths.__file__)

    assert (str(read["INCLUDE"]), str(read["MIGRATIONS"])) == (place, f"{place}/sql/migrations")
