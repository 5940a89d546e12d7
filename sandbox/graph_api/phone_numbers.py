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
    """The recipient's number in E.164.

    Spaces, hyphens and parentheses are ignored. Before a number without `+` Meta puts the business number's country
    code, even if the number has one already.

    Args:
        to: The `to` of the request.
        country_code: The business number's country code, digits only.

    Raises:
        GraphError: 131009 for a malformed number, 131026 for an invalid one.
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
