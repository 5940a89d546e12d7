"""Give up messages that Meta accepted but did not deliver within their template's time to live."""

from __future__ import annotations

import datetime as dt

from partner_messages.message_log.database import LogConnection, recordset, rows
from whatsapp_provider.templates.catalog import Catalog

GRACE = dt.timedelta(hours=6)
"""The minimum age of a later message of the same sender for which Meta has sent a status.

After a downtime of the receiver Meta sends the missed webhooks again, new ones before old ones: the old ones must have
time to arrive before a missing status means "not delivered".
"""
MANY = 3
"""Of this many messages of a sender and day, or more, half must have arrived before one of the others is given up: if
fewer have, the webhook has failed. Fewer messages do not show whether it has.
"""


def expire(connection: LogConnection, catalog: Catalog, now: dt.datetime) -> int:
    """Set `expired_at_meta` of messages that were never delivered (see the query); return how many.

    They stay `sent` and keep the slot of their day, but do not count as reminders.
    """
    lives = [
        {"template_name": template.name, "seconds": template.ttl_seconds}
        for name in catalog.names
        if (template := catalog.get(name)) is not None and template.ttl_seconds
    ]
    return len(rows(connection, "expire", lives=recordset(lives), now=now, grace=GRACE, many=MANY))
