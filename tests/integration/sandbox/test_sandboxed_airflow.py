"""A sandboxed Airflow is told all it needs and nothing of the caller's own Airflow."""

import json

import psycopg
import pytest
from airflow.models.connection import Connection
from cryptography.fernet import Fernet

from partner_messages.config.settings import parse_settings
from sandbox import airflow_env, stack
from sandbox.connections import SETTINGS, as_environment, connections
from sandbox.postgres import Server, server
from support.deployment import TICK

URLS = {
    "shop_url": "postgresql://reader:p%2Fw@127.0.0.1:5433/shop?sslmode=disable",
    "message_log_url": "postgresql://postgres:pw@127.0.0.1:5433/messages",
    "graph_api_url": "http://127.0.0.1:8090",
}


@pytest.fixture
def environment(tmp_path):
    metadata = Server("postgresql://postgres:pw@127.0.0.1:5433/postgres?sslmode=disable")
    return airflow_env.airflow_environment(tmp_path / "home", metadata, airflow_env.new_secrets(), port=8081)


@pytest.mark.parametrize(
    "foreign",
    [
        "AIRFLOW__CORE__EXECUTOR",
        "AIRFLOW_CONN_WHATSAPP_IN",
        "PYTHONPATH",
        "PGHOST",
        "WHATSAPP_TEMPLATE_LANG",
        "https_proxy",
    ],
)
def test_the_callers_own_variables_do_not_get_in(monkeypatch, environment, foreign):
    monkeypatch.setenv(foreign, "foreign")

    assert "foreign" not in airflow_env.base_environment().values()
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AIRFLOW__CORE__UNIT_TEST_MODE" not in environment


def test_everything_is_on_loopback_and_on_one_port(environment):
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8081"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8081/execution/"


def test_the_metadata_url_is_one_each_driver_understands(environment):
    sync, other = (environment[f"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN{end}"] for end in ("", "_ASYNC"))

    assert sync == "postgresql+psycopg2://postgres:pw@127.0.0.1:5433/airflow?sslmode=disable"
    assert other == "postgresql+asyncpg://postgres:pw@127.0.0.1:5433/airflow?ssl=disable"


def test_the_secrets_are_good_for_their_use_and_new_each_time():
    one, two = airflow_env.new_secrets(), airflow_env.new_secrets()

    assert Fernet(one["AIRFLOW__CORE__FERNET_KEY"])
    assert len(one["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64
    assert not set(one.values()) & set(two.values())


def test_every_user_has_a_password_in_a_file_that_others_cannot_read(environment, tmp_path):
    passwords = tmp_path / "home" / "passwords.json"

    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin,ops:op,viewer:viewer"
    assert json.loads(passwords.read_text()).keys() == {"admin", "ops", "viewer"}
    assert passwords.stat().st_mode & 0o077 == 0


def test_airflow_reads_the_connections_as_they_were_meant():
    made = as_environment(connections(**URLS), SETTINGS)

    shop = Connection.from_json(made["AIRFLOW_CONN_PRODUCTION_DB"])
    assert (shop.conn_type, shop.host, shop.port, shop.login, shop.password, shop.schema, shop.extra_dejson) == (
        *("postgres", "127.0.0.1", 5433, "reader", "p/w", "shop", {"sslmode": "disable"}),
    )
    europe = Connection.from_json(made["AIRFLOW_CONN_WHATSAPP_EUROPE"])
    assert (europe.conn_type, europe.host, europe.password) == (
        *("http", "http://127.0.0.1:8090", "sandbox-token-europe-0123456789"),
    )
    assert europe.extra_dejson["phone_number_id"] == "111000000000003"
    assert europe.extra_dejson["is_default"] is True
    assert len(Connection.from_json(made["AIRFLOW_CONN_PARTNER_PORTAL"]).password) >= 32


def test_there_is_a_connection_for_every_sender_in_the_settings():
    settings = parse_settings(SETTINGS)

    assert settings.allow_any_time
    assert {f"whatsapp_{label}" for label in settings.senders} == {
        name for name in connections(**URLS) if name.startswith("whatsapp_")
    }


def test_the_senders_route_as_the_shops_own_platforms_do(shop):
    rows = shop.execute(
        "SELECT id, api_config FROM social_platform"
        " WHERE status = 'active' AND category = 'communication' AND api_config ->> 'provider' = 'whatsapp'"
    ).fetchall()
    made = connections(**URLS)

    platforms = {
        row["id"]: (
            row["api_config"]["waba_id"],
            [f"+{code.lstrip('+')}" for code in row["api_config"]["country_codes"]],
        )
        for row in rows
    }
    assert platforms == {
        made[name]["extra"]["platform_id"]: (made[name]["extra"]["waba_id"], made[name]["extra"]["country_codes"])
        for name in made
        if name.startswith("whatsapp_")
    }


def test_the_shop_connection_is_of_a_role_that_may_only_read():
    with server() as own:
        stack.make_databases(own, TICK)
        with psycopg.connect(stack.shop_reader_url(own)) as connection:
            assert connection.execute("SELECT count(*) FROM partner").fetchone() == (23,)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                connection.execute("UPDATE partner SET name = 'x'")
