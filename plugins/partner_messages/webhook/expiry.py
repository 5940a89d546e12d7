"""Messages that Meta took and never delivered are given up when their template's time to live is over."""

from __future__ import annotations

import datetime as dt

from partner_messages.message_log.database import LogConnection, recordset, rows
from partner_messages.templates.catalog.catalog import Catalog

GRACE = dt.timedelta(hours=6)
"""How long ago a later message of the same sender must have been sent of which Meta has spoken.

After a pause of the receiver Meta repeats what nobody took, the new before the old: what was delivered meanwhile is to
be told before anything follows from silence.
"""


def expire(connection: LogConnection, catalog: Catalog, now: dt.datetime) -> int:
    """Give up what was never delivered (see the query), and say how many messages that were.

    They stay `sent` and keep the slot of their day; they do not count as reminders.
    """
    lives = [
        {"template_name": template.name, "seconds": template.ttl_seconds}
        for name in catalog.names
        if (template := catalog.get(name)) is not None and template.ttl_seconds
    ]
    return len(rows(connection, "expire", lives=recordset(lives), now=now, grace=GRACE))
