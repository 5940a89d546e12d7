"""What `airflow-init` of docker-compose.yaml enters into Airflow's own database, at its first start and later ones."""

from __future__ import annotations

import json

import pytest
from airflow.cli.cli_parser import get_parser
from airflow.models.connection import Connection
from airflow.models.variable import Variable
from airflow.utils.session import create_session
from sqlalchemy import delete, select

from partner_messages.deployment import first_start

SENDER = {"conn_type": "http", "host": "https://graph.example", "password": "first", "extra": {"label": "IN"}}


def run_airflow(arguments):
    asked = get_parser().parse_args(arguments)
    asked.func(asked)


@pytest.fixture
def start(dags, monkeypatch):
    """One start of `airflow-init` in an environment; what it entered is gone after the test."""
    monkeypatch.setattr(first_start, "_airflow", run_airflow)

    def start(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        first_start.main()

    yield start
    with create_session() as session:
        session.execute(delete(Connection))
        session.execute(delete(Variable))


def stored_connections():
    with create_session() as session:
        return {one.conn_id: one for one in session.scalars(select(Connection))}


def test_a_start_enters_what_is_missing_and_never_changes_what_operations_changed(start):
    first = {
        "INITIAL_SETTINGS": '{"senders": ["in"]}',
        "INITIAL_CONN_WHATSAPP_IN": json.dumps(SENDER),
        "INITIAL_CONN_PRODUCTION_DB": "postgres://reader:secret@shop.example:5433/shop",
        "INITIAL_CONN_SHOP_INBOX_DB": "",
        first_start.FIRST_PASSWORD: "of nobody, as FAB does not keep the users here",
    }
    start(**first)
    entered = stored_connections()
    assert json.loads(Variable.get("partner_messages")) == {"senders": ["in"]}
    assert entered.keys() == {"whatsapp_in", "production_db"}
    assert (entered["whatsapp_in"].password, entered["whatsapp_in"].extra_dejson) == ("first", {"label": "IN"})
    shop = entered["production_db"]
    assert (shop.conn_type, shop.host, shop.port, shop.login, shop.schema) == (
        *("postgres", "shop.example", 5433, "reader", "shop"),
    )

    Variable.set("partner_messages", '{"senders": ["in"], "halt": true}')
    with create_session() as session:
        session.scalars(select(Connection).where(Connection.conn_id == "whatsapp_in")).one().password = "rotated"
    start(INITIAL_CONN_WHATSAPP_AU=json.dumps(SENDER))

    assert json.loads(Variable.get("partner_messages"))["halt"] is True
    assert {name: one.password for name, one in stored_connections().items()} == {
        "whatsapp_in": "rotated",
        "production_db": "secret",
        "whatsapp_au": "first",
    }


def test_a_connection_that_cannot_be_read_is_named_without_what_it_says():
    with pytest.raises(SystemExit, match="INITIAL_CONN_WHATSAPP_IN is neither JSON nor a URI") as refused:
        first_start.connections_of({"INITIAL_CONN_WHATSAPP_IN": '{"password": "secret" oops}'})

    assert "secret" not in str(refused.value)
