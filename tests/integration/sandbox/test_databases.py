"""Databases and roles, on the embedded server and on one that `DATABASE_URL` names."""

import psycopg
import pytest

from sandbox import embedded
from sandbox.postgres import Server, server


def databases(url):
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")}


def test_a_database_can_be_copied_and_each_copy_is_its_own(postgres):
    with psycopg.connect(postgres.create_database("original")) as connection:
        connection.execute("CREATE TABLE thing AS SELECT 1 AS number")

    with psycopg.connect(postgres.create_database("copy", template="original")) as connection:
        connection.execute("UPDATE thing SET number = 2")

    with psycopg.connect(postgres.url_of("original")) as connection:
        assert connection.execute("SELECT number FROM thing").fetchone() == (1,)
    postgres.drop_database("copy")
    assert not postgres.has_database("copy")


def test_a_database_is_made_anew_even_while_somebody_is_connected_to_it(postgres):
    with psycopg.connect(postgres.create_database("anew"), autocommit=True) as connection:
        connection.execute("CREATE TABLE thing ()")

        with psycopg.connect(postgres.create_database("anew")) as fresh:
            assert fresh.execute("SELECT to_regclass('thing')").fetchone() == (None,)


def test_a_role_that_is_there_gets_the_new_password(postgres):
    postgres.create_role("somebody", "before")
    role = postgres.create_role("somebody", "after:/@")

    with psycopg.connect(postgres.url_of("airflow", user=role, password="after:/@")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("somebody",)


@pytest.mark.parametrize("name", ["Shop", 'a"b', "", "x" * 32])
def test_a_name_that_is_not_plain_is_refused(postgres, name):
    with pytest.raises(ValueError, match="must match"):
        postgres.create_database(name)


def test_a_url_has_the_scheme_the_user_and_the_options_asked_for():
    there = Server("postgresql://boss:secret@db.example:5433/postgres?sslmode=require", prefix="ours")

    assert there.url_of("shop") == "postgresql://boss:secret@db.example:5433/ours_shop?sslmode=require"
    assert there.url_of("shop", user="r", password="p/1", scheme="postgresql+asyncpg") == (
        "postgresql+asyncpg://r:p%2F1@db.example:5433/ours_shop?sslmode=require"
    )


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_database_url_replaces_the_embedded_server_and_only_our_own_databases_are_touched(
    postgres, monkeypatch, scheme
):
    postgres.create_database("theirs")
    before = databases(postgres.url)
    monkeypatch.setenv("DATABASE_URL", postgres.url.replace("postgresql", scheme, 1))

    with server(label="gw7") as guest:
        guest.create_database("shop")
        assert databases(postgres.url) - before == {"partner_messages_sandbox_gw7_shop"}

    assert databases(postgres.url) == before


def test_a_database_url_that_leads_nowhere_is_named(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"postgresql://someone@127.0.0.1:{embedded.free_port()}/postgres")

    with pytest.raises(embedded.PostgresError, match="DATABASE_URL cannot be used"), server():
        pass


def test_a_database_url_whose_user_may_not_make_databases_is_refused(postgres, monkeypatch):
    role = postgres.create_role("modest", "x")
    monkeypatch.setenv("DATABASE_URL", postgres.url_of("airflow", user=role, password="x"))

    with pytest.raises(embedded.PostgresError, match="CREATEDB"), server():
        pass
