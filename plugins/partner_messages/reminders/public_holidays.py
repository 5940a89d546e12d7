"""The public holidays of countries and states, as the package `holidays` knows them, by codes such as `IN` or `IN-RJ`.

The package is imported only where a code is asked about: most deployments ask about none.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping

# The package's namespace holds more than countries: weekdays and months also have names of three capitals.
_CODE = re.compile(r"([A-Z]{2,3})(?:-(\S(?:.*\S)?))?")


@functools.lru_cache(maxsize=100)
def is_known(code: str) -> bool:
    """Whether the package has the holidays of this country (`IN`) or of this part of it (`IN-RJ`)."""
    from holidays.registry import EntityLoader

    found = _CODE.fullmatch(code)
    if found is None or found[1] not in set(EntityLoader.get_country_codes()):
        return False
    try:
        of_year(code, 2026)
    except NotImplementedError:
        return False
    return True


@functools.lru_cache(maxsize=1_000)
def of_year(code: str, year: int) -> Mapping[dt.date, str]:
    """The names of a year's public holidays by day, in English where the package has it.

    Args:
        code: One that `is_known`.
        year: Any; where the package does not know a year, it has no holidays or estimated ones.
    """
    import holidays

    country, _, part = code.partition("-")
    # Without a language the names would follow the machine's.
    return dict(holidays.country_holidays(country, subdiv=part or None, years=year, expand=False, language="en_US"))
