"""How Meta reads the `to` of a message (D/messages/send-messages)."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from sandbox.graph_api.errors import GraphError

_PUNCTUATION = re.compile(r"[\s()\-]")
_DIGITS = re.compile(r"\d{7,15}")


@lru_cache(maxsize=65_536)
def recipient_number(to: str, country_code: str) -> str:
    """The number a message goes to, in E.164.

    Spaces, hyphens and parentheses do not count. Without a leading `+` Meta puts the business number's country code in
    front, even where the number already has one.

    Args:
        to: As it came in the request.
        country_code: Of the sending number, digits only.

    Raises:
        GraphError: 131009 where it is not written as a phone number, 131026 where no phone can have this number.
    """
    bare = _PUNCTUATION.sub("", to)
    number = bare if bare.startswith("+") else f"+{country_code}{bare}"
    if not _DIGITS.fullmatch(number[1:]):
        raise GraphError(131009, f"The phone number is malformed: '{to}'. Please use the format: +1234567890.")
    try:
        exists = phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        exists = False
    if not exists:
        raise GraphError(131026, f"Unable to deliver message. No phone can have the number {number}.")
    return number
