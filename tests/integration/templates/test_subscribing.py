"""The mode `subscribe`: Meta is asked who hears what happens on an account, and told where nobody of ours does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from partner_messages.ops.summarise import NeedsAnEngineer
from partner_messages.tasks.template_subscription import subscribe_account
from sandbox.graph_api.accounts import SANDBOX_VERIFY_TOKEN
from support.examples import sender
from support.raw_http import RawServer, raw_server
from support.webhook_receiver import receiver
from whatsapp_provider.api.management import template_api
from whatsapp_provider.api.management_errors import ManagementError

OURS, SHOP = "311000000000001", "999"
HOOK = "https://meta-to-us.example/partner-messages/webhook"
ELSEWHERE = "https://shop.example/hook"


@dataclass
class Meta:
    """An account at Meta, as far as it is asked.

    Attributes:
        apps: The subscribed apps, each with the address that overrides its own; a POST adds ours, unless it is `deaf`.
        deaf: Whether a POST does nothing.
        configuration: What is said of the number's addresses; None where the field is not known.
        refusal: An error that the number is answered with.
    """

    server: RawServer | None = None
    apps: dict[str, str | None] = field(default_factory=dict)
    deaf: bool = False
    configuration: dict[str, str] | None = field(default_factory=lambda: {"application": HOOK})
    refusal: dict[str, object] | None = None

    def answer(self, method: str, path: str) -> tuple[int, dict[str, object]]:
        if not path.partition("?")[0].endswith("/subscribed_apps"):
            if self.refusal:
                return 400, {"error": {"type": "OAuthException", "fbtrace_id": "A", **self.refusal}}
            known = {} if self.configuration is None else {"webhook_configuration": self.configuration}
            return 200, {"id": "111000000000001", **known}
        if method == "POST":
            if not self.deaf:
                self.apps[OURS] = None
            return 200, {"success": True}
        shown = [
            {
                "whatsapp_business_api_data": {"id": app, "name": "x"},
                **({"override_callback_uri": override} if override else {}),
            }
            for app, override in self.apps.items()
        ]
        return 200, {"data": shown}


@pytest.fixture
def meta(deployment):
    """An account whose apps and addresses a test sets."""
    account = Meta()

    def talk(server, client):
        while request := server.read_request(client):
            method, path, _ = request.decode().split(" ", 2)
            status, said = account.answer(method, path)
            body = json.dumps(said).encode()
            client.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    with raw_server(talk) as account.server:
        deployment.connect("whatsapp_in", {**deployment.connection("whatsapp_in"), "host": account.server.url})
        yield account


def subscribe(meta, app_id=OURS):
    of = sender(host=meta.server.url, app_id=app_id)
    with template_api(of, connect_timeout=5, read_timeout=5) as api:
        return subscribe_account(api, of, [of])


def asked(meta):
    requests = [request.decode().split(" ") for request in meta.server.received]
    return [method for method, path, *_ in requests if "subscribed_apps" in path]


def test_an_account_that_tells_only_the_shop_s_app_tells_ours_too(meta):
    meta.apps[SHOP] = None

    assert subscribe(meta) == 2
    assert [*meta.apps] == [SHOP, OURS]
    assert asked(meta) == ["GET", "POST", "GET"]


def test_what_is_subscribed_is_left_as_it_is(meta):
    meta.apps[OURS] = None

    assert subscribe(meta) == 1
    assert asked(meta) == ["GET", "GET"]


def test_an_account_that_would_be_silent_is_named(meta):
    meta.apps[SHOP] = None
    meta.deaf = True

    with pytest.raises(NeedsAnEngineer, match=r"Account 211000000000001 \(in\) would be silent"):
        subscribe(meta)


@pytest.mark.parametrize("apps", [[], [SHOP], [OURS]])
def test_without_an_app_id_nobody_can_say_which_app_is_ours_and_nothing_is_changed(meta, apps):
    meta.apps.update(dict.fromkeys(apps))

    with pytest.raises(NeedsAnEngineer, match=r'set extra "app_id" in whatsapp_in'):
        subscribe(meta, app_id=None)
    assert [*meta.apps] == apps


def test_an_account_whose_override_points_elsewhere_would_be_silent(meta):
    meta.apps[OURS] = ELSEWHERE
    meta.configuration["whatsapp_business_account"] = ELSEWHERE

    with pytest.raises(NeedsAnEngineer, match=f"would be silent.*{ELSEWHERE}.*override_callback_uri"):
        subscribe(meta)


def test_a_number_s_own_address_that_points_elsewhere_makes_it_silent_whatever_the_account_s_is(meta):
    meta.apps[OURS] = HOOK
    meta.configuration |= {"whatsapp_business_account": HOOK, "phone_number": ELSEWHERE}

    with pytest.raises(NeedsAnEngineer, match=f"would be silent.*{ELSEWHERE}.*webhook_configuration"):
        subscribe(meta)


def test_a_number_s_own_address_that_is_ours_goes_before_the_account_s(meta):
    meta.apps[OURS] = ELSEWHERE
    meta.configuration |= {"whatsapp_business_account": ELSEWHERE, "phone_number": HOOK}

    assert subscribe(meta) == 1


@pytest.mark.parametrize("overrides", [{}, {"whatsapp_business_account": ELSEWHERE}])
def test_an_app_whose_own_address_is_not_the_receiver_s_would_be_silent_too(meta, overrides):
    """Such as the shop's app, whose id somebody has entered."""
    meta.apps[OURS] = overrides.get("whatsapp_business_account")
    meta.configuration = {"application": ELSEWHERE, **overrides}

    with pytest.raises(NeedsAnEngineer, match=f"would be silent.*{ELSEWHERE}"):
        subscribe(meta)


def test_the_shop_s_own_override_is_the_shop_s(meta):
    meta.apps.update({SHOP: ELSEWHERE, OURS: None})

    assert subscribe(meta) == 2


def test_an_app_without_any_address_would_be_silent(meta):
    meta.configuration = {}

    with pytest.raises(NeedsAnEngineer, match=r"would be silent.*has no address"):
        subscribe(meta)


@pytest.mark.parametrize("refusal", [None, {"code": 100, "message": "Tried accessing nonexisting field"}])
def test_where_meta_does_not_tell_a_number_s_addresses_the_account_s_override_is_known_all_the_same(meta, refusal):
    meta.configuration, meta.refusal = None, refusal
    assert subscribe(meta) == 1

    meta.apps[OURS] = ELSEWHERE
    with pytest.raises(NeedsAnEngineer, match="override_callback_uri"):
        subscribe(meta)


def test_a_number_that_cannot_be_asked_is_no_good_number(meta):
    meta.refusal = {"code": 190, "message": "expired"}

    with pytest.raises(ManagementError):
        subscribe(meta)


def test_at_the_local_graph_api_a_number_whose_address_is_the_shop_s_is_named(graph_api, deployment):
    india = graph_api.accounts["IN"]
    with receiver() as ours, receiver("/the-shop-s") as shop:
        graph_api.subscribe(ours.url)
        of = sender(host=graph_api.url, app_id=india.app_id)
        with template_api(of, connect_timeout=5, read_timeout=5) as api:
            assert subscribe_account(api, of, [of]) == 1
            given = {"override_callback_uri": shop.url, "verify_token": SANDBOX_VERIFY_TOKEN}
            api._call("POST", india.phone_number_id, json_body={"webhook_configuration": given})
            with pytest.raises(NeedsAnEngineer, match=f"would be silent.*{shop.url}"):
                subscribe_account(api, of, [of])
