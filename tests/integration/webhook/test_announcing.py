"""Airflow is told of answers, by its own API, if the receiver has a way to it."""

from __future__ import annotations

import pytest

from partner_messages.config.schedule import ANSWERS_ASSET
from partner_messages.webhook.announcing import Announcer
from support.http_server import airflow_api


@pytest.fixture
def airflow():
    """An API server that has the asset, and lets its event be raised."""
    with airflow_api() as api:
        api.table["GET", "/api/v2/assets"] = [(200, {"assets": [{"id": 7, "uri": ANSWERS_ASSET}]})]
        api.table["POST", "/api/v2/assets/events"] = [(200, {"id": 1})]
        yield api


def connect(deployment, airflow, **more):
    host, _, port = airflow.url.rpartition(":")
    plain = {"conn_type": "http", "host": host, "port": int(port), "password": "secret"}
    deployment.connect("airflow_api", {**plain, **more})


def test_an_answer_raises_the_event_of_the_asset_with_a_user_s_token(deployment, airflow):
    connect(deployment, airflow, login="ops")
    announcer = Announcer()
    announcer.answered()

    assert announcer.announce()
    assert [(method, path) for method, path, *_ in airflow.asked] == [
        ("POST", "/auth/token"),
        ("GET", "/api/v2/assets"),
        ("POST", "/api/v2/assets/events"),
    ]
    assert airflow.asked[0][2] == {"username": "ops", "password": "secret"}
    assert airflow.asked[2][2:] == ({"asset_id": 7}, "Bearer a-token")


def test_a_token_alone_is_used_as_it_is(deployment, airflow):
    connect(deployment, airflow)
    announcer = Announcer()
    announcer.answered()

    assert announcer.announce()
    assert {authorization for *_, authorization in airflow.asked} == {"Bearer secret"}


def test_many_answers_are_one_event_and_none_is_none(deployment, airflow):
    connect(deployment, airflow)
    announcer = Announcer()

    assert not announcer.announce()
    for _ in range(3):
        announcer.answered()
        announcer.announce()
    assert [path for _, path, *_ in airflow.asked] == ["/api/v2/assets", "/api/v2/assets/events"]


def test_without_a_way_to_airflow_nobody_is_told_and_nothing_fails(deployment):
    announcer = Announcer()
    announcer.answered()

    assert not announcer.announce()


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/api/v2/assets", 200, {"assets": []}),
        ("GET", "/api/v2/assets", 401, {}),
        ("POST", "/api/v2/assets/events", 403, {}),
    ],
    ids=["no DAG listens", "not let in", "not allowed"],
)
def test_an_airflow_that_cannot_be_told_is_told_of_in_the_log_without_the_secret(
    deployment, airflow, caplog, method, path, status, said
):
    connect(deployment, airflow)
    airflow.table[method, path] = [(status, said)]
    announcer = Announcer()
    announcer.answered()

    assert not announcer.announce()
    assert "Airflow was not told of answers" in caplog.text
    assert "secret" not in caplog.text
