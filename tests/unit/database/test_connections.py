"""Within a task a connection is asked for once, and between tasks it is asked for anew."""

from __future__ import annotations

import json

import pytest
from airflow.models import connection as models
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from whatsapp_provider.connections import connection_of, read_each_once


@pytest.fixture
def asked(monkeypatch):
    """The connections that Airflow was asked for."""
    asked = []

    def get_connection(conn_id):
        asked.append(conn_id)
        if conn_id == "missing":
            raise AirflowNotFoundException("no such connection")
        return Connection(conn_id=conn_id, conn_type="http", host=f"of {len(asked)}", extra=json.dumps({"a": 1}))

    monkeypatch.setattr(BaseHook, "get_connection", get_connection)
    return asked


def test_within_a_task_each_is_asked_for_once(asked):
    with read_each_once():
        hosts = [connection_of(conn_id).host for conn_id in ("one", "two", "one", "two")]

    assert (asked, hosts) == (["one", "two"], ["of 1", "of 2", "of 1", "of 2"])


def test_the_next_task_asks_anew(asked):
    for _ in range(2):
        with read_each_once():
            connection_of("one")

    assert asked == ["one", "one"]


def test_outside_of_tasks_nothing_is_kept(asked):
    assert [connection_of("one").host, connection_of("one").host] == ["of 1", "of 2"]


def test_one_that_is_missing_is_asked_for_again_it_may_have_been_made(asked):
    with read_each_once():
        for _ in range(2):
            with pytest.raises(AirflowNotFoundException):
                connection_of("missing")

    assert asked == ["missing", "missing"]


@pytest.mark.parametrize(
    ("extra", "expected"), [('{"a": 1}', {"a": 1}), ("", {}), (None, {}), ("no JSON", {}), ("[1]", {})]
)
def test_an_extra_that_is_no_object_is_empty(monkeypatch, extra, expected):
    made = Connection(conn_id="one", conn_type="http", extra=extra)
    monkeypatch.setattr(BaseHook, "get_connection", lambda conn_id: made)

    assert connection_of("one").extra_dejson == expected


def test_in_the_api_server_it_is_a_row_of_airflow_s_database(monkeypatch):
    row = models.Connection(conn_id="one", conn_type="http", host="h", port=1, password="secret", extra='{"a": 1}')
    monkeypatch.setattr(BaseHook, "get_connection", lambda conn_id: row)

    found = connection_of("one")

    assert (found.host, found.port, found.password, found.extra_dejson) == ("h", 1, "secret", {"a": 1})
