"""What Meta, or whoever answers in its place, says without end: it takes neither memory nor time without end."""

from __future__ import annotations

import functools
import gzip
import itertools
import json
import threading
import tracemalloc

import pytest

from partner_messages.deployment.live_settings import load_sender
from support.raw_http import answering, endless, raw_server, response
from whatsapp_provider.api import management, transport
from whatsapp_provider.api.answers import Accepted, NotSent, Unknown
from whatsapp_provider.api.deadline import Deadline
from whatsapp_provider.api.management import template_api
from whatsapp_provider.api.management_errors import Kind, ManagementError
from whatsapp_provider.hooks.whatsapp import MAX_ANSWER_BYTES

WAMID = b'{"messages": [{"id": "wamid.HBgM"}]}'
MEGABYTE = 1024 * 1024
MOST_MEMORY = 8 * MEGABYTE
"""What one answer may take beside the largest of its kind."""


ENDLESS = {
    "a body of 300 MB": endless(b"HTTP/1.1 200 OK\r\nContent-Length: 314572800\r\n\r\n" + WAMID, b" " * MEGABYTE),
    "a body without an end": endless(b"HTTP/1.1 200 OK\r\n\r\n" + WAMID, b" " * MEGABYTE),
    "chunks without an end": endless(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"
    ),
    "a bomb": answering(response("200 OK", gzip.compress(bytes(64 * MEGABYTE)), "Content-Encoding: gzip")),
    "a redirect's body": endless(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", b" " * MEGABYTE),
    "an error's body": endless(b"HTTP/1.1 400 Bad Request\r\n\r\n", b" " * MEGABYTE),
    "headers": endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"1" * 60_000 + b"\r\n"),
    "a header": endless(b"HTTP/1.1 200 OK\r\nX-More: ", b"1" * MEGABYTE),
    "promises of an answer": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}


@pytest.fixture
def little_memory():
    """Whatever the test does takes no more than MOST_MEMORY."""
    tracemalloc.start()
    try:
        yield
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MOST_MEMORY


@pytest.mark.parametrize("answer", ENDLESS)
def test_an_answer_without_end_leaves_a_message_unknown_and_takes_little_memory(
    make_hook, payload, little_memory, answer
):
    with raw_server(ENDLESS[answer]) as server:
        assert isinstance(make_hook(server.url).send_message(payload), Unknown)


def test_an_answer_may_be_as_long_as_that_and_no_longer(make_hook, payload):
    longest = response("200 OK", WAMID.ljust(MAX_ANSWER_BYTES))
    with raw_server(answering(longest, longest, response("200 OK", WAMID.ljust(MAX_ANSWER_BYTES + 1)))) as server:
        hook = make_hook(server.url)
        answers = [hook.send_message(payload) for _ in range(3)]

    assert [type(answer) for answer in answers] == [Accepted, Accepted, Unknown]
    assert "gave an answer that is longer than any of Meta's" in answers[2].reason
    assert server.accepted == 1


def test_a_packed_answer_is_unpacked(make_hook, payload):
    with raw_server(answering(response("200 OK", gzip.compress(WAMID), "Content-Encoding: gzip"))) as server:
        assert isinstance(make_hook(server.url).send_message(payload), Accepted)


# Time


def at_each_look(monkeypatch):
    """Let a second pass whenever somebody looks how much time is left; what is returned counts the looks."""
    looks, seconds = threading.Semaphore(0), itertools.count()

    def clock():
        looks.release()
        return next(seconds)

    monkeypatch.setattr(transport, "Deadline", functools.partial(Deadline, clock=clock))
    return looks


@pytest.mark.parametrize(
    "whole", [0, len(response("200 OK", WAMID)) - len(WAMID)], ids=["from the head on", "the body"]
)
def test_a_byte_now_and_then_does_not_hold_a_request_beyond_its_time(make_hook, payload, monkeypatch, whole):
    looks = at_each_look(monkeypatch)
    said = response("200 OK", WAMID)

    def talk(server, client):
        server.read_request(client)
        client.sendall(said[:whole])
        for byte in said[whole:]:
            looks.acquire()
            client.sendall(bytes([byte]))

    with raw_server(talk) as server:
        answer = make_hook(server.url, read_timeout=20).send_message(payload)
        looks.release(len(said))  # The server waits no longer for somebody who has left.

    assert isinstance(answer, Unknown)
    assert "did not answer in time" in answer.reason


def test_each_request_on_a_connection_has_the_whole_time(make_hook, payload, monkeypatch):
    at_each_look(monkeypatch)
    with raw_server(answering(*[response("200 OK", WAMID)] * 9)) as server:
        hook = make_hook(server.url, read_timeout=5)
        answers = [hook.send_message(payload) for _ in range(9)]

    assert {type(answer) for answer in answers} == {Accepted}
    assert server.accepted == 1


def test_a_proxy_that_talks_without_end_makes_no_connection(make_hook, payload, monkeypatch):
    at_each_look(monkeypatch)
    with raw_server(endless(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        answer = make_hook("https://graph.meta.test").send_message(payload)

    assert isinstance(answer, NotSent)


# Templates


def listing(*names):
    """A page of templates, each as large as Meta's largest."""
    padding = "x" * 10_000
    return json.dumps({"data": [{"name": name, "padding": padding} for name in names]}).encode()


@pytest.fixture
def asked(make_hook):
    """Ask a server for the templates of an account."""

    def ask(url):
        make_hook(url)
        with template_api(load_sender("in"), connect_timeout=5, read_timeout=10) as api:
            return api.list_templates(["name"])

    return ask


def test_a_page_of_templates_may_be_larger_than_an_answer_to_a_message(asked):
    names = [f"order_{number}" for number in range(4 * management.PAGE_SIZE)]
    page = listing(*names)
    assert MAX_ANSWER_BYTES < len(page) < management.MAX_ANSWER_BYTES

    with raw_server(answering(response("200 OK", page))) as server:
        assert [row["name"] for row in asked(server.url)] == names


@pytest.mark.parametrize("answer", ENDLESS)
def test_a_list_without_end_is_no_list(asked, answer, monkeypatch):
    monkeypatch.setattr(management, "MAX_ANSWER_BYTES", MAX_ANSWER_BYTES)  # A smaller one, for the sake of time.
    with raw_server(ENDLESS[answer]) as server, pytest.raises(ManagementError) as error:
        asked(server.url)

    assert error.value.kind is Kind.UNCLEAR
    assert server.accepted == 1
