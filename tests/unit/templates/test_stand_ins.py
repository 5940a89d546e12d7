"""What stands in the place of what the shop does not know, and what becomes of WhatsApp's markup in what it does."""

from __future__ import annotations

import pytest

from partner_messages.templates.catalog.installed import installed_catalog
from partner_messages.templates.catalog.stand_ins import STAND_INS, stand_in
from whatsapp_provider.templates.cleaning import clean, without_markup

STAR, LOW = "\N{ASTERISK OPERATOR}", "\N{MODIFIER LETTER LOW MACRON}"
WAVE, TICK = "\N{TILDE OPERATOR}", "\N{MODIFIER LETTER GRAVE ACCENT}"


def test_every_language_of_the_catalog_has_its_own_words():
    languages = {language for template in installed_catalog() for language in template.languages}

    assert all(languages <= words.keys() for words in STAND_INS.values())


@pytest.mark.parametrize("language", ["en_GB", "en", "it", "zh_CN"])
def test_a_language_without_words_of_its_own_has_english_ones(language):
    assert stand_in("design_name", language) == "your design"


def test_a_language_s_region_does_not_matter():
    assert stand_in("notes", "hi_IN") == "कोई कारण नहीं बताया गया"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("*Star* Textiles", f"{STAR}Star{STAR} Textiles"),
        ("_Rani_", f"{LOW}Rani{LOW}"),
        ("~old~ Silk", f"{WAVE}old{WAVE} Silk"),
        ("```code```", f"{TICK}{TICK}{TICK}code{TICK}{TICK}{TICK}"),
        ("*_~all~_*", f"{STAR}{LOW}{WAVE}all{WAVE}{LOW}{STAR}"),
        ("बंधेज *साड़ी*", f"बंधेज {STAR}साड़ी{STAR}"),
        ("kurta_block_v2", "kurta_block_v2"),
        ("2*3 m", "2*3 m"),
        ("Rani & Co.", "Rani & Co."),
    ],
)
def test_signs_that_whatsapp_would_take_for_markup_are_shown_as_they_are(typed, shown):
    assert without_markup(typed) == shown
    assert clean(without_markup(shown)) == shown
