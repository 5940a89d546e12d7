"""How often Meta lets an account create templates and edit an approved one.

Source: docs/reference/whatsapp-cloud-api.md, sections 3 and 4.4.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """At most so many within a moving window."""

    most: int
    window: dt.timedelta


CREATES: tuple[Limit, ...] = (Limit(100, dt.timedelta(hours=1)),)
"""Of one account."""
EDITS: tuple[Limit, ...] = (Limit(1, dt.timedelta(days=1)), Limit(10, dt.timedelta(days=30)))
"""Of one approved template in one language; a rejected or paused one may be edited as often as one likes."""

LONGEST_WINDOW = max(limit.window for limit in (*CREATES, *EDITS))


def free_from(limits: Sequence[Limit], made: Sequence[dt.datetime], now: dt.datetime) -> dt.datetime:
    """When the next one is within all limits: now, or the moment at which enough of the earlier ones are past.

    Args:
        limits: What holds.
        made: When the earlier ones were made, in any order.
        now: The moment of asking.
    """
    free = [now]
    for limit in limits:
        counted = sorted(moment for moment in made if moment > now - limit.window)
        if len(counted) >= limit.most:
            free.append(counted[-limit.most] + limit.window)
    return max(free)
