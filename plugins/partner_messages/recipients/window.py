"""Whether a partner may be written to freely: WhatsApp's customer service window."""

from __future__ import annotations

import datetime as dt

WINDOW = dt.timedelta(hours=24)
"""How long after somebody's last message to us they may be sent anything but a template (Meta; else 131047)."""

MARGIN = dt.timedelta(minutes=5)
"""What a request may take on its way, and by how much the shop's clock may differ from ours."""


def is_open(last_inbound: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether a free-form message that leaves now still arrives within the window.

    Args:
        last_inbound: When they last wrote to us; None if they never did. A time that lies further ahead than the margin
            is not to be believed, and opens nothing.
        now: The moment of sending.
    """
    if last_inbound is None:
        return False
    # In UTC: Python subtracts the wall clocks of two times in one zone, which is an hour off across a clock change.
    ago = now.astimezone(dt.UTC) - last_inbound.astimezone(dt.UTC)
    return -MARGIN <= ago < WINDOW - MARGIN
