"""Mask phone numbers, Meta's message ids and secrets; of a phone the country code and the last four digits are shown.

Meta's message ids (wamids) contain the recipient's number in base64, and Meta's error texts may quote a token, so every
text from outside is masked before it is logged, stored as an error or raised.
"""

from __future__ import annotations

import re

import phonenumbers

HIDDEN = "•••••"
"""Always five dots, so that the length of the hidden part is not shown."""

_VISIBLE_DIGITS = 4
_MIN_PHONE_DIGITS = 8
"""Fewer digits in a row are not taken for a phone number (after a `+`, six are enough)."""

_SEPARATORS = r"[\ \u00a0\u202f().\-\u2010-\u2015]"
"""The characters that people write between the digits of a phone number."""

# Ids and times, which look like phone numbers, come first, so that they stay readable.
_PATTERNS = re.compile(
    rf"""
    (?P<kept>
        \b[0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}\b              # uuid: a row of the message log
      | (?<![0-9A-Za-z])(?=[0-9]*[A-HJKMNP-TV-Z])[0-9A-HJKMNP-TV-Z]{{26}}(?![0-9A-Za-z])  # ULID: the shop's ids
      | (?<![0-9A-Za-z_])[a-z]+(?:_[a-z]+)*_01[A-HJKMNP-TV-Z]                          # another id of a shop:
        (?=[0-9]*[A-Z])(?![0-9A-Z]*[1-9][0-9]{{6}})[0-9A-Z]{{8,29}}(?![0-9A-Za-z])      # without a number in it
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
        \+(?:{_SEPARATORS}{{0,2}}\d){{6,}}
      | \d(?:{_SEPARATORS}{{0,2}}\d){{{_MIN_PHONE_DIGITS - 1},}}
    )
    """,
    re.VERBOSE,
)


def mask_phone(phone: str) -> str:
    """Mask a phone number, such as `+91•••••2345`.

    Any text is accepted: of an invalid number the country code is not shown, and of fewer than eight digits nothing.
    """
    digits = "".join(character for character in phone if character.isdecimal())
    if len(digits) < _MIN_PHONE_DIGITS:
        return HIDDEN
    return f"{_country(digits)}{HIDDEN}{digits[-_VISIBLE_DIGITS:]}"


def _country(digits: str) -> str:
    # Only of a valid number: the first digits of a national number are no country code.
    try:
        number = phonenumbers.parse(f"+{digits.removeprefix('00')}")
    except phonenumbers.NumberParseException:
        return ""
    return f"+{number.country_code}" if phonenumbers.is_valid_number(number) else ""


def mask_wamid(wamid: str) -> str:
    """Mask a Meta message id: `wamid.…` and its last four characters.

    The padding (`A`, `=`) at the end, which all wamids have, is ignored.
    """
    distinct = wamid.removeprefix("wamid.").rstrip("=").rstrip("A")
    return f"wamid.…{distinct[-4:] if len(distinct) > 2 * _VISIBLE_DIGITS else ''}"


MAX_TEXT_LENGTH = 2_000
"""Characters that are kept of a text from outside."""

_FILLING = re.compile(r"^[\W_]+")


def plain(text: str) -> str:
    """Make a text from outside storable in a log file and PostgreSQL: without lone surrogates and NUL, and shortened.

    A text that is too long is kept from its first letter or digit on, because STOP may follow many blanks.
    """
    if len(text) > MAX_TEXT_LENGTH:
        text = _FILLING.sub("", text)[:MAX_TEXT_LENGTH]
    # Fast path: most texts are ASCII.
    return (text if text.isascii() else text.encode("utf-8", "replace").decode()).replace("\0", "")


def mask(text: str) -> str:
    """Mask every phone number, wamid and secret in a text."""
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
