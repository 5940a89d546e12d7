"""A request to Meta says what it must and nothing else, whatever the connection and the environment hold."""

from __future__ import annotations

import json
import socket

import pytest

from partner_messages.config.settings import SettingsError
from support.at_once import at_once
from support.raw_http import answering, raw_server, response
from whatsapp_provider.api.answers import Accepted

TOKEN = "sandbox-token-in-0123456789"
TAKEN = response("200 OK", b'{"messages": [{"id": "wamid.HBgM"}]}')


def headers_of(request):
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def no_such_name_but(port):
    """Name resolution that knows this machine alone, so that no test asks a name server."""
    real = socket.getaddrinfo

    def getaddrinfo(host, *rest, **more):
        if host == "127.0.0.1":
            return real(host, *rest, **more)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    return getaddrinfo


def test_it_carries_exactly_the_headers_it_needs(make_hook, payload, graph_api):
    hook = make_hook(graph_api.url)

    assert isinstance(hook.send_message(payload), Accepted)

    (seen,) = graph_api.requests()["last"]
    assert seen["path"] == "/v25.0/111000000000001/messages"
    assert seen["query"] == ""
    assert seen["body"] == payload
    assert sorted(map(tuple, seen["headers"])) == [
        ("accept", "application/json"),
        ("accept-encoding", "identity"),
        ("authorization", f"Bearer {TOKEN}"),
        ("content-length", str(len(json.dumps(payload)))),
        ("content-type", "application/json"),
        ("host", graph_api.url.removeprefix("http://")),
        ("user-agent", "airflow-provider-whatsapp"),
    ]


def test_a_netrc_file_has_no_say(make_hook, payload, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    with raw_server(answering(TAKEN)) as server:
        make_hook(server.url).send_message(payload)

    assert headers_of(server.received[0])["authorization"] == f"Bearer {TOKEN}"


def test_a_cookie_is_not_sent_back(make_hook, payload):
    cookie = response("200 OK", b'{"messages": [{"id": "wamid.HBgM"}]}', "Set-Cookie: seen=1; Path=/")
    with raw_server(answering(cookie, TAKEN)) as server:
        hook = make_hook(server.url)
        hook.send_message(payload)
        hook.send_message(payload)

    assert ["cookie" in headers_of(request) for request in server.received] == [False, False]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_never_reached_through_a_proxy(make_hook, payload, monkeypatch, host):
    with raw_server(answering(TAKEN)) as proxy, raw_server(answering(TAKEN)) as server:
        hook = make_hook(f"http://{host}:{server.port}")
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)

        assert isinstance(hook.send_message(payload), Accepted)

    assert (proxy.accepted, server.accepted) == (0, 1)


@pytest.mark.parametrize(("no_proxy", "through_it"), [("", True), ("elsewhere.test", True), (".meta.test", False)])
def test_meta_is_reached_through_the_proxy_of_the_environment(make_hook, payload, monkeypatch, no_proxy, through_it):
    monkeypatch.setenv("PARTNER_MESSAGES_TEST_HOSTS", "graph.meta.test")
    with raw_server(answering(TAKEN)) as proxy:
        monkeypatch.setattr("socket.getaddrinfo", no_such_name_but(proxy.port))
        hook = make_hook("http://graph.meta.test")
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", no_proxy)
        answer = hook.send_message(payload)

    assert isinstance(answer, Accepted) is through_it
    assert [request.split(b" ", 2)[1] for request in proxy.received] == (
        [b"http://graph.meta.test/v25.0/111000000000001/messages"] if through_it else []
    )


def test_white_space_around_a_token_is_no_part_of_it(make_hook, payload):
    with raw_server(answering(TAKEN)) as server:
        make_hook(server.url, password=f" {TOKEN}\n").send_message(payload)

    assert headers_of(server.received[0])["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("token", ["EAAGm0PX4ZCps\nBAKZCZBxyz", "EAAGm0PX4ZCps BAKZCZBxyz", "EAAGm0PX4ZCps…", " "])
def test_a_token_that_cannot_be_sent_is_found_before_anything_is(make_hook, token):
    with raw_server(answering(TAKEN)) as server:
        hook = make_hook(server.url, password=token)
        with pytest.raises(
            SettingsError, match=r"^whatsapp_in: the password must be the sender's access token"
        ) as error:
            hook.get_conn()

    assert "EAAG" not in str(error.value)
    assert server.accepted == 0


def test_the_session_cannot_be_changed_by_what_airflow_reads_from_an_extra(make_hook, payload):
    with raw_server(answering(TAKEN)) as proxy, raw_server(answering(TAKEN)) as server:
        hook = make_hook(server.url)
        hook.get_conn({"X-Secret": "1"}, {"proxies": {"http": proxy.url}, "verify": False})
        hook.send_message(payload)

    assert proxy.accepted == 0
    assert "x-secret" not in headers_of(server.received[0])


def test_many_requests_share_one_connection(make_hook, payload):
    with raw_server(answering(*[TAKEN] * 20)) as server:
        hook = make_hook(server.url)
        answers = [hook.send_message(payload) for _ in range(20)]

    assert all(isinstance(answer, Accepted) for answer in answers)
    assert (server.accepted, len(server.received)) == (1, 20)


def test_threads_use_no_more_connections_than_they_may(make_hook, payload):
    with raw_server(answering(*[TAKEN] * 100)) as server:
        hook = make_hook(server.url, connections_at_once=3)
        at_once(*[lambda: [hook.send_message(payload) for _ in range(10)]] * 6)

    assert len(server.received) == 60
    assert server.accepted <= 3


def test_a_closed_hook_opens_again_when_it_is_used_again(make_hook, payload):
    with raw_server(answering(TAKEN, TAKEN)) as server:
        hook = make_hook(server.url)
        hook.send_message(payload)
        hook.close()
        hook.close()
        hook.send_message(payload)

    assert server.accepted == 2
