"""`dedup_key`: a message leaves at most once, whoever asks for it, and whatever goes wrong meanwhile."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from partner_messages.config.settings import LOG_POSITION_VARIABLE, parse_settings
from partner_messages.message_log import retention, sent_once
from partner_messages.message_log.migrations import read_migrations
from partner_messages.message_log.position import read_position
from sandbox.connections import connections
from support.deployment import TICK, Deployment
from whatsapp_provider.operators.whatsapp import WhatsAppSendTemplateOperator

PHONE = "+919829012345"
IDLE = "jyt_production_run_reminder_idle_v1"
MESSAGE = {"to": PHONE, "template": IDLE, "parameters": {number: f"value {number}" for number in "12345"}}


@pytest.fixture
def log_connection(monkeypatch, connect, log, log_url):
    """The message log's connection, beside `whatsapp_default`; returns how to change it."""
    deployed = Deployment(monkeypatch)
    plain = connections(shop_url="", message_log_url=log_url, graph_api_url="")["message_log_db"]
    deployed.connect("message_log_db", plain)
    return deployed


def run(key="order-17", *, dag_id="orders", run_id="manual__1", **changes):
    """Run a task of some DAG to its end; return the tracking id."""
    ti = SimpleNamespace(task_id="tell", map_index=-1)
    context = {"ti": ti, "dag_run": SimpleNamespace(dag_id=dag_id, run_id=run_id)}
    return WhatsAppSendTemplateOperator(task_id="tell", dedup_key=key, **{**MESSAGE, **changes}).execute(context)


def ending(key="order-17", **changes):
    """How a task ends that does not succeed: fails (or is tried again), and what it says."""
    with pytest.raises(AirflowException) as error:
        run(key, **changes)
    return "fails" if isinstance(error.value, AirflowFailException) else "is tried again", str(error.value)


def test_a_clear_another_run_and_another_dag_succeed_and_send_nothing(log_connection, sent, caplog):
    caplog.set_level("INFO")
    first = run()
    again = [run(), run(run_id="manual__2"), run(dag_id="other", template="not_there_any_more")]
    run("order-18")

    assert again == [first] * 3
    assert len(sent()) == 2
    assert 'dedup_key "order-17": sent before, on' in caplog.text
    assert "by DAG orders, run manual__1, task tell; nothing is sent now." in caplog.text


def test_of_many_at_once_one_sends(log_connection, graph_api, sent):
    graph_api.hang_next(operation="list_templates", times=3)
    with ThreadPoolExecutor(3) as pool:
        under_way = [pool.submit(run, run_id=f"manual__{number}") for number in range(3)]
        graph_api.wait_for_hanging(3)
        graph_api.release()
        errors = [error for one in under_way if (error := one.exception())]

    assert len(sent()) == 1
    assert len(errors) == 2
    assert all("another task has begun to send its message" in str(one) for one in errors)
    assert not any(isinstance(one, AirflowFailException) for one in errors)


def test_a_message_of_which_no_answer_came_is_never_sent_again(log_connection, graph_api, sent):
    graph_api.drop_next(operation="send_message", taken=True)
    lost = ending()

    assert lost[0] == "fails"
    assert "the message may have arrived" in lost[1]
    for changes in ({}, {"run_id": "manual__2"}):
        how, said = ending(**changes)
        assert how == "fails"
        assert re.search(r"left on .+ IST \(DAG orders, run manual__1, task tell\) and no answer came", said)
    assert len(sent()) == 1


@pytest.mark.parametrize(("minutes", "how"), [(0, "is tried again"), (3, "fails")])
def test_whose_process_ended_before_the_answer_is_waited_for_and_then_unknown(
    log_connection, log, monkeypatch, sent, minutes, how
):
    with monkeypatch.context() as killed:
        killed.setattr(sent_once.SentOnce, "settle", lambda *_: sys.exit("killed"))
        with pytest.raises(SystemExit):
            run()
    log.execute("UPDATE sent_once SET let_go_at = let_go_at - make_interval(mins => %s)", [minutes])

    assert ending()[0] == how
    assert len(sent()) == 1


@pytest.mark.parametrize(
    ("order", "how"),
    [
        (lambda api: api.fail_next(130429, operation="send_message"), "is tried again"),
        (lambda api: api.fail_next(131026, operation="send_message"), "fails"),
        (lambda api: api.fail_next(190, operation="list_templates"), "fails"),
    ],
)
def test_what_meta_has_certainly_not_taken_frees_its_key(log_connection, graph_api, log, order, how):
    order(graph_api)

    assert ending()[0] == how
    assert log.execute("SELECT 1 FROM sent_once").fetchall() == []
    run()


def test_a_key_stands_for_one_recipient(log_connection, sent):
    run()
    how, said = ending(to="+919829012346")

    assert how == "fails"
    assert "has stood for a message to another number" in said
    assert len(sent()) == 1


def test_what_cannot_be_written_down_counts_as_unknown(log_connection, log, sent, caplog):
    log.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$"
    )
    log.execute("CREATE TRIGGER full_disk BEFORE UPDATE OF outcome ON sent_once FOR EACH ROW EXECUTE FUNCTION refuse()")
    try:
        run()
    finally:
        log.execute("DROP FUNCTION refuse CASCADE")

    assert "what became of it is not in the message log, so it is not sent again" in caplog.text
    assert ending()[0] == "is tried again"
    assert len(sent()) == 1


class IsNotInstalled:
    def find_spec(self, name, *_):
        if name == "partner_messages":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_without_a_message_log_nothing_is_sent(log_connection, monkeypatch, sent):
    log_connection.disconnect("message_log_db")
    assert ending()[1] == (
        "dedup_key needs the connection message_log_db, which says where the message log is; add it, or leave dedup_key"
        " out."
    )

    monkeypatch.setitem(sys.modules, "partner_messages.message_log.sent_once", None)
    with pytest.raises(ModuleNotFoundError):
        run()  # Of this package something is missing, which is another matter.
    for name in ("partner_messages", "partner_messages.message_log", "partner_messages.message_log.sent_once"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [IsNotInstalled(), *sys.meta_path])
    assert ending()[1].startswith("dedup_key needs a message log, which the package partner-messages has: install it")
    assert ending(" ")[0] == "fails"
    assert sent() == []


def test_a_message_log_that_may_lack_what_was_sent_is_not_sent_from(log_connection, log, monkeypatch, sent):
    elsewhere = {**read_position(log).to_json(), "system_identifier": "1"}
    monkeypatch.setenv(f"AIRFLOW_VAR_{LOG_POSITION_VARIABLE.upper()}", json.dumps(elsewhere))

    how, said = ending()

    assert how == "fails"
    assert "is another database than the one that was written to before" in said
    assert sent() == []


def test_a_message_log_of_an_earlier_version_is_brought_up_to_date(log_connection, postgres, sent):
    url = postgres.create_database("before_keys")
    log_connection.connect(
        "message_log_db", connections(shop_url="", message_log_url=url, graph_api_url="")["message_log_db"]
    )

    assert run() == run()

    with psycopg.connect(url) as migrated:
        found = migrated.execute("SELECT max(number) FROM partner_messages.schema_migration").fetchone()
    assert found == (read_migrations()[-1].number,)
    assert len(sent()) == 1
    postgres.drop_database("before_keys")


def test_the_log_keeps_neither_key_nor_number_and_forgets_what_nobody_asks_for(log_connection, log, sent, caplog):
    key = f"welcome:{PHONE}"
    run(key)
    run(key)
    (row,) = log.execute("SELECT * FROM sent_once").fetchall()

    assert PHONE[1:] not in str(row) + caplog.text
    assert bytes(row["key"]) != key.encode()
    for days, left in ((399, 1), (401, 0)):
        log.execute("UPDATE sent_once SET asked_at = %s", [TICK - dt.timedelta(days=days)])
        retention.forget(log, TICK, parse_settings({"retain_days": 400}))
        assert len(log.execute("SELECT 1 FROM sent_once").fetchall()) == left
