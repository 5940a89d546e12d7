"""Airflow is told of answers, by its own API, if the receiver has a way to it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from partner_messages.config.schedule import ANSWERS_ASSET
from partner_messages.webhook.announcing import Announcer


@pytest.fixture
def airflow():
    """An API server as far as it is asked: what it was asked, and what it answers."""
    asked, answers = [], {"/auth/token": (201, {"access_token": "a token"}), "/api/v2/assets/events": (200, {"id": 1})}
    answers["/api/v2/assets"] = (200, {"assets": [{"id": 7, "uri": ANSWERS_ASSET}]})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(
                (self.command, path, query, self.headers.get("Authorization"), json.loads(body) if body else None)
            )
            status, answer = answers[path]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def do_GET(self):
            self.do_POST()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, asked, answers
    server.shutdown()
    server.server_close()


def connect(deployment, port, **more):
    plain = {"conn_type": "http", "host": "http://127.0.0.1", "port": port, "password": "secret"}
    deployment.connect("airflow_api", {**plain, **more})


def test_an_answer_raises_the_event_of_the_asset_with_a_user_s_token(deployment, airflow):
    port, asked, _ = airflow
    connect(deployment, port, login="ops")
    announcer = Announcer()
    announcer.answered()

    assert announcer.announce()
    assert [(method, path) for method, path, *_ in asked] == [
        ("POST", "/auth/token"),
        ("GET", "/api/v2/assets"),
        ("POST", "/api/v2/assets/events"),
    ]
    assert asked[0][4] == {"username": "ops", "password": "secret"}
    assert asked[2][3:] == ("Bearer a token", {"asset_id": 7})


def test_a_token_alone_is_used_as_it_is(deployment, airflow):
    port, asked, _ = airflow
    connect(deployment, port)
    announcer = Announcer()
    announcer.answered()

    assert announcer.announce()
    assert {authorization for *_, authorization, _ in asked} == {"Bearer secret"}


def test_many_answers_are_one_event_and_none_is_none(deployment, airflow):
    port, asked, _ = airflow
    connect(deployment, port)
    announcer = Announcer()

    assert not announcer.announce()
    for _ in range(3):
        announcer.answered()
        announcer.announce()
    assert [path for _, path, *_ in asked] == ["/api/v2/assets", "/api/v2/assets/events"]


def test_without_a_way_to_airflow_nobody_is_told_and_nothing_fails(deployment):
    announcer = Announcer()
    announcer.answered()

    assert not announcer.announce()


@pytest.mark.parametrize(
    "answer",
    [
        ("/api/v2/assets", (200, {"assets": []})),
        ("/api/v2/assets", (401, {})),
        ("/api/v2/assets/events", (403, {})),
    ],
    ids=["no DAG listens", "not let in", "not allowed"],
)
def test_an_airflow_that_cannot_be_told_is_told_of_in_the_log_without_the_secret(deployment, airflow, caplog, answer):
    port, _, answers = airflow
    connect(deployment, port)
    answers.update([answer])
    announcer = Announcer()
    announcer.answered()

    assert not announcer.announce()
    assert "Airflow was not told of answers" in caplog.text
    assert "secret" not in caplog.text
