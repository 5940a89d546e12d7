"""No log line, no exception and no row shows a phone number, a token or a message id in clear."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from support.deployment import Deployment
from support.log_rows import Log
from support.raw_http import answering, raw_server, response
from support.sending import SendTask, queue_messages

pytestmark = pytest.mark.usefixtures("whole_rate")

TOKEN = "EAAGm0PX4ZCpsBAKZCZBxyzSecretSecretSecret"
PHONE = "+919829012345"
DIGITS = re.compile(r"9829012345|829012345")


def quoting(code: int) -> bytes:
    """A refusal that quotes what it should not."""
    said = f"Malformed access token {TOKEN} for {PHONE}"
    error = f'{{"message": "{said}", "type": "OAuthException", "code": {code}, "fbtrace_id": "A"}}'
    return response("400 Bad Request", f'{{"error": {error}}}'.encode())


@pytest.mark.parametrize(
    "answer",
    [
        response("200 OK", b'{"messages": [{"id": "wamid.HBgMOTE5ODI5MDEyMzQ1FQIAERgSQUJDREVGMDEyMzQ1Njc4OTAxAA=="}]}'),
        quoting(190),
        quoting(131026),
        quoting(132001),
        quoting(80007),
        quoting(424242),
        response("502 Bad Gateway", f"<html>{PHONE} {TOKEN}</html>".encode()),
        response("407 Proxy Authentication Required", f"{PHONE} {TOKEN}".encode()),
        response("302 Found", b"", f"Location: /{PHONE}/{TOKEN}"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + f"{PHONE} {TOKEN}".encode(),
        f"{PHONE} {TOKEN}\r\n\r\n".encode(),
        b"",
    ],
    ids=[
        "taken",
        "190",
        "131026",
        "132001",
        "80007",
        "a new code",
        "502",
        "407",
        "302",
        "cut off",
        "no HTTP",
        "hung up",
    ],
)
def test_whatever_meta_answers(
    send: SendTask,
    log: Log,
    deployment: Deployment,
    caplog: pytest.LogCaptureFixture,
    answer: bytes,
) -> None:
    caplog.set_level(logging.DEBUG)
    with raw_server(answering(answer)) as server:
        sender = {**deployment.connection("whatsapp_in"), "host": server.url, "password": TOKEN}
        deployment.connect("whatsapp_in", sender)
        assert_nothing_is_said(lambda: send(queue_messages(log, to_phone=PHONE)), log, caplog)
    assert TOKEN.encode() in server.received[0]


def test_whatever_is_wrong_with_a_row(send: SendTask, log: Log, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    assert_nothing_is_said(lambda: send(queue_messages(log, to_phone=PHONE, template_name="gone_v1")), log, caplog)


@pytest.mark.parametrize("token", [f"{TOKEN}\n{TOKEN}", f"{TOKEN} ", f"{TOKEN}…"])
def test_whatever_is_wrong_with_a_token(
    send: SendTask, log: Log, deployment: Deployment, caplog: pytest.LogCaptureFixture, token: str, graph_api: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    deployment.connect("whatsapp_in", {**deployment.connection("whatsapp_in"), "password": token})

    assert_nothing_is_said(lambda: send(queue_messages(log, to_phone=PHONE)), log, caplog)


def assert_nothing_is_said(work: Callable[[], Any], log: Log, caplog: pytest.LogCaptureFixture) -> None:
    """Do the work, then look through all that was said of it."""
    said = ""
    try:
        work()
    except Exception as error:  # However it ends; what it says is what counts.
        said = "".join(traceback.format_exception(error))
    said += caplog.text
    said += str([(row["error_detail"], row["status"]) for row in log.execute("SELECT * FROM message_log")])

    assert TOKEN[8:] not in said
    assert not DIGITS.search(said)
    assert "HBgMOTE5" not in said
