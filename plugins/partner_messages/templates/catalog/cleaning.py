"""Makes the shop's values fit to stand in a WhatsApp message.

Meta refuses a parameter that is empty or has a newline, a tab or more than four spaces in a row, and a body of more
than 1024 characters once it is filled in (docs/reference/whatsapp-cloud-api.md, sections 1.2 and 2.3). Nobody's name
is a reason not to write to them, so a value is made to fit.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import unicodedata
from itertools import takewhile

FALLBACK = "-"
"""Stands where nothing that can be seen is left and the caller named nothing better."""

_ELLIPSIS = "…"
_ZWJ = "\u200d"
_ZWNJ = "\u200c"

# Characters that show nothing and can hide or reorder what stands beside them. ZWJ and ZWNJ stay: Hindi and emoji are
# written with them. What is left of Unicode's white space becomes a plain space.
_REMOVED = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters
    "\u00ad\u180e\u200b\u2060-\u2064\ufeff"  # soft hyphen, zero-width spaces and joiners, invisible operators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction marks, overrides and isolates
    "\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff"  # annotation marks, noncharacters
    "\ud800-\udfff"  # halves of a surrogate pair, which no text can be encoded with
    "]"
)
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs by category that are blank on every screen."""
_VISIBLE_CATEGORIES = frozenset("LNPS")
_VIRAMA = 9
"""Unicode's combining class of the sign that ties two Indic consonants into one."""

_MARKUP = re.compile(r"(?<![^\W_])[*_~`]|[*_~`](?![^\W_])")
"""WhatsApp's signs for bold, italics, strike-through and code, where they are that: not within a word."""
_LOOKALIKES = str.maketrans(
    "*_~`",
    "\N{ASTERISK OPERATOR}\N{MODIFIER LETTER LOW MACRON}\N{TILDE OPERATOR}\N{MODIFIER LETTER GRAVE ACCENT}",
)


def whatsapp_length(text: str) -> int:
    """How long a text is for Meta's limits.

    Meta does not say whether it counts characters or UTF-16 units; units are counted, which are never fewer.
    """
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


@functools.lru_cache(maxsize=16_384)  # the same few names come again and again in one planning
def clean(text: str | None, fallback: str = FALLBACK, longest: int | None = None) -> str:
    """Make a value fit to be a template parameter.

    Args:
        text: As the shop has it.
        fallback: What stands there if nothing that can be seen is left.
        longest: The most it may take of the message, as `whatsapp_length` counts; longer ones end in `…`.

    Returns:
        One line that shows something. Cleaning it again changes nothing.

    Raises:
        ValueError: The fallback itself shows nothing, or does not fit.
    """
    fitting = shown(text, longest) or shown(fallback, longest)
    if not fitting:
        raise ValueError(f"The fallback {fallback!r} shows nothing within {longest} characters.")
    return fitting


def shown(text: str | None, longest: int | None = None) -> str:
    """What can be seen of a text, on one line; empty where that is nothing."""
    fitting = _clip(" ".join(_REMOVED.sub("", text or "").split()), longest)
    return fitting if _shows_something(fitting) else ""


def without_markup(text: str) -> str:
    """A text whose signs WhatsApp shows as they are: `*Star*` is a name, and not a bold one.

    WhatsApp knows no escape for them, so each is replaced by one that looks like it. A sign within a word (`my_design`)
    means nothing to WhatsApp and stays.
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
    """Whether what a reader takes for one character ends at `end` (what matters of Unicode's text segmentation)."""
    before, after = text[end - 1], text[end]
    if _extends(after) or before == _ZWJ or unicodedata.combining(before) == _VIRAMA:
        return False
    if _is_regional(before) and _is_regional(after):
        # Two of these letters make a flag: the cut is between flags where an even number stands before it.
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
    """A quantity as people write it: `250`, `12.5`; an unknown one is `0`.

    The shop stores 4-byte floats, so more than three decimals are noise.
    """
    if quantity is None or not math.isfinite(quantity):
        return "0"
    text = f"{quantity:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def days_text(since: dt.datetime, now: dt.datetime) -> str:
    """An age in days as text, see `whole_days`."""
    return str(whole_days(since, now))


def whole_days(since: dt.datetime, now: dt.datetime) -> int:
    """An age in whole days, floored, at least 1 (the shop's rule).

    Args:
        since: With a time zone.
        now: With a time zone.
    """
    # In UTC: Python subtracts the wall clocks of two times in one zone, which is an hour off across a clock change.
    return max(1, (now.astimezone(dt.UTC) - since.astimezone(dt.UTC)).days)
