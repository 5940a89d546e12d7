"""The connection type `whatsapp`: its form, its test, and what it needs not say."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema
import pytest

from whatsapp_provider.api.senders import sender_from_extra
from whatsapp_provider.connections import connection_of, sender_of
from whatsapp_provider.ends import SettingsError
from whatsapp_provider.hooks.whatsapp import WhatsAppHook
from whatsapp_provider.provider_info import get_provider_info

(FORM,) = get_provider_info()["connection-types"]
IDS = {"phone_number_id": "111000000000001", "waba_id": "211000000000001"}


def test_airflow_can_read_what_the_provider_says_of_itself():
    schema = json.loads(resources.files("airflow").joinpath("provider_info.schema.json").read_text())

    jsonschema.validate(get_provider_info(), schema)


def test_the_form_has_what_a_connection_may_have_and_hides_what_is_secret():
    fields = FORM["conn-fields"]
    extra = {**dict.fromkeys(fields, "1" * 12), "api_version": "v25.0", "messages_per_second": 80}
    hidden = {name for name, field in fields.items() if field["schema"].get("format") == "password"}

    assert sender_from_extra("x", "https://graph.facebook.com", True, extra).waba_id == "1" * 12
    assert hidden == {"app_secret", "app_secret_next", "webhook_verify_token"}
    assert all(field["label"] and field["description"] for field in fields.values())
    assert {name for name, field in fields.items() if "null" not in _types(field)} == {"phone_number_id", "waba_id"}
    assert FORM["connection-type"] == WhatsAppHook.conn_type


def _types(field):
    types = field["schema"]["type"]
    return [types] if isinstance(types, str) else types


def test_what_the_form_leaves_empty_has_its_default(connect):
    empty = dict.fromkeys(FORM["conn-fields"], "")
    connect(host="", extra={**empty, **IDS, "messages_per_second": None})

    sender = WhatsAppHook().sender

    assert (sender.host, sender.api_version, sender.messages_per_second) == ("https://graph.facebook.com", "v25.0", 80)
    assert (sender.conn_id, sender.app_id) == ("whatsapp_default", None)


@pytest.mark.parametrize("conn_id", ["whatsapp_in", "our_number"])
@pytest.mark.parametrize("conn_type", ["whatsapp", "http"])
def test_a_connection_of_either_type_and_any_name_is_one(connect, conn_type, conn_id):
    connect(conn_type=conn_type, conn_id=conn_id)

    sender = sender_of(connection_of(conn_id))

    assert (sender.conn_id, sender.phone_number_id) == (conn_id, "111000000000001")
    assert WhatsAppHook(conn_id).test_connection()[0]


def test_an_incomplete_connection_is_named_with_the_key(connect):
    connect(extra={"waba_id": "1"}, conn_id="our_number")

    with pytest.raises(SettingsError, match=r'^our_number: extra "phone_number_id" is missing'):
        _ = WhatsAppHook("our_number").sender


def test_the_test_says_the_number_s_name_quality_and_limit(connect):
    assert WhatsAppHook().test_connection() == (
        True,
        "JYT India (+91•••••0001): quality GREEN, limit 2,000 people in 24 hours.",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "***"}, "Airflow has sent *** in the place of the access token: type it again"),
        ({"password": "EAAG-another-token-0123456789"}, "token has expired or was revoked"),
        (
            {"extra": {**IDS, "phone_number_id": "999"}},
            "Meta knows no phone number of this id, or the token may not see it; compare phone_number_id",
        ),
        (
            {"extra": {**IDS, "waba_id": "999"}},
            "Meta knows no account of this id, or the token may not see it; compare waba_id",
        ),
        ({"extra": {**IDS, "waba_id": "211000000000002"}}, "compare waba_id in the connection"),
        ({"extra": {**IDS, "api_version": "v99.0"}}, "compare api_version and the host in the connection"),
        ({"extra": {**IDS, "api_version": "v20.0"}}, "raise api_version in the connection"),
        ({"extra": "phone_number_id=1"}, "whatsapp_default: the extra is not JSON"),
        ({"extra": '["phone_number_id"]'}, "whatsapp_default: the extra is not a JSON object"),
        ({"host": "http://127.0.0.1:1"}, "whatsapp_default: 127.0.0.1:1 was not reached: nothing answers there"),
        ({"extra": {}}, 'extra "phone_number_id" is missing'),
        ({"host": "http://graph.facebook.com"}, "the host must be the Graph API's https URL"),
    ],
)
def test_the_test_says_what_is_wrong_without_a_secret(connect, changes, said):
    connect(**changes)

    worked, sentence = WhatsAppHook().test_connection()

    assert not worked
    assert said in sentence
    assert "EAAG" not in sentence
    assert "sandbox-token" not in sentence


def test_a_number_of_another_account_is_said_though_the_token_sees_both(connect, graph_api):
    """Of the other account's templates none could be sent from this number."""
    accounts = ["211000000000001", "211000000000002"]
    graph_api.add_app("311000000000077", "another-secret", token="sees-two-accounts-0123456789", waba_ids=accounts)
    connect(password="sees-two-accounts-0123456789", extra={**IDS, "waba_id": accounts[1]})

    assert WhatsAppHook().test_connection() == (
        False,
        "whatsapp_default: the phone number is not one of the account's; compare phone_number_id and waba_id in the"
        " connection with WhatsApp Manager (API setup).",
    )


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_are_not_there_are_named_with_the_variable(connect, monkeypatch, name):
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "/nowhere/bundle.pem")

    with pytest.raises(SettingsError, match=f"^{name} names /nowhere/bundle.pem, which is not there"):
        WhatsAppHook().get_conn()
