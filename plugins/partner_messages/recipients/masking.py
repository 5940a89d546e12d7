"""What may be seen of a person in a log line: the country and the last four digits, nothing more.

Meta's message ids (wamids) contain the recipient's number in base64, and Meta's error texts may quote a token, so a
text from outside goes through `mask` before it is logged, stored as an error or raised.
"""

from __future__ import annotations

import re

import phonenumbers

HIDDEN = "•••••"
"""Always five dots: their number must not tell how long the hidden part is."""

_VISIBLE_DIGITS = 4
_FEWEST_DIGITS = 8
"""A run of digits shorter than this is not taken for a phone number (after a `+`, six is enough)."""

_BETWEEN = r"[\ \u00a0\u202f().\-\u2010-\u2015]"
"""What people write between the digits of a phone number."""

# What looks like a phone number and is none stands before what is hidden, so that row ids and times stay readable.
_PATTERNS = re.compile(
    rf"""
    (?P<kept>
        \b[0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}\b              # uuid: a row of the message log
      | (?<![0-9A-Za-z])(?=[0-9]*[A-HJKMNP-TV-Z])[0-9A-HJKMNP-TV-Z]{{26}}(?![0-9A-Za-z])  # ULID: the shop's ids
      | (?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d{{1,6}}(?!\d))?)?)?(?![\d-])  # time
      | wamid\.…[A-Za-z0-9+/_-]{{0,4}}(?![A-Za-z0-9+/_=-])                            # hidden already
    )
  | (?P<wamid>wamid\.[A-Za-z0-9+/_=-]+)
  | (?P<secret>
        (?P<scheme>(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{{1,30}}://)[^\s/"'<>]+(?=@)   # a URL's user and password
      | (?P<named>(?i:(?<![a-z])(?:ssl)?password|passwd|access_token|app_secret|client_secret)=["']?)[^\s&;"']+
      | (?P<before>(?i:\bbearer\s+))\S+
      | (?P<quoted>(?i:\baccess\ token:?\s+))[\w|-]{{16,}}                            # as Meta quotes a malformed one
      | \bEAA[A-Za-z0-9]{{16,}}                                                        # Meta's access tokens
      | (?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*                                          # JWT: the deep link's token
    )
  | (?P<phone>
        \+(?:{_BETWEEN}{{0,2}}\d){{6,}}
      | \d(?:{_BETWEEN}{{0,2}}\d){{{_FEWEST_DIGITS - 1},}}
    )
    """,
    re.VERBOSE,
)


def mask_phone(phone: str) -> str:
    """Hide a phone number but for its country code and last four digits: `+91•••••2345`.

    Defined for any text: where the number is not valid the country code is left out, and of fewer than eight digits
    none is shown.
    """
    digits = "".join(character for character in phone if character.isdecimal())
    if len(digits) < _FEWEST_DIGITS:
        return HIDDEN
    return f"{_country(digits)}{HIDDEN}{digits[-_VISIBLE_DIGITS:]}"


def _country(digits: str) -> str:
    # Only a valid number: the first digits of a national one are no country, and would name a wrong one.
    try:
        number = phonenumbers.parse(f"+{digits.removeprefix('00')}")
    except phonenumbers.NumberParseException:
        return ""
    return f"+{number.country_code}" if phonenumbers.is_valid_number(number) else ""


def mask_wamid(wamid: str) -> str:
    """Hide a Meta message id but for the four characters that tell two of them apart: `wamid.…` and these.

    Every wamid ends in the same padding (`A`, `=`), which is left out.
    """
    told_apart = wamid.removeprefix("wamid.").rstrip("=").rstrip("A")
    return f"wamid.…{told_apart[-4:] if len(told_apart) > 2 * _VISIBLE_DIGITS else ''}"


LONGEST = 2_000
"""Characters of a text from outside that are kept."""


_FILLING = re.compile(r"^[\W_]+")


def plain(text: str) -> str:
    """A text from outside that a log file and PostgreSQL can take: no halves of characters, no NUL, no endless one.

    One strange answer must not keep the others from being written down. What is too long is kept from its first letter
    or digit on: a STOP may stand behind a page of blanks.
    """
    if len(text) > LONGEST:
        text = _FILLING.sub("", text)[:LONGEST]
    # Most is ASCII, of a webhook with a thousand items as well.
    return (text if text.isascii() else text.encode("utf-8", "replace").decode()).replace("\0", "")


def mask(text: str) -> str:
    """Hide every phone-like run of digits, every wamid and every token in a free text."""
    return _PATTERNS.sub(_hide, text)


def _hide(match: re.Match[str]) -> str:
    found = match.group()
    if match.lastgroup == "kept":
        return found
    if match.lastgroup == "wamid":
        return mask_wamid(found)
    if match.lastgroup == "phone":
        return mask_phone(found)
    shown = match["scheme"] or match["named"] or match["before"] or match["quoted"] or ""
    return f"{shown}{HIDDEN}"
