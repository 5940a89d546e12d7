"""When the tick is: the one zone in which days begin, and the hour."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

SCHEDULE_TIMEZONE = ZoneInfo("Asia/Kolkata")
"""The zone of the weekday tick; "day" means a day of this zone everywhere (docs/design.md, decisions 1 and 2)."""

TICK_TIME = dt.time(10)
"""When the reminders' tick is, on weekdays, in that zone (docs/design.md, decision 1)."""


def day_of(moment: dt.datetime) -> dt.date:
    """The day of the schedule's zone in which a moment lies."""
    return moment.astimezone(SCHEDULE_TIMEZONE).date()


ANSWERS_ASSET = "whatsapp://partner-messages/answers"
"""The asset of which the receiver says that it has changed, when a partner has answered."""
