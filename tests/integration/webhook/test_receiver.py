"""The receiver over HTTP: what is signed is stored before it is answered; everything else leaves no trace."""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import sys
import threading
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import partner_messages_plugin
from partner_messages.config.settings import SettingsError
from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.deployment.receiving import PATH, load_receiving
from partner_messages.webhook import app as webhook_app
from partner_messages.webhook import running as program
from partner_messages.webhook.app import MAX_BODY_BYTES, Receiver
from partner_messages.webhook.apply import MAX_BATCH_BYTES
from sandbox.airflow_env import PROJECT
from sandbox.graph_api.accounts import SANDBOX_APP_SECRET, SANDBOX_VERIFY_TOKEN
from sandbox.processes import pauses
from support.log_rows import put, row
from support.receiving import receiving
from support.webhooks import encoded, of_statuses, signed, status_item

SECRET = SANDBOX_APP_SECRET
TOKEN = SANDBOX_VERIFY_TOKEN
HOOK = PREFIX + PATH


@pytest.fixture
def hook(deployment):
    with receiving() as running:
        yield running


def stored(log):
    return log.execute("SELECT body, times_received, applied_at, errors FROM webhook_event ORDER BY id").fetchall()


def test_a_signed_webhook_is_stored_as_it_came_and_applied(hook, log):
    id_ = put(log, "sent", meta_message_id="wamid.A")
    body = of_statuses(status_item(status="delivered"), number=load_receiving().phone_number_ids()["in"])

    assert hook.post(body, signed(body, SECRET)) == 200
    assert bytes(stored(log)[0]["body"]) == body
    hook.receiver.applier.apply_once()
    assert row(log, id_)["status"] == "delivered"


@pytest.mark.parametrize("label", ["in", "au", "europe"])
def test_any_sender_s_secret_will_do(deployment, log, label):
    connection = deployment.connection(f"whatsapp_{label}")
    connection["extra"] = {**connection["extra"], "app_secret": f"the secret of {label}"}
    deployment.connect(f"whatsapp_{label}", connection)
    body = encoded({"text": "सामग्री देर से आई 🙏🏽"})

    with receiving() as hook:
        assert hook.post(body, signed(body, f"the secret of {label}")) == 200
    assert len(stored(log)) == 1


def test_two_secrets_count_while_one_is_rotated(deployment, log):
    connection = deployment.connection("whatsapp_in")
    connection["extra"] = {**connection["extra"], "app_secret_next": "the next one"}
    deployment.connect("whatsapp_in", connection)
    body = of_statuses(status_item())
    with receiving() as hook:
        assert [hook.post(body, signed(body, secret)) for secret in (SECRET, "the next one", "another")] == [
            200,
            200,
            401,
        ]


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[1]", b'{"object":"page","entry":[]}', b"\xff" * 99])
def test_what_is_signed_and_odd_is_stored_counted_and_taken(hook, log, body):
    assert hook.post(body, signed(body, SECRET)) == 200

    hook.receiver.applier.apply_once()
    (event,) = stored(log)
    assert bytes(event["body"]) == body
    assert event["applied_at"]
    assert len(event["errors"]) == 1


BODY = of_statuses(status_item())
GOOD = signed(BODY, SECRET)["X-Hub-Signature-256"]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Hub-Signature-256", GOOD), ("X-Hub-Signature-256", GOOD)],
        [("X-Hub-Signature-256", "sha256=" + "0" * 64)],
        [("X-Hub-Signature", GOOD)],
        [("Authorization", "Bearer x")],
    ],
)
def test_what_is_not_signed_is_turned_away_without_a_trace(hook, log, headers):
    assert hook.ask("POST", body=BODY, headers=headers).status == 401
    assert stored(log) == []


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
def test_what_is_encoded_is_not_read(hook, log, encoding):
    assert hook.post(BODY, {**signed(BODY, SECRET), "Content-Encoding": encoding}) == 415
    assert stored(log) == []


@pytest.mark.parametrize("encoding", ["identity", "", " ", "Identity, "])
def test_what_is_encoded_as_it_is_is_read(hook, encoding):
    assert hook.post(BODY, {**signed(BODY, SECRET), "Content-Encoding": encoding}) == 200


def test_four_mebibytes_are_taken_and_a_byte_more_is_not(hook, log):
    most = b" " * MAX_BODY_BYTES
    assert hook.post(most, signed(most, SECRET)) == 200
    assert hook.post(most + b" ", signed(most + b" ", SECRET)) == 413
    assert len(stored(log)) == 1


def test_a_body_that_does_not_say_its_size_is_cut_off_at_the_same(hook, log):
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    body = chunk * (MAX_BODY_BYTES // 0x10000 + 1) + b"0\r\n\r\n"

    assert hook.ask("POST", body=body, headers=[("Transfer-Encoding", "chunked")]).status == 413
    assert stored(log) == []


@pytest.mark.parametrize("size", ["9" * 15, str(MAX_BODY_BYTES + 1)])
def test_a_size_that_is_too_large_is_turned_away_before_the_body_is_read(hook, size):
    assert hook.ask("POST", body=b"", headers=[("Content-Length", size)]).status == 413


def test_too_many_wrong_signatures_are_told_to_wait_and_what_is_signed_never_is(hook, log):
    wrong = [hook.ask("POST", body=b"{}").status for _ in range(102)]

    assert wrong == [401] * 100 + [429] * 2
    assert hook.post(BODY, signed(BODY, SECRET)) == 200


def asked(**changes):
    plain = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "1158201444"}
    return f"{HOOK}?{urlencode({**plain, **changes})}"


def test_meta_s_verification_is_answered(hook):
    answer = hook.ask("GET", asked())

    assert (answer.status, answer.text) == (200, "1158201444")


@pytest.mark.parametrize(
    "path",
    [
        HOOK,
        asked(**{"hub.verify_token": "wrong"}),
        asked() + "&hub.challenge=2",
    ],
)
def test_every_other_question_is_not(hook, path):
    assert hook.ask("GET", path).status == 403


ELSEWHERE = [
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/redoc"),
    ("GET", "/openapi.json"),
    ("GET", f"{PREFIX}/docs"),
    ("GET", f"{PREFIX}/openapi.json"),
    ("POST", "/webhook"),
    ("POST", "/"),
    ("PUT", HOOK),
    ("DELETE", HOOK),
    ("PATCH", HOOK),
    ("OPTIONS", HOOK),
    ("HEAD", HOOK),
    ("POST", HOOK + "/"),
]


@pytest.mark.parametrize(("method", "path"), ELSEWHERE)
def test_without_a_signature_there_is_nothing_to_be_had_on_any_route(hook, log, method, path):
    answer = hook.ask(method, path, body=b"{}")

    assert answer.status in (401, 403, 404, 405)  # And no redirect, which would hold the token.
    assert "whatsapp" not in answer.text.lower()
    assert stored(log) == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_who_asks_by_another_method_is_told_those_that_there_are(hook, method):
    assert sorted(hook.ask(method).headers["Allow"].split(", ")) == ["GET", "HEAD", "POST"]


def test_a_head_is_answered_as_a_get_without_its_body(hook):
    answers = [hook.ask("HEAD", path) for path in (asked(), HOOK)]

    assert [(answer.status, answer.text) for answer in answers] == [(200, ""), (403, "")]


def test_each_answer_is_explained_in_the_code_and_in_the_docs():
    tables = [webhook_app.__doc__, (PROJECT / "docs/webhook.md").read_text(encoding="utf-8")]
    rows = [",".join(re.findall(r"^\| (\d{3}(?:, \d{3})*)", table, re.MULTILINE)) for table in tables]

    assert [{*re.findall(r"\d+", row)} for row in rows] == [{*map(str, webhook_app._ANSWER_TEXTS), "404", "405"}] * 2


def test_the_same_webhook_at_once_is_one_row(hook, log):
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.append(hook.post(BODY, signed(BODY, SECRET)))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 12
    assert [event["times_received"] for event in stored(log)] == [12]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    body=st.binary(max_size=300),
    headers=st.dictionaries(st.sampled_from(["X-Hub-Signature-256", "Accept"]), st.text("ab=0 ", max_size=9)),
)
def test_no_body_whatever_is_answered_with_an_error_of_ours(hook, log, body, headers):
    assert hook.ask("POST", body=body, headers=list(headers.items())).status in (401, 429)
    assert hook.post(body, signed(body, SECRET)) == 200


def test_nothing_of_a_secret_is_said(deployment):
    said = repr(load_receiving()) + repr(load_receiving().numbers)

    assert "secret" not in said.replace("app_secret", "")
    assert TOKEN not in said


def without_secrets(deployment):
    for label in ("in", "au", "europe"):
        connection = deployment.connection(f"whatsapp_{label}")
        extra = {key: value for key, value in connection["extra"].items() if key != "app_secret"}
        deployment.connect(f"whatsapp_{label}", {**connection, "extra": extra})


def test_without_any_secret_it_does_not_start(deployment, capsys):
    without_secrets(deployment)

    assert program.main(["--port", "0"]) == 1
    assert "No sender has an app secret" in capsys.readouterr().err


def test_a_mounted_one_without_a_secret_lets_meta_repeat_says_what_to_set_and_begins_when_it_is(
    deployment, log, caplog, monkeypatch
):
    monkeypatch.setattr(webhook_app, "REREAD_SECONDS", 0.05)
    connection = deployment.connection("whatsapp_in")
    without_secrets(deployment)
    with receiving() as hook:
        assert [hook.post(BODY, signed(BODY, secret)) for secret in ("", SECRET)] == [503, 503]
        assert {hook.ask("GET", path).status for path in (asked(), asked(**{"hub.verify_token": ""}))} == {503}
        assert 'set extra "app_secret" in a connection whatsapp_<label>' in caplog.text

        deployment.connect("whatsapp_in", connection)
        assert any(hook.post(BODY, signed(BODY, SECRET)) == 200 for _ in pauses(20))
    assert len(stored(log)) == 1


def test_it_needs_no_access_token_and_finds_its_senders_in_the_environment(deployment, monkeypatch):
    connection = deployment.connection("whatsapp_in")
    extra = json.dumps({key: value for key, value in connection["extra"].items() if key != "is_default"})
    deployment.set(senders=[])
    deployment.connect("whatsapp_in", {"conn_type": "http", "extra": extra})

    assert sorted(load_receiving().phone_number_ids()) == ["au", "europe", "in"]
    monkeypatch.setenv("PARTNER_MESSAGES_WEBHOOK_SENDERS", "in")
    assert list(load_receiving().phone_number_ids()) == ["in"]


def test_a_sender_without_a_connection_is_named(deployment, monkeypatch):
    monkeypatch.setenv("PARTNER_MESSAGES_WEBHOOK_SENDERS", "gone")

    with pytest.raises(SettingsError, match="no connection whatsapp_gone that this process can see"):
        load_receiving()


def test_a_secret_that_is_replaced_counts_without_a_restart_and_one_that_cannot_be_read_does_not_cost_the_old(
    deployment, monkeypatch
):
    found = [load_receiving(), RuntimeError("the backend is away")]

    def load():
        now = found.pop(0)
        if isinstance(now, Exception):
            raise now
        return now

    receiver = Receiver(load)
    first = receiver.receiving()
    receiver._read_at = -1e9

    assert receiver.receiving() is first


@pytest.mark.parametrize("applies", [True, False])
def test_a_running_receiver_reads_secrets_again_whoever_applies(deployment, log, monkeypatch, applies):
    monkeypatch.setattr(webhook_app, "REREAD_SECONDS", 0.05)
    with receiving(Receiver(applies=applies)) as hook:
        connection = deployment.connection("whatsapp_in")
        extra = {**connection["extra"], "app_secret_next": "the next one"}
        deployment.connect("whatsapp_in", {**connection, "extra": extra})

        assert any(hook.post(BODY, signed(BODY, "the next one")) == 200 for _ in pauses(20))


@pytest.mark.parametrize(
    ("mount", "command", "mounted"),
    [("1", "api-server", True), ("", "api-server", False), ("1", "scheduler", False), ("1", "tasks", False)],
)
def test_the_plugin_mounts_it_where_it_is_wanted_and_in_the_api_server_alone(monkeypatch, mount, command, mounted):
    monkeypatch.setenv("PARTNER_MESSAGES_MOUNT_WEBHOOK", mount)
    monkeypatch.setattr(sys, "argv", ["airflow", command])
    apps = partner_messages_plugin._apps()

    assert [app["url_prefix"] for app in apps] == (["/partner-messages"] if command == "api-server" else [])
    assert all((apps[0]["app"].routes[0].path == "/webhook") == mounted for app in apps)


def test_who_leaves_in_mid_body_leaves_nothing_in_the_log(hook, log, caplog):
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", hook.port)) as caller:
            caller.sendall(f"POST {HOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nhalf".encode())
            caller.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while caller.recv(1000):
                    pass

    assert hook.post(BODY, signed(BODY, SECRET)) == 200
    assert [line for line in caplog.messages if "xception" in line] == []
    assert len(stored(log)) == 1


def test_large_bodies_that_are_under_way_are_held_up_to_some_size_and_small_ones_pass(hook, log, monkeypatch):
    monkeypatch.setattr("partner_messages.webhook.app.MAX_BYTES_IN_PROGRESS", 2 * MAX_BATCH_BYTES)
    large = b" " * (MAX_BATCH_BYTES + 1)
    started = f"POST {HOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(large) + 1}\r\n\r\n".encode() + large
    with (
        socket.create_connection(("127.0.0.1", hook.port)) as one,
        socket.create_connection(("127.0.0.1", hook.port)) as other,
    ):
        one.sendall(started)
        other.sendall(started)
        first = select.select([one, other], [], [], 30)[0]

        assert [caller.recv(12) for caller in first] == [b"HTTP/1.1 503"]
        assert hook.post(BODY, signed(BODY, SECRET)) == 200
    assert len(stored(log)) == 1


@pytest.mark.parametrize("before", [b"", f"GET {HOOK} HTTP/1.1\r\nHost: x\r\n\r\n".encode()])
def test_half_of_a_request_is_not_waited_for_for_ever(deployment, monkeypatch, before):
    monkeypatch.setattr("partner_messages.webhook.idle_timeout.HEADER_TIMEOUT_SECONDS", 0.2)
    with receiving() as hook, socket.create_connection(("127.0.0.1", hook.port), timeout=5) as caller:
        caller.sendall(before + f"POST {HOOK} HTTP/1.1\r\nHost:".encode())
        while caller.recv(10_000):
            pass
