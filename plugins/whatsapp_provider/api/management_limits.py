"""How often Meta lets an account create templates and edit an approved one.

Source: docs/reference/whatsapp-cloud-api.md, sections 3 and 4.4.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """At most `maximum` in a sliding window."""

    maximum: int
    window: dt.timedelta


CREATES: tuple[Limit, ...] = (Limit(100, dt.timedelta(hours=1)),)
"""Templates created on one account."""
EDITS: tuple[Limit, ...] = (Limit(1, dt.timedelta(days=1)), Limit(10, dt.timedelta(days=30)))
"""Edits of one approved template in one language; a rejected or paused one may be edited without limit."""

MAX_WINDOW = max(limit.window for limit in (*CREATES, *EDITS))


def next_allowed_at(limits: Sequence[Limit], earlier: Sequence[dt.datetime], now: dt.datetime) -> dt.datetime:
    """When the next one is allowed by all limits: now, or when enough of the earlier ones have left the window.

    Args:
        limits: The limits.
        earlier: The times of the earlier ones, in any order.
        now: The current time.
    """
    allowed_at = [now]
    for limit in limits:
        counted = sorted(moment for moment in earlier if moment > now - limit.window)
        if len(counted) >= limit.maximum:
            allowed_at.append(counted[-limit.maximum] + limit.window)
    return max(allowed_at)
