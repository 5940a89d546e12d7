"""The same phone in two spellings: numbering plans have changed, and WhatsApp goes on naming some phones the old way.

Meta's `wa_id` is the phone's name from when its account was made, so the shop holds one spelling where it copied
Meta's and another where a person typed what is dialled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Spelling:
    """One row of the table.

    Attributes:
        country: Where it is found.
        written: The other spelling, E.164 with `+`; whoever has a phone so written has it dialled so.
        dialled: The one that is dialled, as a template of that expression.
        back: What is dialled, where it may be written so, and the template of that.
    """

    country: str
    written: re.Pattern[str]
    dialled: str
    back: tuple[re.Pattern[str], str]


SPELLINGS = (
    # Until 2019 a mobile was dialled from abroad with a 1 after the country's code; Meta keeps it.
    Spelling("Mexico", re.compile(r"\+521(\d{10})"), r"+52\1", (re.compile(r"\+52([2-9]\d{9})"), r"+521\1")),
    # A mobile is dialled from abroad with a 9 after the country's code; Meta leaves it out at times.
    Spelling("Argentina", re.compile(r"\+54([1-8]\d{9})"), r"+549\1", (re.compile(r"\+549([1-8]\d{9})"), r"+54\1")),
    # Mobiles got a ninth digit by 2016; Meta names older accounts without it. Fixed lines begin with 2 to 5.
    Spelling(
        "Brazil",
        re.compile(r"\+55(\d\d)([6-9]\d{7})"),
        r"+55\g<1>9\2",
        (re.compile(r"\+55(\d\d)9([6-9]\d{7})"), r"+55\1\2"),
    ),
    # Every number got 01 before it in November 2024.
    Spelling("Benin", re.compile(r"\+229(\d{8})"), r"+22901\1", (re.compile(r"\+22901(\d{8})"), r"+229\1")),
    # A fixed line keeps its zero behind the country's code, where other countries drop it; a mobile (3…) has none.
    Spelling("Italy", re.compile(r"\+39([124-9]\d{5,9})"), r"+390\1", (re.compile(r"\+390([124-9]\d{5,9})"), r"+39\1")),
)


def dialled(phone: str) -> str:
    """The one spelling by which two spellings of a phone are known to be the same: the one that is dialled.

    Args:
        phone: `+` and the digits of an international number, valid or not.
    """
    for spelling in SPELLINGS:
        if match := spelling.written.fullmatch(phone):
            return match.expand(spelling.dialled)
    return phone


def is_same_phone(one: str, other: str) -> bool:
    """Whether two international numbers reach one WhatsApp account, however each is spelled."""
    return dialled(one) == dialled(other)


def spellings(phone: str) -> tuple[str, ...]:
    """Every spelling of a phone, the given one first; hardly any has more than that."""
    said = dialled(phone)
    others = (said, *(match.expand(one.back[1]) for one in SPELLINGS if (match := one.back[0].fullmatch(said))))
    return tuple(dict.fromkeys((phone, *others)))
