"""What operations have decided about reminding: how long each partner may take, and how often they are reminded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

from partner_messages.config.calendars import calendar_of, calendars_for
from partner_messages.config.schedule import day_of
from partner_messages.config.sending_days import Calendar
from partner_messages.config.settings import Settings, parse_settings
from partner_messages.config.value_kinds import WeeklyCadence
from partner_messages.messages.kinds import StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Tick
from partner_messages.planning.reminders.cadence import first_day_past, next_due_day


@dataclass(frozen=True)
class Policy:
    """The settings that decide who is due.

    Attributes:
        settings: All of them; the thresholds and the partners' own ones are read here.
        calendar: The sending days of everybody who has no calendar of their own.
        steps: The cadence; None is `daily`.
        weekly: Whether its reminders after the steps go by the weekday.
    """

    settings: Settings = field(default_factory=lambda: parse_settings(None))
    calendar: Calendar = field(default_factory=Calendar)
    steps: tuple[int, ...] | None = None
    weekly: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """What the settings say."""
        plain, cadence = cls(settings=settings, calendar=calendar_of(settings)), settings.cadence
        if cadence == "daily":
            return plain
        if isinstance(cadence, WeeklyCadence):
            return replace(plain, steps=cadence.days, weekly=True)
        return replace(plain, steps=cadence)

    @property
    def asks_for_history(self) -> bool:
        """Whether `next_due` or `is_used_up` depends on the reminders that there were."""
        return self.steps is not None or self.settings.max_reminders is not None or self.settings.control_share > 0

    @property
    def escalates_by_history(self) -> bool:
        """Whether it depends on the reminders that there were which runs need a person."""
        return self.settings.max_reminders is not None or self.settings.escalate_after is not None

    def overdue(self, runs: Iterable[StuckRun], *, now: dt.datetime) -> list[StuckRun]:
        """Those of the runs that are past their own partner's threshold at `now`, or whose clock cannot be trusted."""
        return [run for run in runs if run.bad_column or self._passed(run) < now]

    def finds(self, kind: str, partner_id: str, since: dt.datetime, *, now: dt.datetime) -> bool:
        """Whether a run that stands still in this way would be found stuck at `now`: if it was not, it has moved."""
        return since + self._patience(partner_id, kind) < now

    def next_due(self, run: StuckRun, reminded: Sequence[dt.date], tick: Tick) -> dt.date | None:
        """When a stuck run is to be reminded again; None where that is on the tick's day.

        Args:
            run: The run.
            reminded: The days of the run's reminders in its kind that count, in order.
            tick: The tick.
        """
        if self.steps is None:
            return None
        return next_due_day(
            self.steps,
            first_day=self.first_day(run, tick),
            reminded=self.in_this_stall(run, reminded),
            today=tick.day,
            calendar=self.calendar_for(run.partner_id),
            weekly=self.weekly,
        )

    def why_left_alone(
        self, run: StuckRun, reminded: Sequence[dt.date], tick: Tick, *, has_no_hours: Callable[[], bool]
    ) -> tuple[SkipReason, dt.date | None] | None:
        """Why nobody is reminded of a stuck run on the tick's day: it is not due, or it was reminded often enough.

        That there is no hour for its next reminder either is said today: a change of the clocks may have made it so.

        Args:
            run: The run.
            reminded: As in `next_due`.
            tick: The tick.
            has_no_hours: Whether it is never day for the recipient while messages may leave; asked where it matters.

        Returns:
            The reason, with the day on which it is next due where it is not used up; None where it is due today.
        """
        next_due = self.next_due(run, reminded, tick)
        if next_due is None and not self.is_used_up(run, reminded):
            return None
        if has_no_hours():
            return SkipReason.NO_COMMON_HOURS, next_due
        return SkipReason.NOT_DUE if next_due else SkipReason.ESCALATED, next_due

    def next_sending_day(self, run: StuckRun, reminded: Sequence[dt.date], tick: Tick) -> dt.date:
        """When a stuck run is to be reminded if nothing is sent on the tick's day (arguments as in `next_due`)."""
        due = self.next_due(run, reminded, tick)
        return due or self.calendar_for(run.partner_id).sending_day(1, after=tick.day)

    def calendar_for(self, partner_id: str) -> Calendar:
        """The sending days of one partner: everybody's without the holidays of their own."""
        return self._calendars.get(partner_id, self.calendar)

    @cached_property
    def _calendars(self) -> Mapping[str, Calendar]:
        return calendars_for(self.settings, self.calendar)

    def is_used_up(self, run: StuckRun, reminded: Sequence[dt.date]) -> bool:
        """Whether a stuck run was reminded as often as it may be (arguments as in `next_due`)."""
        most = self.settings.max_reminders
        return most is not None and len(self.in_this_stall(run, reminded)) >= most

    @staticmethod
    def in_this_stall(run: StuckRun, reminded: Sequence[dt.date]) -> list[dt.date]:
        """Those of the days of a run's reminders that count in its present stall.

        A clock that began anew (work was reported, the run was sent again) is a new stall: reminders of an earlier one
        do not count in it (of the day on which the clock began, the message log tells which). One that an event asked
        for may come before the threshold.
        """
        return [day for day in reminded if day >= day_of(run.since)]

    def first_day(self, run: StuckRun, tick: Tick) -> dt.date:
        """The first day past a stuck run's threshold, a sending day or not."""
        return first_day_past(self._passed(run), tick.now, tick.day)

    def _passed(self, run: StuckRun) -> dt.datetime:
        return run.since + self._patience(run.partner_id, run.kind)

    @cached_property
    def _patience(self) -> Callable[[str, str], dt.timedelta]:
        """How long a partner's run may stay in a kind; cached, because every run of a tick asks for it."""
        return cache(lambda partner_id, kind: dt.timedelta(hours=self.settings.thresholds_of(partner_id).hours(kind)))


EVERY_DAY = Policy()
"""The seed's: whoever is stuck is reminded each day."""
