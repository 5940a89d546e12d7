"""Ids as the shop's application makes them: bare ULIDs, which sort by time."""

from __future__ import annotations

import datetime as dt

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U."""
LENGTH = 26
RANDOM_BITS = 80

_TIME_BITS = 48
_BITS_A_CHARACTER = 5
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


def ulid(moment: dt.datetime, randomness: int) -> str:
    """The ULID of a moment (https://github.com/ulid/spec): 48 bits of milliseconds, then 80 random bits.

    Args:
        moment: When the row came to be; aware.
        randomness: `RANDOM_BITS` random bits.

    Raises:
        ValueError: The moment is before 1970, or there are more random bits than fit.
    """
    milliseconds = (moment - _EPOCH) // dt.timedelta(milliseconds=1)
    if milliseconds >> _TIME_BITS or randomness >> RANDOM_BITS:
        raise ValueError(f"A ULID has {_TIME_BITS} bits of milliseconds since 1970 and {RANDOM_BITS} random ones.")
    value = milliseconds << RANDOM_BITS | randomness
    digits = (value >> _BITS_A_CHARACTER * place for place in reversed(range(LENGTH)))
    return "".join(ALPHABET[digit % len(ALPHABET)] for digit in digits)
