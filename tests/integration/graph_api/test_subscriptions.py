"""Who hears of what, and where: callbacks, subscribed apps, overrides."""

from __future__ import annotations

import httpx
import pytest

from sandbox.graph_api.accounts import SANDBOX_APP_SECRET, SANDBOX_VERIFY_TOKEN
from sandbox.graph_api.server import running
from sandbox.graph_api.webhook_changes import FIELDS
from support.webhook_receiver import receiver

APP_TOKEN = f"311000000000001|{SANDBOX_APP_SECRET}"
SHOP_APP, SHOP_SECRET, SHOP_TOKEN = "311000000000099", "the-shops-secret", "the-shops-token"


@pytest.fixture
def other():
    with receiver("/elsewhere") as one:
        yield one


@pytest.fixture
def set_callback(graph):
    """Sets the sample app's callback as its owner can by the API; by default well."""

    def ask(token=APP_TOKEN, app_id="311000000000001", **given):
        whole = {
            "object": "whatsapp_business_account",
            "verify_token": SANDBOX_VERIFY_TOKEN,
            "fields": "messages,account_update",
            **given,
        }
        return graph.post(
            f"/{app_id}/subscriptions",
            json={key: value for key, value in whole.items() if value is not None},
            headers={"authorization": f"Bearer {token}"},
        )

    return ask


def error_of(answer):
    error = answer.json()["error"]
    return error["code"], error["message"]


def test_a_callback_is_asked_with_the_token_and_a_challenge(set_callback, ours):
    assert set_callback(callback_url=ours.url).json() == {"success": True}
    (asked,) = ours.asked
    assert asked.pop("hub.challenge").isdigit()
    assert asked == {"hub.mode": "subscribe", "hub.verify_token": SANDBOX_VERIFY_TOKEN}


def test_a_callback_is_read_back_until_it_is_taken_away(graph, set_callback, ours):
    def read():
        return graph.get("/311000000000001/subscriptions", params={"access_token": APP_TOKEN}, headers=no_header).json()

    no_header = {"authorization": ""}
    assert read() == {"data": []}
    set_callback(callback_url=ours.url)
    (subscription,) = read()["data"]
    assert (subscription["callback_url"], subscription["active"]) == (ours.url, True)
    assert [field["name"] for field in subscription["fields"]] == ["messages", "account_update"]
    graph.delete("/311000000000001/subscriptions", params={"access_token": APP_TOKEN}, headers=no_header)
    assert read() == {"data": []}


@pytest.mark.parametrize(
    ("challenge", "code", "said"),
    [
        ((403, "Forbidden"), 2200, "HTTP Status Code = 403; HTTP Message = Forbidden"),
        ((404, ""), 2200, "HTTP Status Code = 404; HTTP Message = Not Found"),
        ((201, "same"), 2200, "HTTP Status Code = 201; HTTP Message = Created"),
        ((200, "<!DOCTYPE html>"), 2201, 'received="<!DOCTYPE html>'),
        ((200, ""), 2201, "response does not match challenge"),
    ],
)
def test_a_callback_that_does_not_answer_well_is_refused(graph, set_callback, ours, challenge, code, said):
    ours.challenge = challenge
    refused = error_of(set_callback(callback_url=ours.url))
    assert refused[0] == code
    assert said in refused[1]
    assert graph.get(
        f"/311000000000001/subscriptions?access_token={APP_TOKEN}", headers={"authorization": ""}
    ).json() == {"data": []}


def test_a_callback_that_nobody_answers_is_refused(set_callback):
    with receiver() as gone:
        url = gone.url
    code, said = error_of(set_callback(callback_url=url))
    assert (code, "curl_errno" in said) == (2200, True)


def test_a_callback_with_another_verify_token_is_refused(set_callback, ours):
    ours.verify_token = "another"
    assert error_of(set_callback(callback_url=ours.url))[0] == 2200


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"callback_url": None}, 100),
        ({"callback_url": "ftp://example.com/x"}, 100),
        ({"callback_url": "http://"}, 100),
        ({"callback_url": "http://a:port/"}, 100),
        ({"verify_token": None}, 100),
        ({"fields": None}, 100),
        ({"fields": "messages,weather"}, 100),
        ({"object": "page"}, 100),
        ({"colour": "red"}, 100),
        ({"token": "sandbox-token-in-0123456789"}, 15),
        ({"app_id": "311000000000002"}, 100),
        ({"token": "311000000000001|wrong"}, 190),
    ],
)
def test_a_senseless_callback_is_refused(set_callback, ours, given, code):
    assert error_of(set_callback(**{"callback_url": ours.url, **given}))[0] == code
    assert ours.asked == []


def test_an_apps_own_token_sees_no_account(graph, india):
    answer = graph.get(f"/{india.waba_id}/subscribed_apps", headers={"authorization": f"Bearer {APP_TOKEN}"})
    assert answer.json()["error"]["error_subcode"] == 33


def test_an_app_is_subscribed_and_unsubscribed(graph, india):
    path = f"/{india.waba_id}/subscribed_apps"
    assert graph.get(path).json() == {"data": []}
    assert graph.post(path).json() == {"success": True}
    assert graph.post(path).json() == {"success": True}, "twice is once"
    shown = {
        "id": india.app_id,
        "name": "Sandbox app",
        "link": f"https://www.facebook.com/games/?app_id={india.app_id}",
    }
    assert graph.get(path).json() == {"data": [{"whatsapp_business_api_data": shown}]}
    assert graph.delete(path).json() == {"success": True}
    assert graph.get(path).json() == {"data": []}


def test_an_account_that_the_token_does_not_see_is_missing(api, graph):
    for ask in (graph.get, graph.post, graph.delete):
        answer = ask(f"/{api.accounts['AU'].waba_id}/subscribed_apps")
        assert (answer.status_code, answer.json()["error"]["error_subcode"]) == (400, 33)


def test_without_its_account_subscribed_nothing_comes(api, graph, india, send_template, ours):
    """The mistake that Meta makes easy: the callback is set and verified, and stays silent."""
    api.subscribe(ours.url, labels=[])
    send_template()
    assert api.sent_webhooks() == []
    graph.post(f"/{india.waba_id}/subscribed_apps")
    send_template()
    assert [status["status"] for webhook in api.sent_webhooks() for status in statuses(webhook)][:1] == ["sent"]


def statuses(webhook):
    return webhook["content"]["entry"][0]["changes"][0]["value"]["statuses"]


def test_a_field_that_the_app_does_not_want_is_not_told(api, india, send_template, ours):
    api.subscribe(ours.url, fields=["account_update"])
    send_template()
    api.webhook("account_alerts", india.waba_id)
    api.webhook("account_update", india.waba_id)
    assert [webhook["fields"] for webhook in api.sent_webhooks()] == [["account_update"]]


def test_all_apps_of_an_account_hear_of_everything_each_signed_with_its_secret(
    api, india, graph, send_template, ours, other
):
    api.freeze_clock()
    api.subscribe(ours.url)
    api.add_app(SHOP_APP, SHOP_SECRET, name="The shop", token=SHOP_TOKEN, waba_ids=[india.waba_id])
    api.subscribe(other.url, app_id=SHOP_APP, labels=[])
    shop = {"authorization": f"Bearer {SHOP_TOKEN}"}
    assert graph.post(f"/{india.waba_id}/subscribed_apps", headers=shop).json() == {"success": True}
    names = [
        one["whatsapp_business_api_data"]["name"]
        for one in graph.get(f"/{india.waba_id}/subscribed_apps").json()["data"]
    ]
    assert names == ["Sandbox app", "The shop"]
    send_template(biz_opaque_callback_data="row-1")
    api.sent_webhooks()
    assert ours.contents == other.contents
    assert [one["biz_opaque_callback_data"] for one in other.statuses()] == ["row-1"], "to any app: no secrets in it"
    assert ours.signed_with(SANDBOX_APP_SECRET) == [True]
    assert other.signed_with(SHOP_SECRET) == [True]


def test_a_rotated_secret_signs_from_then_on(api, india, ours):
    api.subscribe(ours.url)
    api.answer(india.phone_number_id, "+919812345678", "one")
    api.sent_webhooks()
    api.add_app(india.app_id, "the-next-secret")
    api.answer(india.phone_number_id, "+919812345678", "two")
    api.sent_webhooks()
    assert ours.signed_with("the-next-secret") == [False, True]


@pytest.fixture
def override(graph, india):
    """Names an address of the account's own."""

    def ask(url, token=SANDBOX_VERIFY_TOKEN):
        given = {"override_callback_uri": url, "verify_token": token}
        return graph.post(
            f"/{india.waba_id}/subscribed_apps", json={key: value for key, value in given.items() if value is not None}
        )

    return ask


def test_an_override_takes_the_accounts_messages_and_nothing_else(api, india, graph, override, ours, other):
    api.subscribe(ours.url)
    answer = override(other.url).json()
    assert answer["success"] is True
    assert answer["data"] == graph.get(f"/{india.waba_id}/subscribed_apps").json()["data"]
    assert answer["data"][0]["override_callback_uri"] == other.url
    api.answer(india.phone_number_id, "+919812345678", "from India")
    api.answer(api.accounts["AU"].phone_number_id, "+919812345678", "from Australia")
    api.webhook("account_update", india.waba_id)
    api.prefer(india.phone_number_id, "+919812345678", "stop")
    api.sent_webhooks()
    assert [message["text"]["body"] for message in other.messages()] == ["from India"]
    assert [message["text"]["body"] for message in ours.messages()] == ["from Australia"]
    assert len(ours.values("account_update")) == 1
    assert len(ours.values("user_preferences")) == 1


def test_to_subscribe_again_without_an_override_takes_it_away(api, india, graph, override, ours, other):
    api.subscribe(ours.url)
    override(other.url)
    assert graph.post(f"/{india.waba_id}/subscribed_apps").json() == {"success": True}
    api.answer(india.phone_number_id, "+919812345678", "Hello")
    api.sent_webhooks()
    assert (len(ours.messages()), len(other.messages())) == (1, 0)


def test_a_phone_numbers_override_goes_before_the_accounts(api, india, graph, override, ours, other):
    api.subscribe(ours.url)
    override(other.url)
    with receiver("/the-number's-own") as own:
        path = f"/{india.phone_number_id}"
        given = {"override_callback_uri": own.url, "verify_token": SANDBOX_VERIFY_TOKEN}
        assert graph.post(path, json={"webhook_configuration": given}).json() == {"success": True}
        read = graph.get(path, params={"fields": "webhook_configuration"}).json()
        assert read == {
            "id": india.phone_number_id,
            "webhook_configuration": {
                "phone_number": own.url,
                "whatsapp_business_account": other.url,
                "application": ours.url,
            },
        }
        api.answer(india.phone_number_id, "+919812345678", "one")
        api.sent_webhooks()
        graph.post(path, json={"webhook_configuration": {"override_callback_uri": ""}})
        api.answer(india.phone_number_id, "+919812345678", "two")
        api.sent_webhooks()
        assert [message["text"]["body"] for message in own.messages()] == ["one"]
    assert [message["text"]["body"] for message in other.messages()] == ["two"]
    assert ours.messages() == []


def test_an_override_may_have_200_characters(api, override, ours, other):
    api.subscribe(ours.url)
    longest = other.url + "x" * (200 - len(other.url))
    assert override(longest).status_code == 200
    assert error_of(override(longest + "x"))[0] == 100


@pytest.mark.parametrize("token", [None, ""])
def test_an_override_needs_a_verify_token(api, override, ours, other, token):
    api.subscribe(ours.url)
    assert error_of(override(other.url, token))[0] == 100
    assert other.asked == []


def test_an_override_that_does_not_answer_well_is_refused_and_changes_nothing(api, graph, india, override, ours, other):
    api.subscribe(ours.url, labels=[])
    other.challenge = (200, "hello")
    assert error_of(override(other.url))[0] == 2201
    assert graph.get(f"/{india.waba_id}/subscribed_apps").json() == {"data": []}


def test_an_override_needs_a_callback_of_the_app_for_messages(api, override, ours, other):
    sentence = (
        "(#100) Before override the current callback uri, your app must be subscribed to receive messages for WhatsApp "
        "Business Account"
    )
    assert error_of(override(other.url)) == (100, sentence)
    api.subscribe(ours.url, fields=["account_update"])
    assert error_of(override(other.url)) == (100, sentence)
    api.subscribe(ours.url)
    assert override(other.url).status_code == 200


@pytest.mark.parametrize(
    "given",
    [{}, {"webhook_configuration": "x"}, {"webhook_configuration": {}}, {"pin": "123456"}],
)
def test_a_phone_numbers_senseless_configuration_is_refused(graph, india, given):
    assert error_of(graph.post(f"/{india.phone_number_id}", json=given))[0] == 100


def test_a_phone_number_is_read(graph, india):
    assert graph.get(f"/{india.phone_number_id}").json() == {
        "id": india.phone_number_id,
        "verified_name": "JYT India",
        "display_phone_number": india.display_phone_number,
    }
    assert error_of(graph.get(f"/{india.phone_number_id}?fields=colour"))[0] == 100


def test_a_fault_can_be_ordered_for_a_subscription(api, graph, india):
    api.fail_next(200, operation="subscribe_app")
    assert error_of(graph.post(f"/{india.waba_id}/subscribed_apps"))[0] == 200
    assert graph.post(f"/{india.waba_id}/subscribed_apps").status_code == 200


def test_a_dashboard_that_is_told_nonsense_says_so(api, ours):
    ours.verify_token = "another"
    with pytest.raises(ValueError, match=r"409 .*\(#2200\) Callback verification failed"):
        api.subscribe(ours.url)
    with pytest.raises(ValueError, match="404"):
        api.subscribe(ours.url, app_id="1")


def test_the_program_subscribes_all_accounts_once_its_receiver_answers():
    with receiver() as late:
        late.challenge = (503, "")
        base = late.url.removesuffix("/partner-messages/webhook")
        with running(callback=base, status_delays="0,-,-") as api:
            late.challenge = None
            wait_until_subscribed(api)
            for _ in range(2):
                for account in api.accounts.values():
                    api.answer(account.phone_number_id, "+919812345678", account.label)
                api.sent_webhooks()
                api.reset()  # and it holds on
    assert [message["text"]["body"] for message in late.messages()].count("IN") == 2
    assert {message["text"]["body"] for message in late.messages()} == {"IN", "AU", "Europe"}
    assert all(asked["hub.verify_token"] == SANDBOX_VERIFY_TOKEN for asked in late.asked)


def wait_until_subscribed(api):
    """The program asks once a second; a question of ours is answered only after a round through its loop."""
    india = api.accounts["IN"]
    with httpx.Client(headers={"authorization": f"Bearer {india.token}"}, trust_env=False) as client:
        for _ in range(5_000):
            if client.get(f"{api.url}/v25.0/{api.accounts['IN'].waba_id}/subscribed_apps").json()["data"]:
                return
    pytest.fail("The program has not subscribed.")


def test_an_app_wants_everything_unless_it_says_otherwise(api, graph, ours):
    api.subscribe(ours.url)
    query = {"access_token": APP_TOKEN}
    fields = graph.get("/311000000000001/subscriptions", params=query, headers={"authorization": ""}).json()
    assert tuple(field["name"] for field in fields["data"][0]["fields"]) == FIELDS


def test_an_account_s_phone_numbers_are_listed(api, graph, india):
    answer = graph.get(f"/{india.waba_id}/phone_numbers", params={"fields": "id,verified_name"})
    other = graph.get(f"/{api.accounts['AU'].waba_id}/phone_numbers")

    assert answer.json() == {"data": [{"id": india.phone_number_id, "verified_name": india.verified_name}]}
    assert other.json()["error"]["error_subcode"] == 33
