"""Sent, refused, not sent or unknown: what a hook says when Meta, or the way to it, misbehaves."""

from __future__ import annotations

import socket
import ssl

import pytest

from support.raw_http import answering, raw_server, reset, response, with_certificate
from whatsapp_provider.api.answers import Accepted, NotSent, Refused, Unknown

WAMID = b'{"messages": [{"id": "wamid.HBgM"}]}'


# Meta itself, as the local Graph API plays it


def test_a_message_that_meta_takes_is_accepted(make_hook, payload, graph_api):
    answer = make_hook(graph_api.url).send_message(payload)

    assert isinstance(answer, Accepted)
    assert answer.message_status == "accepted"
    assert [message["id"] for message in graph_api.outbox()] == [answer.message_id]


def test_a_refusal_is_metas_own_word_whatever_its_status(make_hook, payload, graph_api):
    graph_api.fail_next(131026, status=500, retry_after="7", details="Not to +919829012345")

    assert make_hook(graph_api.url).send_message(payload) == Refused(131026, None, "Not to +91•••••2345", 7)


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("fault", ["drop_next", "babble_next", "forget_id_next"])
def test_an_answer_that_says_nothing_leaves_it_unknown(make_hook, payload, graph_api, fault, taken):
    getattr(graph_api, fault)(taken=taken)

    assert isinstance(make_hook(graph_api.url).send_message(payload), Unknown)


@pytest.mark.parametrize("taken", [True, False])
def test_an_answer_that_does_not_come_in_time_leaves_it_unknown(make_hook, payload, graph_api, taken):
    graph_api.hang_next(taken=taken)

    answer = make_hook(graph_api.url, read_timeout=0.2).send_message(payload)

    assert isinstance(answer, Unknown)
    assert len(graph_api.outbox()) == taken


def test_a_hook_goes_on_after_a_connection_was_cut(make_hook, payload, graph_api):
    graph_api.drop_next()
    hook = make_hook(graph_api.url)

    assert [type(hook.send_message(payload)) for _ in range(3)] == [Unknown, Accepted, Accepted]


# The way to Meta


def hang_up(server, client):
    server.read_request(client)


def cut(server, client):
    server.read_request(client)
    reset(client)


def cut_while_reading(server, client):
    client.recv(1)
    reset(client)


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(hang_up, id="hangs up"),
        pytest.param(cut, id="resets"),
        pytest.param(cut_while_reading, id="resets before it has read everything"),
        pytest.param(answering(b"HTTP/1.1 200 OK\r\nContent-Le"), id="ends within the headers"),
        pytest.param(answering(response("200 OK", WAMID)[:-5]), id="ends within the body"),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n24\r\n" + WAMID[:9]),
            id="ends within a chunk",
        ),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), id="says nonsense for a chunk"
        ),
        pytest.param(answering(response("200 OK", WAMID, "Content-Encoding: gzip")), id="is not packed as it says"),
        pytest.param(answering(b"SSH-2.0-OpenSSH_9.6\r\n"), id="speaks something else"),
        pytest.param(answering(response("503 Service Unavailable", b"<html>Sorry</html>")), id="is a proxy's page"),
        pytest.param(answering(response("504 Gateway Timeout", b"")), id="is a gateway's time-out"),
        pytest.param(answering(response("200 OK", b"")), id="is empty"),
        pytest.param(answering(response("204 No Content", b"")), id="has no content"),
    ],
)
def test_what_happens_after_the_request_was_written_leaves_it_unknown(make_hook, payload, talk):
    with raw_server(talk) as server:
        answer = make_hook(server.url).send_message(payload)

    assert isinstance(answer, Unknown)
    assert server.accepted == 1


def test_an_answer_that_stops_coming_leaves_it_unknown(make_hook, payload):
    def stall(server, client):
        server.read_request(client)
        client.sendall(response("200 OK", WAMID)[:-5])
        server.read_request(client)  # Which does not come.

    with raw_server(stall) as server:
        assert isinstance(make_hook(server.url, read_timeout=0.2).send_message(payload), Unknown)


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
@pytest.mark.parametrize("location", ["/elsewhere", "http://[", "mailto:nobody"])
def test_a_redirect_is_not_followed(make_hook, payload, status, location):
    redirect = response(status, b"", f"Location: {location}")
    with raw_server(answering(redirect, redirect)) as server:
        answer = make_hook(server.url).send_message(payload)

    assert isinstance(answer, NotSent)
    assert (server.accepted, len(server.received)) == (1, 1)


@pytest.mark.parametrize("status", ["403 Forbidden", "407 Proxy Authentication Required", "429 Too Many Requests"])
def test_what_somebody_on_the_way_turns_away_was_not_sent(make_hook, payload, status):
    with raw_server(answering(response(status, b"<html>No</html>", "Retry-After: 9"))) as server:
        assert make_hook(server.url).send_message(payload) == NotSent(
            f"HTTP {status[:3]} from something between here and Meta", 9
        )


# No connection


def test_a_refused_connection_means_not_sent(make_hook, payload):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    assert isinstance(make_hook(f"http://127.0.0.1:{port}").send_message(payload), NotSent)


def test_a_name_that_nobody_knows_means_not_sent(make_hook, payload, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    hook = make_hook("https://graph.invalid")
    monkeypatch.setattr("socket.getaddrinfo", unknown)

    assert isinstance(hook.send_message(payload), NotSent)


def test_a_connection_that_is_not_made_in_time_means_not_sent(make_hook, payload):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        # As many as the kernel queues for somebody who never accepts; it answers no further one.
        waiting = [socket.socket() for _ in range(4)]
        try:
            for client in waiting:
                client.setblocking(False)
                client.connect_ex(address)
            hook = make_hook(f"http://127.0.0.1:{address[1]}", connect_timeout=0.2)
            answer = hook.send_message(payload)
        finally:
            for client in waiting:
                client.close()

    assert isinstance(answer, NotSent)
    assert "no connection came about in time" in answer.reason


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(answering(response("407 Proxy Authentication Required", b"")), id="refuses"),
        pytest.param(answering(response("502 Bad Gateway", b"")), id="finds no way"),
        pytest.param(hang_up, id="hangs up"),
        pytest.param(answering(response("200 OK", b"")), id="leads to nobody who speaks TLS"),
    ],
)
def test_a_proxy_that_makes_no_connection_means_not_sent(make_hook, payload, monkeypatch, talk):
    with raw_server(talk) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        answer = make_hook("https://graph.meta.test").send_message(payload)

    assert isinstance(answer, NotSent)
    assert proxy.received[0].startswith(b"CONNECT graph.meta.test:443 ")


@pytest.fixture
def tls(picture_certificate):
    """Run raw servers that speak TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(picture_certificate)
    return lambda talk: raw_server(with_certificate(talk, context))


def test_a_server_that_cannot_prove_who_it_is_gets_no_request(make_hook, payload, tls):
    with tls(answering(response("200 OK", WAMID))) as server:
        answer = make_hook(f"https://localhost:{server.port}").send_message(payload)

    assert isinstance(answer, NotSent)
    assert server.received == []


def test_a_companys_own_authority_is_trusted_where_the_environment_names_it(
    make_hook, payload, tls, picture_certificate, monkeypatch
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(picture_certificate))
    with tls(answering(response("200 OK", WAMID))) as server:
        answer = make_hook(f"https://localhost:{server.port}").send_message(payload)

    assert isinstance(answer, Accepted)


def test_what_breaks_after_the_handshake_leaves_it_unknown(make_hook, payload, tls, picture_certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(picture_certificate))
    with tls(hang_up) as server:
        answer = make_hook(f"https://localhost:{server.port}").send_message(payload)

    assert isinstance(answer, Unknown)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(lambda server, client: client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), id="no TLS at all"),
        pytest.param(lambda server, client: client.recv(1), id="hangs up"),
        pytest.param(cut_while_reading, id="resets"),
    ],
)
def test_a_handshake_that_fails_means_not_sent(make_hook, payload, talk):
    with raw_server(talk) as server:
        assert isinstance(make_hook(f"https://127.0.0.1:{server.port}").send_message(payload), NotSent)


def test_a_handshake_that_takes_too_long_means_not_sent(make_hook, payload):
    def listen_only(server, client):
        while client.recv(65536):
            pass

    with raw_server(listen_only) as server:
        answer = make_hook(f"https://127.0.0.1:{server.port}", connect_timeout=0.2, read_timeout=60).send_message(
            payload
        )

    assert isinstance(answer, NotSent)


def test_a_payload_that_is_no_json_means_not_sent(make_hook, graph_api):
    assert isinstance(make_hook(graph_api.url).send_message({"to": object()}), NotSent)
    assert graph_api.requests()["total"] == 0
