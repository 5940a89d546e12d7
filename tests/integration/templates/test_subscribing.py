"""The mode `subscribe`: Meta is asked who hears what happens on an account, and told where nobody of ours does."""

from __future__ import annotations

import json

import pytest

from partner_messages.ops.summarise import NeedsAnEngineer
from partner_messages.tasks.template_subscription import subscribe_account
from support.examples import sender
from support.raw_http import raw_server
from whatsapp_provider.api.management import template_api

OURS, SHOP = "311000000000001", "999"


@pytest.fixture
def meta(deployment):
    """An account whose apps a test sets; a POST makes ours hear, unless it is deaf."""
    apps = []
    deaf = []

    def talk(server, client):
        while request := server.read_request(client):
            answer = {"data": [{"whatsapp_business_api_data": {"id": app, "name": "x"}} for app in apps]}
            if request.startswith(b"POST"):
                answer = {"success": True}
                if not deaf:
                    apps.append(OURS)
            body = json.dumps(answer).encode()
            client.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    with raw_server(talk) as server:
        deployment.connect("whatsapp_in", {**deployment.connection("whatsapp_in"), "host": server.url})
        yield server, apps, deaf


def subscribe(server, app_id=OURS):
    of = sender(host=server.url, app_id=app_id)
    with template_api(of, connect_timeout=5, read_timeout=5) as api:
        return subscribe_account(api, of)


def methods(server):
    return [request.split(b" ")[0].decode() for request in server.received]


def test_an_account_that_tells_only_the_shop_s_app_tells_ours_too(meta):
    server, apps, _ = meta
    apps.append(SHOP)

    assert subscribe(server) == 2
    assert apps == [SHOP, OURS]
    assert methods(server) == ["GET", "POST", "GET"]


def test_what_is_subscribed_is_left_as_it_is(meta):
    server, apps, _ = meta
    apps.append(OURS)

    assert subscribe(server) == 1
    assert methods(server) == ["GET", "GET"]


def test_an_account_that_would_be_silent_is_named(meta):
    server, apps, deaf = meta
    apps.append(SHOP)
    deaf.append(True)

    with pytest.raises(NeedsAnEngineer, match=r"Account 211000000000001 \(in\) would be silent"):
        subscribe(server)
