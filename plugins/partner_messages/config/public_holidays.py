"""The public holidays of countries and states, as the package `holidays` knows them, by codes such as `IN` or `IN-RJ`.

The package is imported only where a code is asked about: most deployments ask about none.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import re
from collections.abc import Mapping
from typing import Any

# The package's namespace holds more than countries: weekdays and months also have names of three capitals.
_CODE = re.compile(r"([A-Z]{2,3})(?:-(\S(?:.*\S)?))?")

_KEPT = frozenset({"public", "government"})
"""The package's categories that are kept: many states (Odisha, Bihar, Telangana) have their own days in the second one.

On the days of the others most people work: half days, days of choice (`optional`), those of banks, schools, one faith.
"""

_RENAMED = {"IN-OR": "IN-OD", "IN-CT": "IN-CG", "IN-UT": "IN-UK", "IN-DD": "IN-DH", "IN-DN": "IN-DH"}
"""The present ISO 3166-2 codes of India's states, by their former codes."""


class _Standing(enum.Enum):
    """How the package knows a code."""

    KNOWN, OUTDATED, UNKNOWN = range(3)


@functools.lru_cache(maxsize=100)
def is_known(code: str) -> bool:
    """Whether the package has the holidays of this country (`IN`) or of this part of it (`IN-RJ`).

    By an outdated code it has only some of them, or none.
    """
    return _standing(code) is _Standing.KNOWN


def advice_on(code: object) -> str:
    """What to write in the place of a code that is not known."""
    if isinstance(code, str) and code in _RENAMED:
        return f'must not be the outdated code "{code}"; write "{_RENAMED[code]}"'
    if isinstance(code, str) and _standing(code) is _Standing.OUTDATED:
        country = code.partition("-")[0]
        codes = [country, *(f"{country}-{part}" for part in sorted(_place(country).subdivisions))]
        return f'must not be the outdated code "{code}"; write one of {", ".join(codes)}'
    return 'must be the code of a country or state that the package "holidays" knows, such as "IN" or "IN-RJ"'


@functools.lru_cache(maxsize=1_000)
def of_year(code: str, year: int) -> Mapping[dt.date, str]:
    """The names of a year's holidays by day, in English where the package has it.

    Args:
        code: One that `is_known`.
        year: Any; where the package does not know a year, it has no holidays or estimated ones.
    """
    kept = _KEPT.intersection(_place(code).supported_categories)
    # Without a language the names would follow the machine's.
    return dict(_place(code, years=year, expand=False, language="en_US", categories=kept))


def _standing(code: str) -> _Standing:
    from holidays.registry import EntityLoader

    found = _CODE.fullmatch(code)
    if found is None or found[1] not in set(EntityLoader.get_country_codes()):
        return _Standing.UNKNOWN
    country, part = _place(found[1]), found[2]
    # By its lists, not by the package's own check: it takes any part of an overseas territory, and says only by a
    # warning that a part is outdated; who records warnings records those of other threads and of the garbage collector.
    if part is None or part in country.subdivisions or part in country.subdivisions_aliases:
        return _Standing.KNOWN
    return _Standing.OUTDATED if part in getattr(country, "_deprecated_subdivisions", ()) else _Standing.UNKNOWN


def _place(code: str, **how: Any) -> Any:
    import holidays

    country, _, part = code.partition("-")
    return holidays.country_holidays(country, subdiv=part or None, **how)
