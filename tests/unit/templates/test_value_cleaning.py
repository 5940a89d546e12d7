"""Values of the shop made fit for a message; quantities and ages as people write them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from whatsapp_provider.templates.cleaning import clean, days_text, quantity_text, whatsapp_length


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Rajesh Textiles", "Rajesh Textiles"),
        ("  Rajesh \t Textiles\r\n", "Rajesh Textiles"),
        ("Rajesh\nTextiles\u2028Jaipur\u0085Rajasthan\u3000India", "Rajesh Textiles Jaipur Rajasthan India"),
        ("a" + " " * 50 + "b", "a b"),
        ("non\u00a0breaking", "non breaking"),
        ("bell\x07 nul\x00 escape\x1b[31m", "bell nul escape[31m"),
        ("zero\u200bwidth\ufeff joined\u2060 soft\u00adhyphen", "zerowidth joined softhyphen"),
        ("\u202egnirts\u202c \u2066x\u2069 \u200f\u061cy", "gnirts x y"),
        ("half a pair \ud83d.", "half a pair ."),
        ('Anna\'s "Silk" & <Co>', 'Anna\'s "Silk" & <Co>'),
        ("राजेश वस्त्र", "राजेश वस्त्र"),
        # Hindi's half forms and joined emoji need their joiners.
        ("क्\u200dष क्\u200cष", "क्\u200dष क्\u200cष"),
        ("👩\u200d🏭 🧵 👍🏽 🇮🇳 ❤\ufe0f", "👩\u200d🏭 🧵 👍🏽 🇮🇳 ❤\ufe0f"),
    ],
)
def test_a_value_becomes_one_plain_line(text, cleaned):
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    "text", [None, "", "   ", "\n\t", "\u200b\ufeff", "\u200d", "\u3164", "\u2800 \u115f", "\u0301", "\ud83d", "\x00"]
)
def test_a_value_that_shows_nothing_becomes_the_fallback(text):
    assert clean(text) == "-"
    assert clean(text, "Partner") == "Partner"


@pytest.mark.parametrize(
    ("text", "longest", "cut"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abcd  efg", 6, "abcd…"),
        ("🧵🧵🧵", 6, "🧵🧵🧵"),
        ("🧵🧵🧵🧵", 6, "🧵🧵…"),
        # A vowel sign, a half form, a joined emoji, a skin tone and a flag stay whole.
        ("abcdक\u093fख", 6, "abcd…"),
        ("abcक्षण", 6, "abc…"),
        ("ab👩\u200d🏭x", 6, "ab…"),
        ("ab👍🏽xyz", 6, "ab…"),
        ("a👍🏽xyz", 6, "a👍🏽…"),
        ("🇮🇳🇮🇹", 7, "🇮🇳…"),
        ("e\u0301" * 4, 6, "e\u0301" * 2 + "…"),
        ("한국어말", 3, "한국…"),
    ],
)
def test_a_long_value_is_cut_between_characters(text, longest, cut):
    assert clean(text, longest=longest) == cut


def test_a_character_longer_than_the_room_becomes_the_fallback():
    assert clean("e" + "\u0301" * 5000, "Partner", longest=100) == "Partner"


def test_a_fallback_that_shows_nothing_or_does_not_fit_is_a_programming_error():
    for fallback, longest in (("", None), ("\u200b", None), ("-", 0)):
        with pytest.raises(ValueError, match=r"^The fallback .* shows nothing within"):
            clean(None, fallback, longest)


def test_length_is_counted_in_utf16_units():
    assert [whatsapp_length(text) for text in ("", "abc", "राज", "🧵", "a🧵b")] == [0, 3, 3, 2, 4]


# Letters, marks, joiners, emoji, flags, white space and what is removed, in every neighbourhood.
TRICKY = st.text(
    st.sampled_from("ab \n\t\u00a0कष\u094d\u093f\u200d\u200c\u0301👩🏭🏽🇮🇳\u200b\u202e\x00\ud83d\u3164…ᄒ\u1161"),
    max_size=40,
)
TEXTS = st.one_of(st.text(max_size=60), TRICKY)


@given(TEXTS, st.one_of(st.none(), st.integers(1, 40)))
@example("\u200d" * 50 + "a", 10)
def test_a_cleaned_value_breaks_no_rule_of_metas(text, longest):
    cleaned = clean(text, longest=longest)
    assert cleaned
    assert cleaned == cleaned.strip()
    assert not re.search(r"[\n\r\t\v\f]|\s{2}", cleaned)
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in cleaned)
    assert longest is None or whatsapp_length(cleaned) <= longest
    cleaned.encode()


@given(TEXTS, st.one_of(st.none(), st.integers(1, 40)))
def test_cleaning_twice_is_cleaning_once(text, longest):
    once = clean(text, longest=longest)
    assert clean(once, longest=longest) == once


@given(TRICKY, st.integers(1, 40))
def test_a_cut_never_parts_a_mark_from_its_letter(text, longest):
    whole, cut = clean(text), clean(text, longest=longest)
    if cut not in (whole, "-"):
        kept = cut.removesuffix("…")
        assert whole.startswith(kept)
        rest = whole[len(kept) :].lstrip()
        assert not unicodedata.category(rest[0]).startswith("M") or whole[len(kept)] == " "
        assert unicodedata.combining(kept[-1]) != 9 or whole[len(kept)] == " "
        assert kept[-1] != "\u200d" or whole[len(kept)] == " "


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (250.0, "250"),
        (250, "250"),
        (12.5, "12.5"),
        (0.0, "0"),
        (-0.0, "0"),
        (None, "0"),
        (float("nan"), "0"),
        (float("inf"), "0"),
        (100.0, "100"),
        (1_000_000.0, "1000000"),
        # A 4-byte 0.1 and 12.345, as they come back from the database.
        (0.10000000149011612, "0.1"),
        (12.345000267028809, "12.345"),
        (-0.0001, "0"),
        (-5.0, "-5"),
    ],
)
def test_a_quantity_prints_as_people_write_it(quantity, text):
    assert quantity_text(quantity) == text


@given(st.floats(0, 1e6))
def test_a_quantity_is_a_plain_decimal(quantity):
    text = quantity_text(quantity)
    assert re.fullmatch(r"0|[1-9]\d*|\d+\.\d{0,2}[1-9]", text)
    assert abs(float(text) - quantity) <= 0.0006


NOW = dt.datetime(2026, 11, 23, 4, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (dt.timedelta(0), "1"),
        (dt.timedelta(hours=-5), "1"),
        (dt.timedelta(days=-5), "1"),
        (dt.timedelta(hours=23, minutes=59), "1"),
        (dt.timedelta(days=1), "1"),
        (dt.timedelta(days=2) - dt.timedelta(seconds=1), "1"),
        (dt.timedelta(days=2), "2"),
        (dt.timedelta(days=140, hours=7), "140"),
    ],
)
def test_an_age_is_whole_days_and_at_least_one(age, text):
    assert days_text(NOW - age, NOW) == text
    assert days_text((NOW - age).astimezone(ZoneInfo("Asia/Kolkata")), NOW) == text


def test_an_age_is_not_changed_by_a_clock_change():
    rome = ZoneInfo("Europe/Rome")
    # 25 October 2026 has 25 hours in Rome: two days by the calendar, and an hour more.
    assert (
        days_text(dt.datetime(2026, 10, 24, 12, 0, tzinfo=rome), dt.datetime(2026, 10, 26, 11, 30, tzinfo=rome)) == "2"
    )
