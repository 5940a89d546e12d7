"""One phone in two spellings: what Meta calls it, and what is dialled."""

from __future__ import annotations

import phonenumbers
import pytest

from partner_messages.recipients.phone import to_e164
from partner_messages.recipients.spelling import SPELLINGS, is_same_phone
from support.spellings import DIFFERENT, SPELLED

PAIRS = [pytest.param(*pair, id=country) for country, pair in SPELLED.items()]


@pytest.mark.parametrize(("dialled", "other"), PAIRS)
def test_both_spellings_are_one_phone(dialled, other):
    assert is_same_phone(dialled, other)
    assert is_same_phone(other, dialled)
    assert is_same_phone(other, other)


def test_every_row_of_the_table_has_such_a_pair():
    assert {pair.id for pair in PAIRS} == {spelling.country for spelling in SPELLINGS}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_two_phones_stay_two(one, other):
    assert not is_same_phone(one, other)


@pytest.mark.parametrize(("dialled", "other"), PAIRS)
def test_what_meta_calls_a_phone_is_read_as_what_is_dialled(dialled, other):
    # Where what Meta says is a valid number of its own, it is taken at its word.
    expected = other if phonenumbers.is_valid_number(phonenumbers.parse(other)) else dialled

    assert {to_e164(written, None) for written in (other, other[1:], f"00{other[1:]}")} == {expected}
