"""The signed-in link: what the portal reads from it, how long it works, and who never sees its secret."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import logging
from urllib.parse import parse_qs, urlsplit

import pytest

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.settings import SettingsError
from partner_messages.recipients.deeplink import (
    RUN_PATH,
    Portal,
    bare_suffix,
    check_secret,
    expiry,
    next_tick,
    portal_from_connection,
)
from partner_messages.templates.catalog.installed import installed_catalog
from whatsapp_provider.masking import mask
from whatsapp_provider.templates.definition import UrlButton

SECRET = "a-portal-secret-of-32-bytes-or-so"
PORTAL = Portal("https://partners.example", SECRET)
RUN = "prod_run_01K8Z4M7Q2X9T5R3W6Y1B0C4DH"
PARTNER = "01K8Z4M7Q2X9T5R3W6Y1B0C4DP"
NOW = dt.datetime(2026, 11, 23, 4, 31, 7, 250_000, tzinfo=dt.UTC)


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verified(token, secret=SECRET):
    """Header and claims of a token as RFC 7515 and RFC 7519 say, without the library that made it."""
    signed, _, signature = token.rpartition(".")
    assert hmac.compare_digest(
        unpadded(signature), hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    ), "the signature is wrong"
    header, claims = signed.split(".")
    return json.loads(unpadded(header)), json.loads(unpadded(claims))


def token_in(link):
    (token,) = parse_qs(urlsplit(link).query, strict_parsing=True)["wa_token"]
    return token


def signed_in(run_id=RUN, partner_id=PARTNER):
    return PORTAL.link(PORTAL.suffix(run_id, partner_id, now=NOW))


def ist(day, time):
    return dt.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=SCHEDULE_TIMEZONE)


def test_the_link_has_the_claims_that_the_portal_verifies_and_no_others():
    header, claims = verified(token_in(signed_in()))

    assert header == {"alg": "HS256", "typ": "JWT"}
    assert claims == {
        "sub": PARTNER,
        "run_id": RUN,
        "type": "production_run",
        "iss": "jyt-whatsapp",
        "iat": int(dt.datetime(2026, 11, 23, 4, 31, 7, tzinfo=dt.UTC).timestamp()),
        "exp": int(dt.datetime(2026, 11, 24, 6, 30, tzinfo=dt.UTC).timestamp()),
    }


def test_a_token_that_was_changed_or_signed_by_another_does_not_verify():
    token = token_in(signed_in())

    with pytest.raises(AssertionError, match="signature"):
        verified(token, SECRET + "!")


def test_the_link_leads_to_the_run_s_page():
    link = urlsplit(signed_in())

    assert (link.scheme, link.netloc, link.path) == ("https", "partners.example", f"/production-runs/{RUN}")
    assert (link.fragment, list(parse_qs(link.query))) == ("", ["wa_token"])


def test_every_button_that_opens_the_portal_has_the_link_s_path():
    buttons = [one for template in installed_catalog() for one in template.buttons if isinstance(one, UrlButton)]

    assert buttons
    assert {button.path for button in buttons} == {RUN_PATH}


def test_a_button_carries_the_suffix_as_it_is():
    template = installed_catalog().get("jyt_production_run_reminder_idle_v2")
    suffix = PORTAL.suffix(RUN, PARTNER, now=NOW)
    values = {**dict.fromkeys(template.variables, "a"), **dict.fromkeys(template.other_variables, suffix)}

    *_, button = template.send_components(values, image_link="https://cdn.example/a.jpg")

    assert button["parameters"] == [{"type": "text", "text": suffix}]


def test_a_bare_link_leads_to_the_same_page_and_signs_nobody_in():
    assert PORTAL.link(bare_suffix(RUN)) == f"https://partners.example/production-runs/{RUN}"
    assert bare_suffix(RUN) == RUN


def test_an_id_that_means_something_in_a_url_is_encoded_in_the_link_and_bare_in_the_claim():
    link = signed_in("run/../a b?x=1&y#é")

    assert urlsplit(link).path == "/production-runs/run%2F..%2Fa%20b%3Fx%3D1%26y%23%C3%A9"
    assert verified(token_in(link))[1]["run_id"] == "run/../a b?x=1&y#é"


@pytest.mark.parametrize(("run_id", "partner_id", "named"), [("", PARTNER, "run"), (RUN, "", "partner")])
def test_an_empty_id_makes_no_link(run_id, partner_id, named):
    with pytest.raises(ValueError, match=f"id of its {named}, which is empty"):
        signed_in(run_id, partner_id)


@pytest.mark.parametrize(
    ("made", "works_until"),
    [
        # 2026-11-23 is a Monday.
        (("2026-11-23", "09:59:59"), ("2026-11-24", "09:59:59")),
        (("2026-11-23", "10:00:00"), ("2026-11-24", "12:00:00")),
        (("2026-11-23", "10:05:00"), ("2026-11-24", "12:00:00")),
        (("2026-11-23", "12:00:00"), ("2026-11-24", "12:00:00")),
        (("2026-11-23", "12:00:01"), ("2026-11-24", "12:00:01")),
        (("2026-11-24", "10:05:00"), ("2026-11-25", "12:00:00")),
        (("2026-11-25", "10:05:00"), ("2026-11-26", "12:00:00")),
        (("2026-11-26", "10:05:00"), ("2026-11-27", "12:00:00")),
        (("2026-11-27", "09:00:00"), ("2026-11-28", "09:00:00")),
        (("2026-11-27", "10:05:00"), ("2026-11-30", "12:00:00")),
        (("2026-11-27", "23:59:59"), ("2026-11-30", "12:00:00")),
        (("2026-11-28", "00:00:00"), ("2026-11-30", "12:00:00")),
        (("2026-11-29", "11:59:59"), ("2026-11-30", "12:00:00")),
        (("2026-11-29", "12:00:01"), ("2026-11-30", "12:00:01")),
        (("2026-11-30", "09:00:00"), ("2026-12-01", "09:00:00")),
        (("2027-01-01", "10:05:00"), ("2027-01-04", "12:00:00")),
    ],
)
def test_a_link_works_for_a_day_and_until_two_hours_after_the_next_tick(made, works_until):
    assert expiry(ist(*made)) == ist(*works_until)


def test_the_expiry_does_not_hang_on_the_zone_in_which_now_is_told():
    friday = ist("2026-11-27", "10:05:00")

    assert expiry(friday.astimezone(dt.UTC)) == expiry(friday) == ist("2026-11-30", "12:00:00")


@pytest.mark.parametrize("hours", range(0, 24 * 7, 5))
def test_the_next_tick_is_a_weekday_at_ten_and_less_than_three_days_and_a_bit_away(hours):
    now = ist("2026-11-23", "10:00:00") + dt.timedelta(hours=hours)

    tick = next_tick(now)

    assert now < tick <= now + dt.timedelta(days=3)
    assert (tick.weekday() < 5, f"{tick:%H:%M %z}") == (True, "10:00 +0530")


@pytest.mark.parametrize("secret", [None, "", "  \n"])
def test_a_missing_secret_is_told(secret):
    with pytest.raises(SettingsError, match=r"^partner_portal: the password is missing; set it to"):
        check_secret(secret)


@pytest.mark.parametrize("secret", ["hush-hush", "x" * 31, " " + "x" * 31 + "\n"])
def test_a_short_secret_is_told_and_never_quoted(secret):
    with pytest.raises(SettingsError, match=r"^partner_portal: .* shorter than 32 bytes; set a longer one") as error:
        check_secret(secret)

    assert secret.strip() not in str(error.value)


@pytest.mark.parametrize(
    ("secret", "taken"),
    [("x" * 32, "x" * 32), ("é" * 16, "é" * 16), (f" {SECRET}\n", SECRET), ("a b" * 11, "a b" * 11)],
)
def test_32_bytes_are_enough_and_white_space_around_them_is_no_part_of_them(secret, taken):
    assert check_secret(secret) == taken


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        ("https://partners.example", "https://partners.example"),
        ("https://partners.example/", "https://partners.example"),
        ("https://shop.example:8443/partners/", "https://shop.example:8443/partners"),
        ("http://localhost:7001", "http://localhost:7001"),
        ("http://127.0.0.1:7001/", "http://127.0.0.1:7001"),
        ("http://[::1]:7001", "http://[::1]:7001"),
    ],
)
def test_the_host_is_the_base_of_every_link(host, base_url):
    assert portal_from_connection(host, SECRET).link(bare_suffix(RUN)) == f"{base_url}/production-runs/{RUN}"


@pytest.mark.parametrize(
    "host",
    [
        *(None, "", "partners.example", "//partners.example", "https://", "https:///runs", "ftp://partners.example"),
        *("http://partners.example", "http://10.0.0.1", "http://127.0.0.1.example", "https://a@partners.example"),
        *("https://partners.example?x=1", "https://partners.example#x", "https://partners.example/{{1}}"),
        *("https://partners .example", "https://partners.example\n", "https://[::1", "https://partners.example:port"),
    ],
)
def test_a_host_that_no_link_can_begin_with_is_told(host):
    with pytest.raises(SettingsError, match=r"^partner_portal: the host must be the portal's URL, such as") as error:
        portal_from_connection(host, SECRET)

    assert SECRET not in str(error.value)


def test_neither_secret_nor_token_is_seen_in_a_repr_or_a_log(caplog):
    link = signed_in()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").info("%s %r", PORTAL, [PORTAL])

    assert "partners.example" in caplog.text
    assert SECRET not in caplog.text
    assert token_in(link) not in mask(link)
