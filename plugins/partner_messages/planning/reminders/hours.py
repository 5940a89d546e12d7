"""When a reminder may leave on its day: within the send window and, besides, within the recipient's own hours.

Pure: the wall clock is an argument.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from partner_messages.config.schedule import SCHEDULE_TIMEZONE, TICK_TIME
from partner_messages.config.setting_groups import TimeWindow
from partner_messages.config.settings import Settings
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Tick, keeps_their_hours
from partner_messages.messages.values import Draft
from partner_messages.recipients.hours import deciding_zones, is_within_in_all

UPKEEP_EVERY = dt.timedelta(minutes=15)
"""How often `message_log_upkeep` looks for what has come due, from midnight on; nobody else sends what waits."""


@dataclass(frozen=True)
class Hours:
    """The hours that reminders keep.

    Attributes:
        own: Setting `partner_send_window`, by the clock on the recipient's wall.
        send_window: Setting of that name, in the schedule's zone.
        wall: The wall clock.
    """

    own: TimeWindow
    send_window: TimeWindow
    wall: dt.datetime

    @classmethod
    def of(cls, tick: Tick, settings: Settings, wall: dt.datetime) -> Hours | None:
        """What the settings say; None where messages leave at once."""
        if not keeps_their_hours(tick, settings):
            return None
        return cls(own=settings.partner_send_window, send_window=settings.send_window, wall=wall)

    def hindrance(self, phone: str, day: dt.date) -> dt.datetime | SkipReason | None:
        """Why a reminder of a day does not leave now.

        What waits belongs to its day and keeps the send window: it may leave when `message_log_upkeep` looks within
        both windows. The send window alone is no hindrance here; it is guarded at the claim.

        Args:
            phone: The recipient's, E.164.
            day: The reminder's, in the schedule's zone.

        Returns:
            None where it is day for the recipient; else the first moment today at which the message may leave, in UTC,
            or the reason for which there is none (any more).
        """
        zones = deciding_zones(phone, self.own, self.wall)
        if is_within_in_all(zones, self.own, self.wall):
            return None
        common = [look for look in self._looks(day) if is_within_in_all(zones, self.own, look)]
        if ahead := [look for look in common if look > self.wall]:
            return ahead[0]
        # Where no hour of the day would do, waiting does not help: somebody must change a setting.
        tick = dt.datetime.combine(day, TICK_TIME, SCHEDULE_TIMEZONE)
        return SkipReason.EXPIRED if any(look >= tick for look in common) else SkipReason.NO_COMMON_HOURS

    def keep(self, draft: Draft, day: dt.date) -> Draft:
        """A draft as these hours leave it: as it is, waiting, or skipped."""
        hindrance = self.hindrance(draft.to_phone, day) if draft.to_phone and not draft.skip_reason else None
        if isinstance(hindrance, SkipReason):
            return replace(draft, skip_reason=hindrance)
        return replace(draft, not_before=hindrance)

    def _looks(self, day: dt.date) -> Iterator[dt.datetime]:
        """When `message_log_upkeep` looks within a day's send window, in UTC."""
        look = dt.datetime.combine(day, dt.time(), SCHEDULE_TIMEZONE).astimezone(dt.UTC)
        for _ in range(dt.timedelta(days=1) // UPKEEP_EVERY):
            if self.send_window.holds(look.astimezone(SCHEDULE_TIMEZONE)):
                yield look
            look += UPKEEP_EVERY
