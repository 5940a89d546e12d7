"""A number that may be two: nobody is written to, unless something that is no guess decides."""

from __future__ import annotations

import datetime as dt

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from partner_messages.recipients.people import Partner, PartnerAdmin
from partner_messages.recipients.phone import PhoneChoice, PhoneProblem, choose_phone, readings

IN_SINGAPORE = "+6581258574"
IN_INDIA = "+916581258574"
EITHER = PhoneChoice(problem=PhoneProblem.AMBIGUOUS_PHONE, readings=(IN_INDIA, IN_SINGAPORE))

MOBILES = {
    region: phonenumbers.format_number(example, PhoneNumberFormat.E164)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    if (example := phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE))
}
"""A mobile of every region that has an example of one."""

LENIENT = ("IN", "DE", "AT", "RS", "LU", "ID", "CN", "PK", "FI", "MX", "BR", "KR", "US")
"""The shop's country, and those whose own numbers take the most forms."""


@pytest.mark.parametrize("region", MOBILES)
def test_the_bare_digits_of_a_mobile_never_lead_to_another_one(region: str) -> None:
    mobile = MOBILES[region]

    read = {country: readings(mobile[1:], country) for country in (None, region, *LENIENT)}

    assert [country for country, found in read.items() if mobile not in found] == []
    assert len({phone for found in read.values() if len(found) == 1 for phone in found} - {mobile}) == 0


@pytest.mark.parametrize("region", MOBILES)
def test_a_number_that_says_its_country_is_read_in_that_one_whatever_the_partners_is(region: str) -> None:
    mobile = MOBILES[region]

    assert {readings(written, "IN") for written in (mobile, f"00{mobile[1:]}")} == {(mobile,)}


@pytest.mark.parametrize(
    ("typed", "country_code", "expected"),
    [
        pytest.param("6581258574", None, (IN_INDIA, IN_SINGAPORE), id="bare digits that are a mobile in two countries"),
        pytest.param("65 8125-8574", None, (IN_INDIA, IN_SINGAPORE), id="however they are set apart"),
        pytest.param("6581258574", "IN", (IN_INDIA, IN_SINGAPORE), id="the shop strips the plus in India too"),
        pytest.param("6581258574", "SG", (IN_SINGAPORE,), id="the country makes both readings one"),
        pytest.param("6581258574", "XX", (IN_SINGAPORE,), id="no country, so no national number"),
        pytest.param("+6581258574", "IN", (IN_SINGAPORE,), id="the plus says it"),
        pytest.param("(\uff0b65) 8125 8574", "IN", (IN_SINGAPORE,), id="a full-width plus in a bracket says it"),
        pytest.param("006581258574", None, (IN_SINGAPORE,), id="two zeros say it"),
        pytest.param("(00 65) 8125 8574", "AU", (IN_SINGAPORE,), id="in a bracket too"),
        pytest.param("06581258574", None, (IN_INDIA,), id="a trunk zero says that it is national"),
        pytest.param("0916581258574", "IN", (IN_INDIA,), id="a zero before the partner's own country code"),
        pytest.param("916581258574", "IN", (IN_INDIA,), id="the partner's own country code"),
        pytest.param("916581258574", None, (IN_INDIA,), id="the same without a country"),
        pytest.param("81258574", "SG", (IN_SINGAPORE,), id="national in the partner's country"),
        pytest.param("6421345678", None, ("+916421345678", "+6421345678"), id="New Zealand"),
        pytest.param("9607712345", None, ("+919607712345", "+9607712345"), id="the Maldives"),
        pytest.param("6797012345", None, ("+916797012345", "+6797012345"), id="Fiji"),
        pytest.param("13123456789", "CN", ("+8613123456789", "+13123456789"), id="a Chinese mobile, an American one"),
        pytest.param("2015550123", "US", ("+12015550123", "+2015550123"), id="an American one, an Egyptian one"),
        pytest.param("0016598765432", "TH", ("+16598765432", "+6598765432"), id="001 leads abroad in Thailand"),
        pytest.param("0016598765432", None, ("+16598765432",), id="and nowhere near India"),
    ],
)
def test_a_text_has_as_many_readings_as_it_may_mean(
    typed: str, country_code: str | None, expected: tuple[str, ...]
) -> None:
    assert readings(typed, country_code) == expected


def partner(number: str | None, country_code: str | None = None) -> Partner:
    return Partner("p1", "Lian Hup Silks", "pending", False, number, number is not None, country_code)


def admin(phone: str) -> PartnerAdmin:
    return PartnerAdmin("a1", "p1", phone, True, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def test_a_number_of_two_countries_is_nobodys_and_names_both() -> None:
    assert choose_phone(partner("6581258574"), [admin("+919829012345")]) == EITHER
    assert choose_phone(partner(None), [admin("65 8125 8574")]) == EITHER


@pytest.mark.parametrize(
    ("met_at", "expected"),
    [
        pytest.param({IN_SINGAPORE}, PhoneChoice(IN_SINGAPORE), id="Meta names the one"),
        pytest.param({IN_INDIA}, PhoneChoice(IN_INDIA), id="Meta names the other"),
        pytest.param({IN_SINGAPORE, IN_INDIA}, EITHER, id="Meta names both"),
        pytest.param({"+919829012345"}, EITHER, id="Meta names another one"),
        pytest.param(set(), EITHER, id="Meta names none"),
    ],
)
def test_the_number_at_which_meta_reached_the_partner_decides(met_at: set[str], expected: PhoneChoice) -> None:
    assert choose_phone(partner("6581258574"), [], met_at) == expected


def test_a_choice_in_a_log_line_shows_no_reading() -> None:
    assert "58574" not in repr(EITHER)
