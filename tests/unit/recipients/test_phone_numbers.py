"""Every way the shop writes a phone number, and the choice of a partner's phone."""

from __future__ import annotations

import datetime as dt

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.recipients.people import Partner, PartnerAdmin
from partner_messages.recipients.phone import PhoneChoice, PhoneProblem, choose_phone, readings, to_e164

INDIAN = "+919829012345"
AUSTRALIAN = "+61412345678"
ITALIAN = "+393331234567"

READABLE = [
    # typed, the partner's country code, E.164
    ("+919829012345", "IN", INDIAN),
    ("+91-98290-12345", "IN", INDIAN),
    ("+91 98290 12345", "AU", INDIAN),
    ("(+91) 98290.12345", "IN", INDIAN),
    ("\uff0b91 98290 12345", "AU", INDIAN),
    ("+91 098290 12345", "IN", INDIAN),
    ("098290 12345", "IN", INDIAN),
    ("98290 12345", "IN", INDIAN),
    ("98290 12345", "in", INDIAN),
    ("98290 12345", None, INDIAN),
    ("98290 12345", " ", INDIAN),
    ("0091 98290 12345", "IN", INDIAN),
    ("0091 98290 12345", "AU", INDIAN),
    (" 0091 98290 12345\n", "AU", INDIAN),
    ("0011 91 98290 12345", "AU", INDIAN),
    ("091 98290 12345", "IN", INDIAN),
    ("919829012345", "IN", INDIAN),
    ("919829012345", "AU", INDIAN),
    ("919829012345", None, INDIAN),
    ("९८२९०१२३४५", "IN", INDIAN),
    ("\u202a+91 98290 12345\u202c", "IN", INDIAN),
    ("0412 345 678", "AU", AUSTRALIAN),
    ("61412345678", "AU", AUSTRALIAN),
    ("61412345678", None, AUSTRALIAN),
    ("333 123 4567", "IT", ITALIAN),
    ("393331234567", "IT", ITALIAN),
    ("393331234567", "IN", ITALIAN),
    ("393331234567", None, ITALIAN),
    # Fixed lines count: businesses have WhatsApp on them. Italy keeps the zero of its own.
    ("0141 2345678", "IN", "+911412345678"),
    ("06 698 12345", "IT", "+390669812345"),
    ("6598765432", "SG", "+6598765432"),
    # Of a country that does not exist nothing is known, but an international number needs none.
    ("919829012345", "XX", INDIAN),
]


@pytest.mark.parametrize(("typed", "country_code", "expected"), READABLE)
def test_a_number_is_read_however_it_was_typed(typed, country_code, expected):
    assert to_e164(typed, country_code) == expected


@pytest.mark.parametrize(
    ("typed", "country_code"),
    [
        (None, "IN"),
        ("", "IN"),
        ("   ", "IN"),
        ("+", "IN"),
        ("-", "IN"),
        ("n/a", "IN"),
        ("12345", "IN"),
        ("112", "IN"),
        ("57575", "IN"),
        ("+91 12345", "IN"),
        ("00", "IN"),
        ("98290 1234", "IN"),
        ("98290 12345 / 98290 54321", "IN"),
        ("9829012345", "XX"),
        ("1900 123 456", "AU"),
        ("+61 1900 123 456", "AU"),
        # Letters are never turned into the digits that share their key.
        ("98290 RAJES", "IN"),
        ("1800 FLOWERS", "US"),
        ("9829012345@c.us", "IN"),
        ("9" * 5000, "IN"),
        ("+" + "9 " * 5000, "IN"),
    ],
)
def test_what_is_no_valid_number_is_none(typed, country_code):
    assert to_e164(typed, country_code) is None


REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@st.composite
def valid_numbers(draw):
    """A valid mobile number and its region."""
    region = draw(st.sampled_from(REGIONS))
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        example = phonenumbers.parse(INDIAN)
        region = "IN"
    digits = draw(st.integers(0, 999))
    candidate = phonenumbers.PhoneNumber()
    candidate.merge_from(example)
    candidate.national_number = ((example.national_number or 0) // 1000) * 1000 + digits
    return (candidate, region) if phonenumbers.is_valid_number(candidate) else (example, region)


@given(valid_numbers(), st.sampled_from([*REGIONS, None, "", "XX"]))
def test_an_e164_number_is_read_as_itself_whatever_the_country(number, country_code):
    e164 = phonenumbers.format_number(number[0], phonenumbers.PhoneNumberFormat.E164)
    assert to_e164(e164, country_code) == e164
    # Where other digits than 00 lead abroad, 00 may be the beginning of those.
    assert to_e164(f"00{e164[1:]}", country_code) in (e164, None)
    assert e164 in readings(f"00{e164[1:]}", country_code)


@given(valid_numbers(), st.sampled_from(list(range(4))))
def test_every_way_of_writing_a_number_at_home_gives_the_same_e164(number, style):
    value, region = number
    e164 = phonenumbers.format_number(value, phonenumbers.PhoneNumberFormat.E164)
    written = phonenumbers.format_number(value, style)
    if style == phonenumbers.PhoneNumberFormat.RFC3966:
        written = written.removeprefix("tel:")
    # A national number may be another country's without its plus: then there is none.
    assert to_e164(written, region) in (e164, None)
    assert e164 in readings(written, region)


@given(st.text(max_size=50), st.one_of(st.none(), st.text(max_size=3)))
def test_any_text_gives_a_valid_number_or_none(typed, country_code):
    phone = to_e164(typed, country_code)
    assert phone is None or phonenumbers.is_valid_number(phonenumbers.parse(phone))


DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def partner(**changes):
    defaults = {
        "id": "p1",
        "name": "Rajesh Textiles",
        "status": "active",
        "deleted": False,
        "whatsapp_number": None,
        "whatsapp_verified": False,
        "country_code": "IN",
    }
    return Partner(**{**defaults, **changes})


def admin(id_, phone, *, active=True, day=0, partner_id="p1"):
    return PartnerAdmin(id_, partner_id, phone, active, DAY + dt.timedelta(days=day))


NOBODY = PhoneChoice(problem=PhoneProblem.NO_PHONE)
IMPOSSIBLE = PhoneChoice(problem=PhoneProblem.INVALID_PHONE)


@pytest.mark.parametrize(
    ("number", "verified", "admins", "expected"),
    [
        pytest.param("098290 12345", True, [], PhoneChoice(INDIAN), id="a verified number is taken"),
        pytest.param(
            "098290 12345", True, [admin("a", "98290 99999")], PhoneChoice(INDIAN), id="and goes before an admin's"
        ),
        pytest.param("098290 12345", False, [], NOBODY, id="an unverified number is not taken"),
        pytest.param(
            "98290 99999", False, [admin("a", "098290 12345")], PhoneChoice(INDIAN), id="an active admin stands in"
        ),
        pytest.param(" ", True, [admin("a", "098290 12345")], PhoneChoice(INDIAN), id="an empty number is no number"),
        pytest.param(None, True, [admin("a", "098290 12345")], PhoneChoice(INDIAN), id="nor is a null one"),
        pytest.param("12345", True, [admin("a", "098290 12345")], IMPOSSIBLE, id="a verified number is not replaced"),
        pytest.param(None, False, [], NOBODY, id="nothing anywhere"),
        pytest.param(None, False, [admin("a", None), admin("b", " ")], NOBODY, id="admins without a phone"),
        pytest.param(None, False, [admin("a", "098290 12345", active=False)], NOBODY, id="an admin who left"),
        pytest.param(
            None, False, [admin("a", "098290 12345", partner_id="p2")], NOBODY, id="the admin of another partner"
        ),
        pytest.param(
            None,
            False,
            [admin("a", "98290 99999", day=2), admin("b", "098290 12345", day=1)],
            PhoneChoice(INDIAN),
            id="the first by creation",
        ),
        pytest.param(
            None,
            False,
            [admin("b", "98290 99999"), admin("a", "098290 12345")],
            PhoneChoice(INDIAN),
            id="the first by id where creation is equal",
        ),
        pytest.param(
            None,
            False,
            [admin("a", None), admin("b", "098290 12345", day=1)],
            PhoneChoice(INDIAN),
            id="the first that has one",
        ),
        pytest.param(
            None, False, [admin("a", "12345"), admin("b", "098290 12345", day=1)], IMPOSSIBLE, id="an impossible first"
        ),
    ],
)
def test_the_phone_is_chosen_by_the_shops_rule(number, verified, admins, expected):
    chosen = choose_phone(partner(whatsapp_number=number, whatsapp_verified=verified), admins)
    assert chosen == expected


def test_an_admins_national_number_is_read_in_the_partners_country():
    australian = partner(country_code="AU")
    assert choose_phone(australian, [admin("a", "0412 345 678")]) == PhoneChoice(AUSTRALIAN)


def test_a_partner_in_a_log_line_shows_no_phone():
    assert "98290" not in repr(partner(whatsapp_number="098290 12345"))
    assert "98290" not in repr(admin("a", "098290 12345"))
