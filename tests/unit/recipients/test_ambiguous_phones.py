"""A number that may be two: nobody is written to, unless something that is no guess decides."""

from __future__ import annotations

import datetime as dt
import itertools
import random

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

OTHERWISE_ABROAD = ("AU", "BR", "CO", "FI", "HK", "ID", "JP", "KR", "SG", "TH", "US")
"""Countries in which other digits than 00 alone lead abroad."""

LENIENT = ("IN", "DE", "AT", "RS", "LU", "ID", "CN", "PK", "FI", "MX", "BR", "KR", "US")
"""The shop's country, and those whose own numbers take the most forms."""


def test_the_bare_digits_of_a_mobile_never_lead_to_another_one():
    read = [(mobile, one) for region, mobile in MOBILES.items() for one in (None, region, *LENIENT)]

    assert [(mobile, country) for mobile, country in read if mobile not in readings(mobile[1:], country)] == []
    chosen = [(mobile, country, choose_phone(partner(mobile[1:], country), []).phone) for mobile, country in read]
    assert [one for one in chosen if one[2] not in (one[0], None)] == []


def test_a_number_that_says_its_country_is_read_in_that_one_whatever_the_partners_is():
    written = [(mobile, text) for mobile in MOBILES.values() for text in (mobile, f"00{mobile[1:]}")]

    assert [text for mobile, text in written if readings(text, "IN") != (mobile,)] == []


@pytest.mark.parametrize("country", OTHERWISE_ABROAD)
def test_two_zeros_say_the_country_also_where_other_digits_lead_abroad(country):
    assert [mobile for mobile in MOBILES.values() if readings(f"00{mobile[1:]}", country) != (mobile,)] == []


def test_few_mobiles_of_india_are_a_number_of_somebody_else_too():
    """Of 10,000, 83 are a mobile abroad as well; 542 more are a fixed line abroad, which is no rival."""
    chance = random.Random(0)
    numbers = (str(chance.randint(6_000_000_000, 9_999_999_999)) for _ in itertools.count())
    mobiles = itertools.islice((one for one in numbers if _is_a_mobile_of_india(one)), 10_000)

    choices = [(f"+91{one}", choose_phone(partner(one), [])) for one in mobiles]

    assert {choice.phone for mobile, choice in choices if choice.phone != mobile} == {None}
    ambiguous = [choice for _, choice in choices if choice.problem]
    assert {choice.problem for choice in ambiguous} == {PhoneProblem.AMBIGUOUS_PHONE}
    assert len(ambiguous) < 100 < sum(len(choice.possible) > 1 for _, choice in choices) < 700


def _is_a_mobile_of_india(digits):
    return phonenumbers.number_type(phonenumbers.parse(digits, "IN")) == PhoneNumberType.MOBILE


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
        pytest.param("0016598765432", "TH", ("+16598765432",), id="though 001 leads abroad in Thailand"),
        pytest.param("001165 8125 8574", "AU", (IN_SINGAPORE,), id="0011 leads abroad in Australia"),
        pytest.param("001165 8125 8574", None, (), id="in India 0011 leads nowhere"),
    ],
)
def test_a_text_has_as_many_readings_as_it_may_mean(typed, country_code, expected):
    assert readings(typed, country_code) == expected


def partner(number, country_code=None):
    return Partner("p1", "Lian Hup Silks", "pending", False, number, number is not None, country_code)


def admin(phone):
    return PartnerAdmin("a1", "p1", phone, True, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def test_a_number_of_two_countries_is_nobodys_and_names_both():
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
def test_the_number_at_which_meta_reached_the_partner_decides(met_at, expected):
    assert choose_phone(partner("6581258574"), [], met_at) == expected


AT_HOME, FIXED_LINE_ABROAD = "+916435012345", "+6435012345"


@pytest.mark.parametrize(
    ("typed", "country_code", "met_at", "expected"),
    [
        pytest.param("6435012345", None, (), AT_HOME, id="a mobile of India, a fixed line of New Zealand"),
        pytest.param("6435012345", "IN", (), AT_HOME, id="of a partner in India"),
        pytest.param("6435012345", None, {FIXED_LINE_ABROAD}, FIXED_LINE_ABROAD, id="from which the partner wrote"),
        pytest.param("6435012345", None, {AT_HOME, FIXED_LINE_ABROAD}, None, id="who wrote from both"),
        pytest.param("6435012345", "NZ", (), FIXED_LINE_ABROAD, id="of a partner in New Zealand"),
        pytest.param("6563456789", None, (), None, id="a fixed line in either country"),
        pytest.param("6581258574", "DE", (), None, id="a fixed line of Germany, a mobile abroad"),
    ],
)
def test_a_fixed_line_abroad_is_no_rival_of_a_mobile_at_home_unless_meta_says_so(typed, country_code, met_at, expected):
    choice = choose_phone(partner(typed, country_code), [], met_at)

    assert choice.phone == expected
    assert choice.problem == (None if expected else PhoneProblem.AMBIGUOUS_PHONE)


def test_a_choice_in_a_log_line_shows_no_reading():
    assert "58574" not in repr(EITHER)
