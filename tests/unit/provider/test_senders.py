"""Senders as their connections describe them, and which one writes to whom."""

from __future__ import annotations

import dataclasses

import pytest

from partner_messages.config.settings import SettingsError
from partner_messages.recipients.sender_choice import choose_sender
from whatsapp_provider.api.senders import AIRFLOW_HTTP_EXTRAS, Sender, sender_from_extra

HOST = "https://graph.facebook.com"
LEAST = {"phone_number_id": "106540352242922", "waba_id": "102290129340398"}


def sender(**extra):
    return sender_from_extra("in", HOST, True, {**LEAST, **extra})


def test_a_full_connection_becomes_a_sender():
    extra = {
        **LEAST,
        "api_version": "v26.0",
        "label": "IN",
        "country_codes": ["+91"],
        "is_default": True,
        "platform_id": "01JAB",
        "app_id": "670843887433847",
        "app_secret": "s3cret-s3cret",
        "webhook_verify_token": "t0ken",
        "messages_per_second": 20.5,
        "languages": ["en", "hi-IN", "pt-br"],
    }
    assert sender_from_extra("in", f"{HOST}/", True, extra) == Sender(
        label="in",
        platform_label="IN",
        conn_id="whatsapp_in",
        host=HOST,
        phone_number_id="106540352242922",
        waba_id="102290129340398",
        api_version="v26.0",
        country_codes=("+91",),
        is_default=True,
        platform_id="01JAB",
        languages=("en", "hi_IN", "pt_BR"),
        messages_per_second=20.5,
        app_id="670843887433847",
    )


def test_a_sender_holds_no_secret():
    shown = repr(sender(app_secret="s3cret-s3cret", webhook_verify_token="t0ken"))
    assert "s3cret-s3cret" not in shown
    assert "t0ken" not in shown


def test_what_is_not_said_has_a_default():
    least = sender()
    assert (least.platform_label, least.api_version, least.messages_per_second) == ("in", "v25.0", 80)
    assert (least.country_codes, least.is_default, least.platform_id, least.app_id) == ((), False, None, None)


@pytest.mark.parametrize(
    ("country_codes", "languages"),
    [([], ("en",)), (["+61"], ("en",)), (["+91"], ("en", "hi")), (["91"], ("en", "hi")), (["+39", 91], ("en", "hi"))],
)
def test_a_sender_for_india_speaks_hindi_too(country_codes, languages):
    assert sender(country_codes=country_codes).languages == languages


def test_country_codes_may_lack_the_plus_and_ids_may_be_numbers():
    one = sender(country_codes=["91", "+61", 39], phone_number_id=123, waba_id=456)
    assert one.country_codes == ("+91", "+61", "+39")
    assert (one.phone_number_id, one.waba_id) == ("123", "456")


@pytest.mark.parametrize("key", sorted(AIRFLOW_HTTP_EXTRAS))
def test_the_extras_of_airflows_http_hook_are_left_alone(key):
    assert sender(**{key: True}) == sender()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"phone_number_id": ...}, 'extra "phone_number_id" is missing; set it to Meta\'s id of the number'),
        ({"waba_id": ...}, 'extra "waba_id" is missing'),
        ({"phone_number": "1"}, 'extra "phone_number" is not known; the known keys are phone_number_id, waba_id'),
        ({"phone_number_id": "+91 98290 12345"}, 'extra "phone_number_id" must be Meta\'s id of the number (not'),
        ({"phone_number_id": ""}, 'extra "phone_number_id" must be'),
        ({"phone_number_id": "1/../2"}, 'extra "phone_number_id" must be'),
        ({"waba_id": True}, 'extra "waba_id" must be'),
        ({"api_version": "25"}, 'extra "api_version" must be a Graph API version such as "v25.0"'),
        ({"country_codes": "+91"}, 'extra "country_codes" must be a list of prefixes such as ["+91"]'),
        ({"country_codes": ["0091"]}, 'extra "country_codes" must be'),
        ({"country_codes": ["IN"]}, 'extra "country_codes" must be'),
        ({"is_default": "perhaps"}, 'extra "is_default" must be true or false'),
        ({"messages_per_second": 0}, 'extra "messages_per_second" must be a number above 0'),
        ({"messages_per_second": -1}, 'extra "messages_per_second" must be'),
        ({"messages_per_second": "inf"}, 'extra "messages_per_second" must be'),
        ({"languages": "en"}, 'extra "languages" must be a list of template languages'),
        ({"languages": []}, 'extra "languages" must be a list of template languages'),
        ({"languages": ["hindi"]}, 'extra "languages" must be a list of template languages'),
        ({"languages": ["hi"]}, 'extra "languages" must contain "en"'),
        ({"platform_id": ""}, 'extra "platform_id" must be'),
        ({"platform_id": "01J\0"}, 'extra "platform_id" must be'),
        ({"label": "IN\nAU"}, 'extra "label" must be'),
        ({"is_default": 1}, 'extra "is_default" must be true or false'),
        ({"is_default": "yes"}, 'extra "is_default" must be true or false'),
        ({"messages_per_second": True}, 'extra "messages_per_second" must be'),
        ({"messages_per_second": "80"}, 'extra "messages_per_second" must be'),
        ({"messages_per_second": 1e300}, 'extra "messages_per_second" must be'),
        ({"messages_per_second": float("nan")}, 'extra "messages_per_second" must be'),
        ({"waba_id": "../me"}, 'extra "waba_id" must be'),
        ({"api_version": "v25.0/../me"}, 'extra "api_version" must be'),
    ],
)
def test_what_is_wrong_is_named_with_its_connection_and_key(extra, said):
    full = {key: value for key, value in {**LEAST, **extra}.items() if value is not ...}
    with pytest.raises(SettingsError) as error:
        sender_from_extra("in", HOST, True, full)
    assert str(error.value).startswith(f"whatsapp_in: {said}")
    assert str(error.value).endswith(".")


@pytest.mark.parametrize(
    "host",
    [
        *(None, "", "graph.facebook.com", "//graph.facebook.com", "ftp://graph.facebook.com"),
        *("https://", "https:///v25.0"),
        # in clear
        *("http://graph.facebook.com", "HTTP://graph.facebook.com", "http://127.0.0.1.example", "http://10.0.0.1"),
        # with somebody's password, or more than a path
        *("https://user:s3cr3t@graph.facebook.com", "https://s3cr3t@graph.facebook.com", "https://@graph.facebook.com"),
        *("https://graph.facebook.com?to=s3cr3t", "https://graph.facebook.com/#s3cr3t"),
        "https://graph.facebook.com/{{1}}",
        # what is not seen
        *("https://graph.facebook.com\n", "https://graph.\tfacebook.com", " https://graph.facebook.com"),
        *("https://graph.facebook.com\r\nX-More: 1", "https://graph.facebook.com\0"),
        "https://graph.facebook\u200b.com",
        *("https:\\\\graph.facebook.com", "https://[::1", "https://graph.facebook.com:port"),
    ],
)
def test_a_host_that_is_not_safe_is_refused_and_not_quoted(host):
    with pytest.raises(
        SettingsError, match=r"^whatsapp_in: the host must be .* https://graph\.facebook\.com\.$"
    ) as error:
        sender_from_extra("in", host, True, LEAST)
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize(
    "host",
    [
        *("https://graph.facebook.com/", "https://gateway.example:8443/meta", "http://127.0.0.1:8090"),
        *("http://[::1]:1", "http://localhost:8090", "http://demo-graph-api:8090", "http://Demo-Graph-API"),
    ],
)
def test_http_is_for_this_machine_and_for_the_hosts_of_a_test_system(host):
    assert sender_from_extra("in", host, True, LEAST, {"demo-graph-api"}).host == host.rstrip("/")


def test_a_missing_token_is_an_error():
    with pytest.raises(
        SettingsError, match=r"^whatsapp_in: the password is missing; set it to the sender's access token"
    ):
        sender_from_extra("in", HOST, False, LEAST)


def test_an_error_never_quotes_a_value():
    with pytest.raises(SettingsError) as error:
        sender(app_secret=["s3cret-s3cret"])
    chain = [error.value]
    while chain[-1].__context__ is not None:
        chain.append(chain[-1].__context__)
    assert not any("s3cret-s3cret" in f"{one} {one!r}" for one in chain)


def configured(label, *codes, platform_id=None, is_default=False):
    return dataclasses.replace(
        sender(), label=label, country_codes=codes, platform_id=platform_id, is_default=is_default
    )


INDIA = configured("in", "+91", platform_id="spfm_in")
RAJASTHAN = configured("rj", "+91141", "+91291", platform_id="spfm_rj")
AUSTRALIA = configured("au", "+61", platform_id="spfm_au")
EUROPE = configured("eu", "+39", "+33", platform_id="spfm_eu", is_default=True)
ALL = (AUSTRALIA, INDIA, RAJASTHAN, EUROPE)


@pytest.mark.parametrize(
    ("phone", "pinned", "senders", "expected"),
    [
        pytest.param("+919829012345", "spfm_au", ALL, AUSTRALIA, id="the pinned sender goes first"),
        pytest.param("+919829012345", "spfm_gone", ALL, INDIA, id="one that is gone pins nothing"),
        pytest.param("+919829012345", "", ALL, INDIA, id="nor does an empty pin"),
        pytest.param("+919829012345", None, ALL, INDIA, id="the matching prefix"),
        pytest.param("+911412345678", None, ALL, RAJASTHAN, id="the longest matching prefix"),
        pytest.param("+33612345678", None, ALL, EUROPE, id="any of a sender's prefixes"),
        pytest.param("+14155552671", None, ALL, EUROPE, id="no prefix: the default"),
        pytest.param("+14155552671", None, (AUSTRALIA, INDIA), AUSTRALIA, id="no default: the first"),
        pytest.param("+919829012345", None, (INDIA, configured("in2", "+91")), INDIA, id="of equals the first"),
        pytest.param("+919829012345", None, (), None, id="no senders"),
    ],
)
def test_the_sender_is_pinned_or_nearest_or_default_or_first(phone, pinned, senders, expected):
    assert choose_sender(phone, pinned, senders) == expected


def test_a_sender_without_a_platform_id_is_never_pinned():
    assert choose_sender("+61412345678", "", (configured("x"), AUSTRALIA)) == AUSTRALIA


@pytest.mark.parametrize("name", ["app_secret", "app_secret_next"])
@pytest.mark.parametrize("secret", [" ", "a", " " * 32, "0123456789a"])
def test_what_anybody_could_guess_is_no_app_secret(name, secret):
    with pytest.raises(SettingsError, match=f'extra "{name}"'):
        sender(**{name: secret})
