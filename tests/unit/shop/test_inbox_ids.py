"""Ids as the shop's application makes them."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.shop.new_ids import RANDOM_BITS, ulid

MOST = 2**RANDOM_BITS - 1
MILLISECOND = dt.timedelta(milliseconds=1)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

moments = st.integers(0, 2**47).map(lambda milliseconds: EPOCH + milliseconds * MILLISECOND)
randomness = st.integers(0, MOST)


@pytest.mark.parametrize(
    ("milliseconds", "random", "expected"),
    [
        (0, 0, "0" * 26),
        (0, 31, "0" * 25 + "Z"),
        (0, MOST, "0" * 10 + "Z" * 16),
        (1469918176385, 0, "01ARYZ6S41" + "0" * 16),  # the example of the specification's reference implementation
    ],
)
def test_time_comes_first_and_chance_after_it(milliseconds: int, random: int, expected: str) -> None:
    assert ulid(EPOCH + milliseconds * MILLISECOND, random) == expected


@given(moments, randomness)
def test_an_id_is_26_of_crockfords_characters(moment: dt.datetime, random: int) -> None:
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", ulid(moment, random))


@given(moments, moments, randomness, randomness)
def test_ids_sort_by_time_to_the_millisecond(one: dt.datetime, other: dt.datetime, a: int, b: int) -> None:
    earlier, later = sorted([one, other])
    if later - earlier >= MILLISECOND:
        assert ulid(earlier, a) < ulid(later, b)


@given(moments, randomness, randomness)
def test_different_chance_makes_different_ids(moment: dt.datetime, a: int, b: int) -> None:
    assert (ulid(moment, a) == ulid(moment, b)) == (a == b)


@pytest.mark.parametrize(("moment", "random"), [(EPOCH - MILLISECOND, 0), (EPOCH, MOST + 1), (EPOCH, -1)])
def test_what_does_not_fit_is_refused(moment: dt.datetime, random: int) -> None:
    with pytest.raises(ValueError, match="A ULID has 48 bits"):
        ulid(moment, random)
