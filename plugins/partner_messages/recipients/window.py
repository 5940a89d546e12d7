"""WhatsApp's customer service window, in which free-form messages are allowed."""

from __future__ import annotations

import datetime as dt

WINDOW = dt.timedelta(hours=24)
"""How long after a person's last message Meta allows free-form messages (else error 131047)."""

MARGIN = dt.timedelta(minutes=5)
"""For the time of a request, and for the difference between the shop's clock and ours."""


def is_open(last_inbound: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether a free-form message that is sent now arrives within the window.

    Args:
        last_inbound: The time of the person's last message; None if there is none. A time in the future (beyond the
            margin) is not believed.
        now: The time of sending.
    """
    if last_inbound is None:
        return False
    # In UTC: Python subtracts the wall clocks of two times in one zone, which is an hour off across a clock change.
    ago = now.astimezone(dt.UTC) - last_inbound.astimezone(dt.UTC)
    return -MARGIN <= ago < WINDOW - MARGIN
