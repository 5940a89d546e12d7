"""What a span of days would have been under other settings: the planner's own rules over what its ticks found (pure).

The runs move as they moved, under the messages that they got then: nobody knows what other messages would have changed.
What no setting here decides stays as it was: who had no number, who had promised a day, which message failed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import NamedTuple

from partner_messages.config.calendars import on_holiday
from partner_messages.config.schedule import SCHEDULE_TIMEZONE, TICK_TIME, day_of
from partner_messages.config.sending_days import Calendar
from partner_messages.config.settings import Delivery, Settings
from partner_messages.messages.kinds import StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import NotNow, Tick, check_may_send
from partner_messages.ops.judgement import (
    Coverage,
    DayKnowledge,
    Escalation,
    Trouble,
    judge,
    stalls_today,
    was_ignored,
)
from partner_messages.planning.reminders.digest import together
from partner_messages.planning.reminders.hours import Hours
from partner_messages.planning.reminders.plan import blast_radius, most_urgent_first
from partner_messages.planning.reminders.policy import Policy
from partner_messages.recipients.hours import zones_of

DECIDED_BY_SETTINGS = frozenset(
    {
        *(SkipReason.NOT_DUE, SkipReason.ESCALATED, SkipReason.PARTNER_HOLIDAY, SkipReason.OVER_LIMIT),
        *(SkipReason.NO_COMMON_HOURS, SkipReason.DUPLICATE),
    }
)
"""The reasons not to send that are decided anew; every other one stays as it was."""

OF_ONE_DAY = frozenset({SkipReason.MOVED_ON, SkipReason.EXPIRED, SkipReason.REFUSED_TODAY, SkipReason.ALREADY_IN_SHOP})
"""The reasons that held on their own day alone; every other one is taken to have held on days without a tick, too."""

AT_THE_CLAIM = frozenset({SkipReason.MOVED_ON, SkipReason.EXPIRED})
"""The reasons that are found after planning: a message that is skipped for one of them has counted in its tick."""

TAKEN, FAILED, NOT_KNOWN = "sent", "failed", "not known"
"""The ends of a run's day beside the reasons not to send; the last one where the reasons are kept no more."""

_PLAIN = frozenset({TAKEN, SkipReason.NOT_DUE, SkipReason.PARTNER_HOLIDAY, SkipReason.OVER_LIMIT})
"""The ends that call for nobody, whichever of them it is."""

RECENT = 10
"""Ticks whose sizes say how large one usually is."""


@dataclass(frozen=True)
class Stuck:
    """One stall as ticks found it: it stood from its clock until the last day on which it was found.

    Attributes:
        run: The run, as it was found.
        first: The first day on which it was found.
        last: The last one.
        silent: Why nothing was sent of it whatever the settings, by the day.
        failed: The days of messages that did not count as reminders.
        asked: The days on which an event asked for a reminder, whatever the cadence.
    """

    run: StuckRun
    first: dt.date
    last: dt.date
    silent: Mapping[dt.date, SkipReason] = field(default_factory=dict)
    failed: frozenset[dt.date] = frozenset()
    asked: frozenset[dt.date] = frozenset()


@dataclass(frozen=True)
class History:
    """What the ticks of some days have found.

    Attributes:
        ticks: When each day's tick was, by the day; a day that is not here had none.
        stuck: The stalls.
        calendar: The sending days of the settings under which it was made: a sending day without a tick was missed.
        delivery: How the ticks delivered.
        reminded: The days of reminders before the first tick that count, by run.
        last_reminded: On which day before it each run was last reminded, in whatever kind.
        phones: Where each partner is reached, E.164, as far as it is known.
        reasons_since: The first day of which the reasons not to send are still kept.
        reached: Who was written to before that day; of the others it is not known why not.
    """

    ticks: Mapping[dt.date, dt.datetime]
    stuck: Sequence[Stuck]
    calendar: Calendar = field(default_factory=Calendar)
    delivery: Delivery = "live"
    reminded: Mapping[str, Sequence[dt.date]] = field(default_factory=dict)
    last_reminded: Mapping[str, dt.date] = field(default_factory=dict)
    phones: Mapping[str, str] = field(default_factory=dict, repr=False)
    reasons_since: dt.date = dt.date.min
    reached: frozenset[str] = frozenset()

    def days(self, calendar: Calendar) -> list[dt.date]:
        """On which of its days there would have been a tick: a tick that was missed stays missed.

        Args:
            calendar: The sending days that are tried.
        """
        if not self.ticks:
            return []
        first, last = min(self.ticks), max(self.ticks)
        span = (first + dt.timedelta(days=number) for number in range((last - first).days + 1))
        return [day for day in span if self._has_tick(day, calendar)]

    def _has_tick(self, day: dt.date, calendar: Calendar) -> bool:
        would, was_to = calendar.is_sending_day(day), self.calendar.is_sending_day(day)
        # One that was started by hand on a day off would have been started all the same.
        return would or not was_to if day in self.ticks else would and not was_to


class Message(NamedTuple):
    """A message that would have left.

    Attributes:
        day: On which day.
        partner_id: To whom.
        production_run_ids: Of which runs it speaks.
        not_before: Until when it would have waited for its recipient's day.
    """

    day: dt.date
    partner_id: str
    production_run_ids: tuple[str, ...]
    not_before: dt.datetime | None = None


@dataclass(frozen=True)
class Called:
    """That a person would have been called for a run."""

    day: dt.date
    trouble: Trouble


@dataclass(frozen=True)
class Replay:
    """What some settings make of a history.

    Attributes:
        days: The days with a tick.
        messages: All messages, in their order.
        called: Who would have been escalated, and when.
        put_off: How many messages were over the limit of a tick, by day.
        kept: Messages that a tick outside the send window would not have sent, by day.
        refused: Ticks that somebody would have had to confirm, because they are unusually large.
    """

    days: Sequence[dt.date]
    messages: Sequence[Message]
    called: Sequence[Called]
    put_off: Mapping[dt.date, int]
    kept: Mapping[dt.date, int]
    refused: Sequence[dt.date]


def replay(history: History, settings: Settings, days: Sequence[dt.date] | None = None) -> Replay:
    """Go through the days of a history as if these had been the settings.

    Args:
        history: What was found.
        settings: What is tried.
        days: The days with a tick; without them those of the history by the settings' calendar.
    """
    course = _Replaying(history, settings)
    gone_through = history.days(course.policy.calendar) if days is None else days
    for day in gone_through:
        course.go_through(day)
    return Replay(gone_through, course.messages, course.called, course.put_off, course.kept, course.refused)


class _Course:
    """How one stall fares in a replay."""

    __slots__ = (
        "after",
        "ignored",
        "is_over",
        "next_due",
        "reminded",
        "signature",
        "stuck",
        "used_up",
    )

    def __init__(self, stuck: Stuck, after: dt.date) -> None:
        self.stuck, self.after = stuck, after
        self.reminded: list[dt.date] = []
        self.next_due = dt.date.min
        self.ignored = self.used_up = self.is_over = False
        self.signature: tuple[str, bool] | None = None


class _Replaying:
    """A replay under way: what one day decides counts on the next."""

    def __init__(self, history: History, settings: Settings) -> None:
        self.history, self.settings, self.policy = history, settings, Policy.of(settings)
        self._asks_for_history = self.policy.asks_for_history
        self._escalates_by_history = self.policy.escalates_by_history
        self.messages: list[Message] = []
        self.called: list[Called] = []
        self.put_off: dict[dt.date, int] = {}
        self.kept: dict[dt.date, int] = {}
        self.refused: list[dt.date] = []
        self._sizes: list[int] = []
        # What halts today has nothing to do with the days that are gone through.
        self._not_halted = settings.model_copy(update={"halt": False})
        self._last_reminded = dict(history.last_reminded)
        self._standing: dict[str, list[Escalation]] = defaultdict(list)
        self._at: dict[dt.date, dt.datetime] = dict(history.ticks)
        self._of_key: dict[tuple[str, str, str], list[_Course]] = defaultdict(list)
        self._waiting, self._under_way = list(self._begin()), list[_Course]()

    def _begin(self) -> Iterable[_Course]:
        ended: dict[str, dt.date] = {}
        for stuck in sorted(self.history.stuck, key=lambda one: (one.run.since, one.run.production_run_id)):
            run_id = stuck.run.production_run_id
            # A run is in one stall at a time: one does not begin before the run's last one was over.
            yield _Course(stuck, ended.get(run_id, dt.date.min))
            ended[run_id] = max(stuck.last, ended.get(run_id, stuck.last))

    def go_through(self, day: dt.date) -> None:
        now = self.history.ticks.get(day) or dt.datetime.combine(day, TICK_TIME, SCHEDULE_TIMEZONE)
        self._at[day] = now
        delivery = self.history.delivery
        tick = Tick(str(uuid.UUID(int=0)), "", "", delivery, delivery, day, now)
        hours = _HoursOfDay(Hours.of(tick, self.settings, now), self.history.phones, day)
        self._let_begin(day, now)
        ends: list[tuple[_Course, str]] = []
        due: dict[str, _Course] = {}
        holidays = on_holiday(self.settings, day)
        for course in self._under_way:
            if course.stuck.asked:
                self._remind_as_asked(course, day)
            end = self._end(course, tick, hours, holidays)
            if end is None:
                due[course.stuck.run.production_run_id] = course
            elif end:
                ends.append((course, end))
        ends += self._send(tick, due, hours)
        self._call(now, day, ends)

    def _let_begin(self, day: dt.date, now: dt.datetime) -> None:
        self._under_way = [one for one in self._under_way if one.stuck.last >= day]
        self._waiting = [one for one in self._waiting if one.stuck.last >= day]
        overdue = {
            id(run) for run in self.policy.overdue((one.stuck.run for one in self._waiting if one.after < day), now=now)
        }
        begin = [one for one in self._waiting if id(one.stuck.run) in overdue]
        for course in begin:
            run = course.stuck.run
            course.reminded = self._reminded_before(run, now)
            course.ignored = was_ignored(course.reminded, self.policy, run.partner_id)
            course.used_up = self.policy.is_used_up(run, course.reminded)
            self._of_key[run.production_run_id, run.kind, run.partner_id].append(course)
            self._standing.pop(run.production_run_id, None)
        if begin:
            self._waiting = [one for one in self._waiting if id(one.stuck.run) not in overdue]
            self._under_way += begin

    def _reminded_before(self, run: StuckRun, now: dt.datetime) -> list[dt.date]:
        """The reminders of a stall from before it was looked at; those before its clock began are another stall's."""
        before = self.history.reminded.get(run.production_run_id, ())
        earlier = self._of_key.get((run.production_run_id, run.kind, run.partner_id), ())
        ours = sorted({day for course in earlier for day in course.reminded}.difference(before))
        of_this_clock = [day for day in ours if day_of(run.since) != day or self._at.get(day, now) > run.since]
        return self.policy.in_this_stall(run, [*before, *of_this_clock])

    def _end(self, course: _Course, tick: Tick, hours: _HoursOfDay, holidays: Mapping[str, str]) -> str | None:
        """How the day ends for a stall: empty where nothing has changed, None where a message is due."""
        stuck, day = course.stuck, tick.day
        if silent := self._silent(stuck, day):
            return silent
        if day in stuck.asked:
            return TAKEN
        run = stuck.run
        if day < course.next_due and course.signature is None and not hours.are_none(run.partner_id):
            return ""
        if run.partner_id in holidays:
            return SkipReason.PARTNER_HOLIDAY
        if course.is_over and not hours.are_none(run.partner_id):
            return SkipReason.ESCALATED  # What was due once and not reminded of stays due.
        if not self._asks_for_history:
            return None  # Whoever is stuck is reminded each day.
        why = self.policy.why_left_alone(
            run, course.reminded, tick, has_no_hours=lambda: hours.are_none(run.partner_id)
        )
        if why is None:
            return None
        reason, next_due = why
        course.next_due = next_due or course.next_due
        course.is_over = reason is SkipReason.ESCALATED
        return reason

    def _silent(self, stuck: Stuck, day: dt.date) -> str | None:
        """Why nothing was sent of a stall on a day, whatever the settings; None where a message could be sent."""
        history = self.history
        if day < history.reasons_since:
            return None if stuck.run.partner_id in history.reached else NOT_KNOWN
        if not stuck.silent:
            return None
        if day >= stuck.first and day in history.ticks:
            reason = stuck.silent.get(day)
            return None if reason in AT_THE_CLAIM else reason
        reason = stuck.silent.get(self._nearest_tick(stuck, day))
        return None if reason in OF_ONE_DAY else reason

    def _nearest_tick(self, stuck: Stuck, day: dt.date) -> dt.date:
        """The last tick before a day that found a stall; the first one, where none had."""
        return max((one for one in self._tick_days if stuck.first <= one <= day), default=stuck.first)

    @cached_property
    def _tick_days(self) -> Sequence[dt.date]:
        return sorted(self.history.ticks)

    def _send(self, tick: Tick, due: Mapping[str, _Course], hours: _HoursOfDay) -> list[tuple[_Course, str]]:
        """Let what is due leave, as far as its hours, the limit and the send window allow; return each run's end."""
        day, ends = tick.day, dict[str, str]()
        gathered = together(one.stuck.run for one in due.values()) if self.settings.digest else {}
        spoken = [
            *(
                (run.partner_id, (id_,))
                for id_, one in due.items()
                if (run := one.stuck.run).partner_id not in gathered
            ),
            *((partner_id, tuple(run.production_run_id for run in runs)) for partner_id, runs in gathered.items()),
        ]
        messages = []
        for partner_id, run_ids in spoken:
            hindrance = hours.hindrance(partner_id)
            if isinstance(hindrance, SkipReason):
                ends.update(dict.fromkeys(run_ids, hindrance))
            else:
                messages.append(Message(day, partner_id, run_ids, hindrance))
        self._note_size(day, len(messages))
        limit = self.settings.max_messages_per_run
        if len(messages) > limit:
            since = {id_: one.stuck.run.since for id_, one in due.items()}
            in_order = most_urgent_first(messages, since=since, last_reminded=self._last_reminded)
            messages, put_off = in_order[:limit], in_order[limit:]
            self.put_off[day] = len(put_off)
            ends.update({id_: SkipReason.OVER_LIMIT for message in put_off for id_ in message.production_run_ids})
        leave = messages if self._may_send(tick) else [message for message in messages if message.not_before]
        if kept := len(messages) - len(leave):
            self.kept[day] = kept
        for message in leave:
            self._leave(message, due, ends)
        # Of most runs there is nothing to say but that their message has left, as the day before.
        to_judge = (id_ for id_, one in due.items() if one.signature is not None or one.ignored)
        return [(due[id_], ends.get(id_, TAKEN)) for id_ in {**ends, **dict.fromkeys(to_judge)}]

    def _leave(self, message: Message, due: Mapping[str, _Course], ends: dict[str, str]) -> None:
        """Let a message leave, less the runs of it that had moved on when its turn came."""
        day = message.day
        if len(message.production_run_ids) == 1:
            course = due[message.production_run_ids[0]]
            if not (course.stuck.silent or course.stuck.failed):  # As nearly all of them.
                self._remind(course, day)
                self.messages.append(message)
                return
        left = list[str]()
        for id_ in message.production_run_ids:
            course = due[id_]
            if day in course.stuck.silent:
                ends[id_] = course.stuck.silent[day]
                continue
            left.append(id_)
            if day in course.stuck.failed:
                ends[id_] = FAILED
            else:
                self._remind(course, day)
        if len(left) == len(message.production_run_ids):
            self.messages.append(message)
        elif left:
            self.messages.append(message._replace(production_run_ids=tuple(left)))

    def _may_send(self, tick: Tick) -> bool:
        try:
            check_may_send(tick, tick.now, self._not_halted, None, ignore_send_window=False)
        except NotNow:
            return False
        return True

    def _note_size(self, day: dt.date, size: int) -> None:
        if len(self._sizes) >= RECENT and size > blast_radius(self.settings.confirm_above, self._sizes[-RECENT:]):
            self.refused.append(day)
        self._sizes.append(size)

    def _remind(self, course: _Course, day: dt.date) -> None:
        course.reminded.append(day)
        course.next_due, course.is_over = dt.date.min, False
        self._last_reminded[course.stuck.run.production_run_id] = day
        if self._escalates_by_history:
            self._note(course)

    def _remind_as_asked(self, course: _Course, day: dt.date) -> None:
        """Count what events have asked for until a day, on whichever day that was."""
        for asked in sorted(course.stuck.asked):
            if asked <= day and asked not in course.reminded:
                self._remind(course, asked)

    def _note(self, course: _Course) -> None:
        """Whether the reminder of a day has used up a stall's reminders, or calls for a person."""
        run = course.stuck.run
        course.used_up = self.policy.is_used_up(run, course.reminded)
        after = self.settings.escalate_after
        if after is None or course.ignored or len(course.reminded) < after:
            return
        # Only a row that ends with the last day can be new; it is looked for where that many days are so near.
        calendar = self.policy.calendar_for(run.partner_id)
        if calendar.sending_days(course.reminded[-after], course.reminded[-1]) < after:
            course.ignored = was_ignored(course.reminded, self.policy, run.partner_id)

    def _call(self, now: dt.datetime, day: dt.date, ends: Iterable[tuple[_Course, str]]) -> None:
        """Open and end escalations of the runs for which something has changed since the tick before."""
        changed: dict[str, str] = {}
        runs, reminded = [], {}
        for course, end in ends:
            plain = end in _PLAIN
            signature = None if plain and not course.ignored else (TAKEN if plain else end, course.used_up)
            if signature != course.signature:
                course.signature, run = signature, course.stuck.run
                changed[run.production_run_id] = end
                runs.append(run)
                reminded[run.production_run_id] = course.reminded
        if not runs:
            return
        known = DayKnowledge({id_: end for id_, end in changed.items() if end != NOT_KNOWN}, (), reminded)
        rows = [row for id_ in changed for row in self._standing.get(id_, ())]
        judgement = judge(stalls_today(runs, (), known, self.policy), rows, Coverage(now))
        for id_ in {row.production_run_id for row in rows if row.id in judgement.over}:
            self._standing[id_] = [row for row in self._standing[id_] if row.id not in judgement.over]
        for trouble in judgement.new:
            its = {one.name: getattr(trouble, one.name) for one in fields(trouble)}
            row = Escalation(**its, id=uuid.uuid4(), opened_at=now)
            self._standing[trouble.production_run_id].append(row)
            self.called.append(Called(day, trouble))


class _HoursOfDay:
    """The hours of one day, for each zone of phones once."""

    def __init__(self, hours: Hours | None, phones: Mapping[str, str], day: dt.date) -> None:
        self._hours, self._phones, self._day = hours, phones, day
        self._of_zones: dict[tuple[str, ...], dt.datetime | SkipReason | None] = {}
        self._of_partner: dict[str, dt.datetime | SkipReason | None] = {}

    def hindrance(self, partner_id: str) -> dt.datetime | SkipReason | None:
        """As `Hours.hindrance`; of a partner whose phone is not known there is none."""
        if partner_id not in self._of_partner:
            self._of_partner[partner_id] = self._hindrance(self._phones.get(partner_id))
        return self._of_partner[partner_id]

    def _hindrance(self, phone: str | None) -> dt.datetime | SkipReason | None:
        if self._hours is None or phone is None:
            return None
        zones = zones_of(phone)
        if zones not in self._of_zones:
            self._of_zones[zones] = self._hours.hindrance(phone, self._day)
        return self._of_zones[zones]

    def are_none(self, partner_id: str) -> bool:
        return self.hindrance(partner_id) is SkipReason.NO_COMMON_HOURS
