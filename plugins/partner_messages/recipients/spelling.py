"""Two spellings of the same phone: numbering plans have changed, and WhatsApp keeps the old number of some phones.

Meta's `wa_id` is the number with which the account was made. So the shop has one spelling where it copied Meta's, and
another one where a person has typed the dialled number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Spelling:
    """A row of the table.

    Attributes:
        country: The country.
        written: The other spelling, E.164 with `+`.
        dialled: The dialled number, as a template of that expression.
    """

    country: str
    written: re.Pattern[str]
    dialled: str


SPELLINGS = (
    # Until 2019 a mobile was dialled from abroad with a 1 after the country code; Meta keeps it.
    Spelling("Mexico", re.compile(r"\+521(\d{10})"), r"+52\1"),
    # A mobile is dialled from abroad with a 9 after the country code; Meta sometimes leaves it out.
    Spelling("Argentina", re.compile(r"\+54([1-8]\d{9})"), r"+549\1"),
    # Mobiles got a ninth digit by 2016; older accounts have none at Meta. Fixed lines begin with 2 to 5.
    Spelling("Brazil", re.compile(r"\+55(\d\d)([6-9]\d{7})"), r"+55\g<1>9\2"),
    # All numbers got the prefix 01 in November 2024.
    Spelling("Benin", re.compile(r"\+229(\d{8})"), r"+22901\1"),
    # A fixed line keeps its zero after the country code, unlike in other countries; a mobile (3…) has none.
    Spelling("Italy", re.compile(r"\+39([124-9]\d{5,9})"), r"+390\1"),
)


def dialled(phone: str) -> str:
    """The dialled spelling of a phone, by which two spellings are compared.

    Args:
        phone: `+` and the digits of an international number, valid or not.
    """
    for spelling in SPELLINGS:
        if match := spelling.written.fullmatch(phone):
            return match.expand(spelling.dialled)
    return phone


def is_same_phone(one: str, other: str) -> bool:
    """Whether two international numbers are the same phone in any spelling."""
    return dialled(one) == dialled(other)
