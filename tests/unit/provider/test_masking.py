"""What is left of a phone, a message id or a token in a log line."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.recipients.words import Intent, intent_of
from whatsapp_provider.masking import HIDDEN, mask, mask_phone, mask_wamid, plain

WAMID = "wamid." + base64.b64encode(b"\x1d\x02\x0c919829012345\x15\x02\x00\x11\x18\x12ABCDEF0123456789AB\x00").decode()


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+919829012345", "+91•••••2345"),
        ("919829012345", "+91•••••2345"),
        ("0091 98290 12345", "+91•••••2345"),
        ("+393331234567", "+39•••••4567"),
        ("+14155552671", "+1•••••2671"),
        # The first digits of a national number are no country.
        ("9829012345", "•••••2345"),
        ("98290", HIDDEN),
        ("", HIDDEN),
        ("not a phone", HIDDEN),
    ],
)
def test_a_masked_phone_shows_its_country_and_four_digits(phone, masked):
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to +91 98290 12345 failed", "to +91•••••2345 failed"),
        ("{'wa_id': '393331234567'}", "{'wa_id': '+39•••••4567'}"),
        ("phone=919829012345,", "phone=+91•••••2345,"),
        ("id919829012345x", "id+91•••••2345x"),
        # No id is made of a number alone, and no date is followed by more digits.
        ("prod_run_919829012345", "prod_run_+91•••••2345"),
        ("run_01 98290 12345", "run_•••••2345"),
        ("prod_run_01J9829012345", "prod_run_01J•••••2345"),
        ("partner_01K9829012345RAJESH7", "partner_01K•••••2345RAJESH7"),
        ("call 9829-01-01", "call •••••0101"),
        ("+91 2026-11-29", "•••••1129"),
        ("call 98290-12345 or 98290 54321", "call •••••2345 or •••••4321"),
        ("(098290) 12345", "(•••••2345"),
        ("+61\u00a0412\u00a0345\u00a0678", "+61•••••5678"),
        ("९८२९०१२३४५", "•••••२३४५"),
        ("Malformed access token EAAGm0PX4ZCpsBAKZCZBxyz", f"Malformed access token {HIDDEN}"),
        ("Malformed access token sandbox-token-of-india", f"Malformed access token {HIDDEN}"),
        ("token EAAGm0PX4ZCpsBAKZCZBxyz expired", f"token {HIDDEN} expired"),
        ("{'Authorization': 'Bearer s3cr3t'}", f"{{'Authorization': 'Bearer {HIDDEN}"),
        ("at https://user:pass@graph.facebook.com/x", f"at https://{HIDDEN}@graph.facebook.com/x"),
        ("postgresql://shop:p@ss:w0rd?#@db:5432/shop", f"postgresql://{HIDDEN}@db:5432/shop"),
        ("{'proxy': 'http://a-token@proxy.example'}", f"{{'proxy': 'http://{HIDDEN}@proxy.example'}}"),
        ("https://550e8400-e29b-41d4-a716-446655440000:pw@x", f"https://{HIDDEN}@x"),
        ("host=db user=shop password='s3cr3t' dbname=shop", f"host=db user=shop password='{HIDDEN}' dbname=shop"),
        (
            "/v25.0/1/message_templates?access_token=abc|1&after=2",
            f"/v25.0/1/message_templates?access_token={HIDDEN}&after=2",
        ),
        ("/production-runs/r1?wa_token=eyJhbGci.eyJzdWIi.c-_1 end", f"/production-runs/r1?wa_token={HIDDEN} end"),
    ],
)
def test_a_text_shows_no_phone_and_no_token(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Reminder run — 2026-11-23: inspected 1000000, sent 500, failed 12",
        "row 550e8400-e29b-41d4-a716-446655440000 claimed at 2026-11-23T04:13:00.123456+00:00",
        "prod_run_01ARZ3NDEKTSV4RRFFQ69G5FAV:reminder:2026-11-23",
        "partner 01ARZ3NDEK00000000009G5FAV",
        "prod_run_01J00000000000000NEWD1 of partner_01J000000000NEW is new",
        "(#132000) body: number of localizable_params (1) does not match the expected number of params (3)",
        "HTTP 503 from 127.0.0.1:8123 after 30.0 s",
        "(#190) Error validating access token: Session has expired",
        "https://graph.facebook.com/v25.0/1/messages of ops@example.com",
        'connection to server at "db", port 5432 failed: FATAL: password authentication failed for user "shop"',
    ],
)
def test_what_is_no_phone_stays_readable(text):
    assert mask(text) == text


def test_a_message_id_shows_only_what_tells_two_apart():
    assert mask(f"sent {WAMID}, read") == f"sent {mask_wamid(WAMID)}, read"
    assert mask_wamid(WAMID) == "wamid.…" + WAMID.rstrip("=").rstrip("A")[-4:]
    assert mask_wamid("wamid.ABC") == "wamid.…"


_NO_DIGITS = st.text(st.characters(exclude_categories=["Nd"]), max_size=20)


@given(st.from_regex(r"\+?[1-9][0-9]{7,14}", fullmatch=True), _NO_DIGITS, _NO_DIGITS)
def test_no_phone_survives_in_any_text(phone, before, after):
    left = "".join(character for character in mask(before + phone + after) if character.isdecimal())
    assert len(left) <= len("123" + "4567"), "more than a country code and four digits is left"


@given(st.text(alphabet=st.sampled_from("0123456789 +-().wamid.AZ=/e_…•Ey\n"), max_size=80))
def test_a_masked_text_masked_again_is_the_same(text):
    once = mask(text)
    assert mask(once) == once


@given(st.text())
def test_any_text_can_be_masked(text):
    assert isinstance(mask(text), str)
    assert sum(character.isdecimal() for character in mask_phone(text).split(HIDDEN)[1]) in (0, 4)


@pytest.mark.parametrize("filling", [" ", "\n", "\u200d", ".", "\N{WHITE HEAVY CHECK MARK}", "\u3000"])
def test_what_is_cut_of_an_endless_text_is_never_its_words_behind_a_filling(filling):
    assert intent_of(plain(f"{filling * 2_500}STOP{filling * 2_500}")) is Intent.STOP
