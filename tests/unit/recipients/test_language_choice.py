"""The language a partner is written to in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_messages.config.languages import choose_language
from whatsapp_provider.languages import normalise_language

INDIA = ("en", "hi")
ABROAD = ("en",)
INDIAN = "+919829012345"
ITALIAN = "+393331234567"


@pytest.mark.parametrize(
    ("explicit", "saved", "phone", "fallback", "allowed", "expected"),
    [
        pytest.param("en", "hi", INDIAN, "hi", INDIA, "en", id="the explicit option goes first"),
        pytest.param(None, "en", INDIAN, "hi", INDIA, "en", id="then what the conversation has saved"),
        pytest.param(None, None, INDIAN, "en", INDIA, "hi", id="then the prefix: Hindi in India"),
        pytest.param(None, None, ITALIAN, "hi", INDIA, "en", id="and English elsewhere"),
        pytest.param(None, None, None, "it", ("en", "it"), "it", id="without a phone the fallback"),
        pytest.param(None, None, None, None, INDIA, "hi", id="and without a fallback Hindi"),
        pytest.param(None, "it", ITALIAN, "hi", ABROAD, "en", id="what the sender lacks becomes English"),
        pytest.param(None, None, INDIAN, "hi", ABROAD, "en", id="Hindi too"),
        pytest.param("it", "hi", INDIAN, "hi", INDIA, "en", id="and the explicit option, which nothing replaces"),
        pytest.param(None, "hi-IN", ITALIAN, "en", INDIA, "hi", id="a region the sender lacks is left out"),
        pytest.param(None, "en_US", INDIAN, "hi", ("en", "en_US"), "en_US", id="one it has is kept"),
        pytest.param(None, "en-us", INDIAN, "hi", ("en", "en_US"), "en_US", id="however it is written"),
        pytest.param(None, "pt", ITALIAN, "hi", ("en", "pt_BR"), "en", id="and none is made up"),
        pytest.param("", " ", INDIAN, "en", INDIA, "hi", id="what is empty says nothing"),
        pytest.param(None, "Hindi", ITALIAN, "hi", INDIA, "en", id="nor does what is no code"),
    ],
)
def test_the_language_is_the_first_one_said(explicit, saved, phone, fallback, allowed, expected):
    assert choose_language(explicit, saved, phone, fallback, allowed) == expected


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("hi", "hi"),
        (" EN ", "en"),
        ("pt-br", "pt_BR"),
        ("pt_BR", "pt_BR"),
        ("fil", "fil"),
        ("zh-Hant-HK", "zh"),
        ("es-419", "es"),
        ("english", None),
        ("", None),
        (None, None),
        ("ह", None),
    ],
)
def test_a_code_is_written_as_meta_writes_it(raw, code):
    assert normalise_language(raw) == code


CODES = st.sampled_from(["en", "hi", "it", "en_US", "pt_BR", "hi-IN", "EN", "", "nonsense", None])


@given(
    CODES,
    CODES,
    st.sampled_from([INDIAN, ITALIAN, None]),
    CODES,
    st.lists(st.sampled_from(["hi", "it", "en_US", "pt_BR"]), unique=True).map(lambda codes: ("en", *codes)),
)
def test_the_sender_always_has_the_language(explicit, saved, phone, fallback, allowed):
    assert choose_language(explicit, saved, phone, fallback, allowed) in allowed


@given(st.text())
def test_a_normalised_code_is_normal(raw):
    code = normalise_language(raw)
    assert code is None or normalise_language(code) == code
