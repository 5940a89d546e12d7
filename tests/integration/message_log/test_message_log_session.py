"""The session with the message log, and what its errors show."""

from __future__ import annotations

import contextlib
import json
import traceback

import pytest

from partner_messages.message_log import database
from partner_messages.message_log.database import MessageLogError, open_message_log
from partner_messages.message_log.queueing import write_drafts
from partner_messages.message_log.ticks import start_tick
from support.examples import draft, tick
from support.log_rows import Log, everything, put

ITALIAN = "+393331234567"


@pytest.fixture(autouse=True)
def _connection(monkeypatch: pytest.MonkeyPatch, log_url: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MESSAGE_LOG_DB", log_url)


def test_each_statement_is_kept_as_it_is_made(log: Log) -> None:
    with contextlib.suppress(KeyError), open_message_log() as connection:
        start_tick(connection, tick())
        raise KeyError("something else went wrong")

    assert log.execute("SELECT FROM tick").rowcount == 1


def test_the_session_ends_with_its_block() -> None:
    with open_message_log() as connection:
        assert database.rows(connection, "found", dag_run_id="run 1") == []

    assert connection.closed


@pytest.mark.parametrize("phone", [ITALIAN.removeprefix("+"), f"{ITALIAN} ", f"({ITALIAN})"])
def test_a_phone_number_that_postgresql_quotes_is_masked(phone: str) -> None:
    with pytest.raises(MessageLogError) as error, open_message_log() as connection:
        write_drafts(connection, tick(), [draft("R1", to_phone=phone, body_text="Ciao")])

    shown = "".join(traceback.format_exception(error.value))
    assert "3331234567" not in shown
    assert str(error.value).startswith("message_log_db: CheckViolation")
    assert "Failing row contains" in str(error.value)
    assert "•••••4567" in str(error.value)


def test_a_phone_number_in_a_unique_violation_is_masked(log: Log) -> None:
    log.execute("CREATE UNIQUE INDEX one_phone ON message_log (to_phone)")
    try:
        put(log, "sent", "R1", to_phone=ITALIAN)
        with pytest.raises(MessageLogError) as error, open_message_log() as connection:
            put(connection, "sent", "R2", to_phone=ITALIAN)
    finally:
        log.execute("DROP INDEX one_phone")

    assert "3331234567" not in str(error.value)
    assert "UniqueViolation" in str(error.value)
    assert [row["production_run_id"] for row in everything(log)] == ["R1"]


def test_a_database_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "x", "password": "s3cret"}
    monkeypatch.setenv("AIRFLOW_CONN_MESSAGE_LOG_DB", json.dumps(nowhere))

    with pytest.raises(MessageLogError, match="message_log_db: OperationalError") as error, open_message_log():
        pass

    assert "s3cret" not in str(error.value)
