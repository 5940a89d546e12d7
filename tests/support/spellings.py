"""Phones of each numbering plan that WhatsApp spells otherwise at times."""

from __future__ import annotations

SPELLED = {
    # dialled, and in the other spelling
    "Mexico": ("+522221234567", "+5212221234567"),
    "Argentina": ("+5491123456789", "+541123456789"),
    "Brazil": ("+5511987654321", "+551187654321"),
    "Benin": ("+2290195123456", "+22995123456"),
    "Italy": ("+390212345678", "+39212345678"),
}
"""One for each row of `recipients.spelling.SPELLINGS`, by its country."""

DIFFERENT = {
    "another Mexican": ("+522221234567", "+5212221234568"),
    "another area of Brazil": ("+5511987654321", "+5521987654321"),
    "a Brazilian fixed line has no ninth digit": ("+551123456789", "+5511923456789"),
    "an Italian mobile has no zero": ("+393331234567", "+3903331234567"),
    "another country": ("+12221234567", "+222221234567"),
}
"""Two phones, and not one in two spellings."""

BOTH_WAYS = [pair for dialled, other in SPELLED.values() for pair in ((dialled, other), (other, dialled))]
