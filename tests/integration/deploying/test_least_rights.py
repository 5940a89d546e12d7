"""Databases whose users have no more rights than the statements of the docs give them."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from partner_messages.config.setting_groups import Tables
from partner_messages.config.settings import Settings, SettingsError
from partner_messages.database.session import AccessRefused, open_session
from partner_messages.deployment.endings import airflow_endings
from partner_messages.message_log.database import open_message_log
from partner_messages.message_log.migrations import Migration, main, migrate, read_migrations
from partner_messages.sending.template_operator import WhatsAppTemplateOperator
from partner_messages.shop.mirror import open_inbox
from partner_messages.shop.shop import open_shop
from support.examples import tick as example_tick
from support.submitted import submit_templates
from support.ticks import go_through

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = " ".join((DOCS / name).read_text(encoding="utf-8") for name in ("deployment.md", "messages.md"))
STATEMENTS = re.findall(r"```sql\n(GRANT.+?)```", PAGES, re.DOTALL)
PASSWORD = "of-a-test"


@pytest.fixture
def role(postgres):
    """Makes a role that has no rights yet; they go with the test."""
    made = {}

    def make(name, url):
        made[postgres.create_role(name, PASSWORD)] = url
        return next(reversed(made))

    yield make
    for name, url in made.items():
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute(f"DROP OWNED BY {name}")
            owner.execute(f"DROP ROLE {name}")


def as_the_docs_say(url, name, role):
    """Run the statements of the docs that are for the role `name`."""
    statements = [text for text in STATEMENTS if re.search(rf"TO {name}\b", text)]
    assert statements
    with psycopg.connect(url, autocommit=True) as owner:
        for text in statements:
            owner.execute(re.sub(rf"\b{name}\b", role, text))


@pytest.fixture
def as_role(deployment):
    """Let a connection be its database's as another user."""

    def as_role(conn_id, login, password=PASSWORD, **changes):
        deployment.connect(conn_id, {**deployment.connection(conn_id), "login": login, "password": password, **changes})

    return as_role


def test_a_whole_tick_and_a_second_one_need_no_more_than_the_docs_say(
    as_role, role, shop, shop_url, log_url, log, graph_api
):
    user, reader = role("messages_user", log_url), role("shop_reader_of_test", shop_url)
    as_the_docs_say(log_url, "messages_user", user)
    as_the_docs_say(shop_url, "shop_reader", reader)
    as_role("message_log_db", user)
    as_role("production_db", reader)
    submit_templates()

    first, second = go_through(log), go_through(log)

    assert first.state == second.state == "success"
    templates = [message for message in graph_api.outbox() if message["type"] == "template"]
    assert first.by("status")["sent"] == len(templates) > 0
    assert second.by("skip_reason")["duplicate"] == first.by("status")["sent"]


def test_a_missing_right_is_final_and_the_sentence_has_the_statements_that_help(as_role, role, log_url):
    user = role("messages_user", log_url)
    as_role("message_log_db", user)
    with pytest.raises(AccessRefused) as refused, open_message_log() as connection:
        migrate(connection)

    said = str(refused.value)
    assert said.startswith("Connection message_log_db: permission denied for schema partner_messages; as the owner")
    with psycopg.connect(log_url, autocommit=True) as owner:
        owner.execute(said[said.index("GRANT") :])
    with open_message_log() as connection:
        assert migrate(connection) == []


def test_a_missing_right_in_the_shop_is_final_too(as_role, role, shop, shop_url):
    reader = role("shop_reader_of_test", shop_url)
    as_role("production_db", reader)

    needed = rf"permission denied for table partner; .*TO \"{reader}\";"
    with pytest.raises(AccessRefused, match=needed), open_shop(Tables()) as source:
        source.partners(["P1"])

    with psycopg.connect(shop_url, autocommit=True) as owner:
        owner.execute(f"GRANT SELECT ON partner TO {reader}")
    with open_shop(Tables()) as source:
        assert source.partners(["P1"]) == {}


def ask_the_shop(tables):
    with open_shop(tables) as source:
        source.partners(["P1"])


def ask_the_inbox(tables):
    with open_inbox(tables) as inbox:
        inbox.mirror([])


@pytest.mark.parametrize(
    ("conn_id", "ask"), [("production_db", ask_the_shop), ("shop_inbox_db", ask_the_inbox)], ids=["shop", "inbox"]
)
def test_a_schema_that_may_not_be_used_is_in_the_statements_too(deployment, role, altered_shop, shop_url, conn_id, ask):
    moved = ("partner", "messaging_message")
    altered_shop.execute("CREATE SCHEMA weavers")
    for table in moved:
        altered_shop.execute(f"ALTER TABLE {table} SET SCHEMA weavers")
    user = role("user_of_weavers", shop_url)
    deployment.connect(conn_id, {**deployment.connection("production_db"), "login": user, "password": PASSWORD})
    tables = Tables(**{table: f"weavers.{table}" for table in moved})

    with pytest.raises(AccessRefused, match="permission denied for schema weavers") as refused:
        ask(tables)

    said = str(refused.value)
    altered_shop.execute(said[said.index("GRANT") :])
    ask(tables)


@pytest.mark.parametrize("conn_id", ["message_log_db", "production_db", "shop_inbox_db"])
def test_a_server_that_says_nothing_is_not_waited_for_as_long_as_a_claim_lasts(deployment, conn_id):
    connection = deployment.connection("production_db")
    deployment.connect(conn_id, connection)
    with contextlib.closing(open_session(conn_id)) as session:
        patience = session.info.get_parameters()
    idle, interval, count = (int(patience[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    lease = Settings().lease.total_seconds()
    assert int(patience["connect_timeout"]) <= lease / 4
    assert idle + interval * count <= lease / 2
    assert int(patience["tcp_user_timeout"]) <= 1_000 * lease / 2

    deployment.connect(conn_id, {**connection, "extra": {"connect_timeout": 3}})
    with contextlib.closing(open_session(conn_id)) as session:
        assert session.info.get_parameters()["connect_timeout"] == "3"


def test_a_user_that_may_not_apply_what_is_pending_names_it_and_says_who_applies_it_and_how(as_role, role, log_url):
    user = role("messages_user", log_url)
    as_the_docs_say(log_url, "messages_user", user)
    as_role("message_log_db", user)
    known = read_migrations()
    pending = Migration(len(known) + 1, "next", "CREATE TABLE next (id integer)")

    said = rf"migrations {pending.number:04} are pending"
    with pytest.raises(SettingsError, match=said) as refused, open_message_log() as connection:
        migrate(connection, [*known, pending])

    assert "python -m partner_messages.message_log.migrations" in str(refused.value)


def test_the_owner_applies_the_migrations_by_hand_and_the_daily_user_finds_nothing_left_to_do(
    postgres, role, monkeypatch, capsys
):
    url = postgres.create_database("migrated_by_hand")
    owner, user = role("messages_owner", url), role("messages_user", url)
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute(f"GRANT CREATE ON DATABASE {postgres.name_of('migrated_by_hand')} TO {owner}")
    by_owner = postgres.url_of("migrated_by_hand", user=owner, password=PASSWORD)

    monkeypatch.setattr("sys.argv", ["migrations", by_owner])
    main()
    as_the_docs_say(by_owner, "messages_user", user)

    assert "Migrations applied: [1, 2" in capsys.readouterr().out
    with psycopg.connect(postgres.url_of("migrated_by_hand", user=user, password=PASSWORD)) as connection:
        assert migrate(connection) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"password": ""}, "no password supplied"),
        ({"login": "nobody_at_all"}, "password authentication failed"),
        ({"schema": "no_such_database"}, 'database "no_such_database" does not exist'),
    ],
)
@pytest.mark.parametrize("conn_id", ["message_log_db", "production_db"])
def test_a_user_that_is_not_let_in_is_final_for_every_task(deployment, role, log_url, conn_id, change, said):
    user = role("messages_user", log_url)
    deployment.connect(conn_id, {**deployment.connection(conn_id), "login": user, "password": PASSWORD, **change})

    named = f"Connection {conn_id}: correct its user"
    with pytest.raises(AirflowFailException, match=named) as refused, airflow_endings():
        enter(conn_id)
    assert said in str(refused.value)
    assert "wrong" not in str(refused.value)


def enter(conn_id):
    with open_message_log() if conn_id == "message_log_db" else open_shop(Tables()):
        pass


@pytest.mark.parametrize("conn_id", ["message_log_db", "production_db"])
def test_a_server_that_is_down_is_worth_another_try(deployment, conn_id):
    deployment.connect(conn_id, {**deployment.connection(conn_id), "host": "127.0.0.1", "port": 1})

    with pytest.raises(AirflowException, match=f"^{conn_id}: OperationalError") as error, airflow_endings():
        enter(conn_id)
    assert not isinstance(error.value, AirflowFailException)


def test_a_task_that_sends_is_not_tried_again_where_its_database_lets_it_not_in(as_role, role, log_url):
    as_role("message_log_db", role("messages_user", log_url), password="wrong")
    batch = {"message_ids": [], "sender": "in"}
    sending = WhatsAppTemplateOperator(
        task_id="send_messages",
        tick=example_tick().to_xcom(),
        batch=batch,
    )

    with pytest.raises(AirflowFailException, match="Connection message_log_db: correct its user"):
        sending.execute(SimpleNamespace())
