"""The words that replace a value that the shop does not have, by language."""

from __future__ import annotations

from collections.abc import Mapping

from whatsapp_provider.languages import LAST_RESORT

STAND_INS: Mapping[str, Mapping[str, str]] = {
    "partner_name": {"en": "Partner", "hi": "पार्टनर"},
    "design_name": {"en": "your design", "hi": "आपका डिज़ाइन"},
    "notes": {"en": "No reason provided", "hi": "कोई कारण नहीं बताया गया"},
}
"""By variable, then by language without its region. An id of the shop is never shown instead of a name."""


def stand_in(variable: str, language: str) -> str:
    """The words for a variable of `STAND_INS`; English if the language has none."""
    words = STAND_INS[variable]
    return words.get(language.partition("_")[0], words[LAST_RESORT])
