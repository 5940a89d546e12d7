"""Clean the shop's values, so that Meta accepts them as template parameters.

Meta refuses a parameter that is empty or has a newline, a tab or more than four spaces in a row, and a filled-in body
of more than 1024 characters (docs/reference/whatsapp-cloud-api.md, sections 1.2 and 2.3). A strange name must not
prevent a message, so values are changed and not refused.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import unicodedata
from itertools import takewhile

FALLBACK = "-"
"""The default for a value without visible characters."""

_ELLIPSIS = "…"
_ZWJ = "\u200d"
_ZWNJ = "\u200c"

# Invisible characters, some of which hide or reorder others. ZWJ and ZWNJ stay: Hindi and emoji need them. All other
# white space becomes a plain space.
_REMOVED = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters
    "\u00ad\u180e\u200b\u2060-\u2064\ufeff"  # soft hyphen, zero-width spaces and joiners, invisible operators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction marks, overrides and isolates
    "\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff"  # annotation marks, noncharacters
    "\ud800-\udfff"  # surrogates, which cannot be encoded
    "]"
)
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Blank characters in a visible category."""
_VISIBLE_CATEGORIES = frozenset("LNPS")
_VIRAMA = 9
"""Unicode's combining class of the sign that joins two Indic consonants."""

_MARKUP = re.compile(r"(?<![^\W_])[*_~`]|[*_~`](?![^\W_])")
"""WhatsApp's signs for bold, italics, strike-through and code; within a word they have no effect."""
_LOOKALIKES = str.maketrans(
    "*_~`",
    "\N{ASTERISK OPERATOR}\N{MODIFIER LETTER LOW MACRON}\N{TILDE OPERATOR}\N{MODIFIER LETTER GRAVE ACCENT}",
)


def whatsapp_length(text: str) -> int:
    """The length of a text in UTF-16 units: Meta does not say whether its limits count those or characters."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


@functools.lru_cache(maxsize=16_384)  # Planning cleans the same names many times.
def clean(text: str | None, fallback: str = FALLBACK, longest: int | None = None) -> str:
    """Clean a value for use as a template parameter.

    Args:
        text: The shop's value.
        fallback: Used if the text has no visible character.
        longest: The maximum length, as `whatsapp_length` counts; a longer text is cut and ends in `…`.

    Returns:
        One line with a visible character. Cleaning it again changes nothing.

    Raises:
        ValueError: The fallback has no visible character, or is too long.
    """
    fitting = shown(text, longest) or shown(fallback, longest)
    if not fitting:
        raise ValueError(f"The fallback {fallback!r} shows nothing within {longest} characters.")
    return fitting


def shown(text: str | None, longest: int | None = None) -> str:
    """The visible text on one line; empty if it has no visible character."""
    fitting = _clip(" ".join(_REMOVED.sub("", text or "").split()), longest)
    return fitting if _shows_something(fitting) else ""


def without_markup(text: str) -> str:
    """Replace WhatsApp's markup signs by similar characters, so that `*Star*` is not shown in bold.

    WhatsApp has no escape for them. A sign within a word (`my_design`) is no markup and stays.
    """
    return _MARKUP.sub(lambda sign: sign.group().translate(_LOOKALIKES), text)


def _shows_something(text: str) -> bool:
    return any(
        unicodedata.category(character)[0] in _VISIBLE_CATEGORIES and character not in _BLANK_LETTERS
        for character in text
    )


def _clip(text: str, longest: int | None) -> str:
    if longest is None or whatsapp_length(text) <= longest:
        return text
    end = _characters_within(text, longest - len(_ELLIPSIS))
    while end > 0 and not _may_cut(text, end):
        end -= 1
    kept = text[:end].rstrip()
    return f"{kept}{_ELLIPSIS}" if _shows_something(kept) else ""


def _characters_within(text: str, units: int) -> int:
    used = 0
    for index, character in enumerate(text):
        used += 2 if character > "\uffff" else 1
        if used > units:
            return index
    return len(text)


def _may_cut(text: str, end: int) -> bool:
    """Whether no grapheme is split at `end` (the relevant part of Unicode's text segmentation)."""
    before, after = text[end - 1], text[end]
    if _extends(after) or before == _ZWJ or unicodedata.combining(before) == _VIRAMA:
        return False
    if _is_regional(before) and _is_regional(after):
        # Two of these letters make a flag, so the cut is between flags if an even number comes before it.
        letters = sum(1 for _ in takewhile(_is_regional, reversed(text[:end])))
        return letters % 2 == 0
    return True


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character)[0] == "M"
        or character in (_ZWJ, _ZWNJ)
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # the letters of a regional flag
        or "\u1160" <= character <= "\u11ff"  # the vowels and finals of a Hangul syllable
    )


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def quantity_text(quantity: float | None) -> str:
    """A quantity as text: `250`, `12.5`, and `0` for an unknown one.

    The shop stores 4-byte floats, so only three decimals are kept.
    """
    if quantity is None or not math.isfinite(quantity):
        return "0"
    text = f"{quantity:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def days_text(since: dt.datetime, now: dt.datetime) -> str:
    """An age in days as text (`whole_days`)."""
    return str(whole_days(since, now))


def whole_days(since: dt.datetime, now: dt.datetime) -> int:
    """An age in whole days between two aware times, floored, at least 1 (the shop's rule)."""
    # In UTC: Python subtracts the wall clocks of two times in one zone, which is an hour off across a clock change.
    return max(1, (now.astimezone(dt.UTC) - since.astimezone(dt.UTC)).days)
