"""One phone in two spellings: what Meta calls it, and what is dialled."""

from __future__ import annotations

import phonenumbers
import pytest

from partner_messages.recipients.phone import to_e164
from partner_messages.recipients.spelling import SPELLINGS, dialled, is_same_phone, spellings

PAIRS = [
    # dialled, in the other spelling
    pytest.param("+522221234567", "+5212221234567", id="Mexico"),
    pytest.param("+5491123456789", "+541123456789", id="Argentina"),
    pytest.param("+5511987654321", "+551187654321", id="Brazil"),
    pytest.param("+2290195123456", "+22995123456", id="Benin"),
    pytest.param("+390212345678", "+39212345678", id="Italy"),
]


@pytest.mark.parametrize(("dialled", "other"), PAIRS)
def test_both_spellings_are_one_phone(dialled: str, other: str) -> None:
    assert is_same_phone(dialled, other)
    assert is_same_phone(other, dialled)
    assert is_same_phone(other, other)


def test_every_row_of_the_table_has_such_a_pair() -> None:
    assert {pair.id for pair in PAIRS} == {spelling.country for spelling in SPELLINGS}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("+522221234567", "+5212221234568", id="another Mexican"),
        pytest.param("+5511987654321", "+5521987654321", id="another area of Brazil"),
        pytest.param("+551123456789", "+5511923456789", id="a Brazilian fixed line has no ninth digit"),
        pytest.param("+393331234567", "+3903331234567", id="an Italian mobile has no zero"),
        pytest.param("+12221234567", "+222221234567", id="another country"),
    ],
)
def test_two_phones_stay_two(one: str, other: str) -> None:
    assert not is_same_phone(one, other)


@pytest.mark.parametrize(("dialled", "other"), PAIRS)
def test_what_meta_calls_a_phone_is_read_as_what_is_dialled(dialled: str, other: str) -> None:
    # Where what Meta says is a valid number of its own, it is taken at its word.
    expected = other if phonenumbers.is_valid_number(phonenumbers.parse(other)) else dialled

    assert {to_e164(written, None) for written in (other, other[1:], f"00{other[1:]}")} == {expected}


@pytest.mark.parametrize(
    "phone", ["+525512345678", "+5215512345678", "+393123456789", "+919829012345", "+390612345678"]
)
def test_every_spelling_of_a_phone_is_the_same_phone(phone: str) -> None:
    found = spellings(phone)

    assert found[0] == phone
    assert {dialled(one) for one in found} == {dialled(phone)}
    assert all(set(spellings(one)) == set(found) for one in found)
    assert (len(found) == 1) is phone.startswith(("+39312", "+91"))
