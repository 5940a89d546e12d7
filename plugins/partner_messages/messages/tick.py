"""Which day and moment a DAG run speaks for, and whether its messages may leave (docs/design.md, decision 2).

A run's now is its logical date, so that a backfill of last week sees last week's ages. But messages leave today: what
is decided once, at preflight, is judged again at the wall clock before every claim. Pure: the clock is an argument.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

from partner_messages.config.ends import NothingToDo, RepairNeeded
from partner_messages.config.schedule import SCHEDULE_TIMEZONE, day_of
from partner_messages.config.settings import Delivery, Settings

AskedDelivery = Literal["auto", "live", "dry_run", "redirect"]


class RunRefused(RepairNeeded):
    """This DAG run must not go on; the message is one sentence that says what to change. Not worth a retry."""


class TickSkipped(NothingToDo):
    """Nothing is to be done for this DAG run: its tick came a day late, or falls on a holiday. Nothing is wrong."""


class NotNow(RepairNeeded):
    """Nothing may leave at this moment; the message names the window or setting. Nothing was claimed."""


@dataclass(frozen=True)
class Halt:
    """That somebody has halted all sending by hand.

    Attributes:
        who: Who; nothing of a phone number may be in it.
        why: Why; nor in this.
        since: Since when.
    """

    who: str
    why: str
    since: dt.datetime

    def __str__(self) -> str:
        return f"by {self.who} since {self.since.astimezone(SCHEDULE_TIMEZONE):%Y-%m-%d %H:%M} IST: {self.why}"


@dataclass(frozen=True)
class RunPass:
    """One pass of a DAG run, as one of its tasks sees it: clearing the run's tasks begins another.

    Attributes:
        dag_id: The DAG.
        dag_run_id: Its run.
        run_type: Airflow's: scheduled, manual, backfill, asset_triggered.
        now: The moment the run speaks for: its logical date, or run_after for a run that has none (command line, REST).
        run_after: When the run was due to start.
        clear_number: How often the run was cleared.
        try_number: Which try of its task this is; the first is 1.
    """

    dag_id: str
    dag_run_id: str
    run_type: str
    now: dt.datetime
    run_after: dt.datetime
    clear_number: int = 0
    try_number: int = 1


@dataclass(frozen=True)
class Tick:
    """What the first task fixes for one pass of a DAG run; travels to its other tasks as ids and dates only.

    Attributes:
        id: A new uuid each time preflight runs; a summary counts what this tick did.
        dag_id: The DAG.
        dag_run_id: Its run.
        delivery: How messages are delivered.
        asked: What the run's params asked for (`auto` follows the setting, also while the run is under way).
        day: The day of the schedule's zone that this run speaks for; a run is reminded once on it.
        now: The moment at which runs are judged.
        warnings: What preflight let pass and the summary is to say again, in sentences.
        log_position: Where the message log stood then (`LogPosition.to_json`), where its server says it.
        redirected: For a redirect: to which phone (`phone_mark`), because each has a history of its own.
        by_hand: Whether somebody has triggered it for themselves, so that it is not held with its day's tick.
        awaits_approval: Whether nothing of it may leave before somebody approves it (setting `approve_first`).
    """

    id: str
    dag_id: str
    dag_run_id: str
    delivery: Delivery
    asked: AskedDelivery
    day: dt.date
    now: dt.datetime
    warnings: tuple[str, ...] = ()
    log_position: Mapping[str, Any] | None = None
    redirected: str = ""
    by_hand: bool = False
    awaits_approval: bool = False

    @classmethod
    def of(
        cls, run: RunPass, *, delivery: Delivery, asked: AskedDelivery, day: dt.date, redirect_to: str | None = None
    ) -> Self:
        """The tick of a pass that begins: a new one each time, also where the DAG run is the same.

        Args:
            run: The pass.
            delivery: How it delivers.
            asked: Its param `delivery`.
            day: The day it speaks for.
            redirect_to: Its param of that name.
        """
        return cls(
            id=str(uuid.uuid4()),
            dag_id=run.dag_id,
            dag_run_id=run.dag_run_id,
            delivery=delivery,
            asked=asked,
            day=day,
            now=run.now,
            redirected=phone_mark(redirect_to) if asked == "redirect" and redirect_to else "",
        )

    def to_xcom(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            **asdict(self),
            "day": self.day.isoformat(),
            "now": self.now.isoformat(),
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_xcom(cls, value: dict[str, Any]) -> Self:
        """The inverse of `to_xcom`."""
        return cls(
            **{
                **value,
                "day": dt.date.fromisoformat(value["day"]),
                "now": dt.datetime.fromisoformat(value["now"]),
                "warnings": tuple(value.get("warnings", ())),
            }
        )


def phone_mark(phone: str) -> str:
    """What stands for a test phone in the message log: it tells phones apart, and is no number when it is read."""
    return hashlib.sha256(phone.encode()).hexdigest()[:16]


def check_not_stale(run_type: str, run_after: dt.datetime, wall: dt.datetime, grace_minutes: float) -> None:
    """Refuse a scheduled tick that starts late.

    Airflow runs the last missed tick the moment a DAG is unpaused or a scheduler comes back, even without catch-up.

    Args:
        run_type: Airflow's run type; only `scheduled` can be stale.
        run_after: The tick.
        wall: The wall clock.
        grace_minutes: Setting `tick_grace`.

    Raises:
        RunRefused: A tick of today, started too late.
        TickSkipped: A tick of an earlier day.
    """
    if run_type != "scheduled" or wall - run_after <= dt.timedelta(minutes=grace_minutes):
        return
    tick = f"{run_after.astimezone(SCHEDULE_TIMEZONE):%Y-%m-%d %H:%M} IST"
    if day_of(run_after) == day_of(wall):
        raise RunRefused(
            f"The tick of {tick} starts more than {grace_minutes:g} minutes late (setting tick_grace), so it sends"
            " nothing; trigger the DAG by hand if you want today's reminders."
        )
    raise TickSkipped(f"The tick of {tick} was missed and its day is over: nothing is sent for it.")


def check_no_holiday(run_type: str, day: dt.date, holiday: str | None) -> str | None:
    """Skip a tick that falls on a holiday; a backfill stands for the ticks of its days.

    Args:
        run_type: Airflow's run type.
        day: The day that the run speaks for.
        holiday: What holiday that is, if it is one.

    Returns:
        A warning for a run that somebody has started on a holiday; it goes on.

    Raises:
        TickSkipped: The tick falls on a holiday.
    """
    if holiday is None:
        return None
    if run_type in ("scheduled", "backfill"):
        raise TickSkipped(
            f"{day} is a holiday ({holiday}; settings holidays and holidays_added): nothing is sent for it; trigger the"
            " DAG by hand if you want its reminders all the same."
        )
    return (
        f"{day} is a holiday ({holiday}), on which no scheduled tick sends; this run was started by hand and goes on."
    )


def check_not_held(run_type: str, day: dt.date, hold: Halt | None) -> str | None:
    """Skip a scheduled tick that somebody holds.

    Args:
        run_type: Airflow's run type.
        day: The day that the run speaks for.
        hold: Who holds the day's tick, if anybody does.

    Returns:
        A warning for a run that somebody has started meanwhile; it goes on.

    Raises:
        TickSkipped: The tick is held.
    """
    if hold is None:
        return None
    if run_type == "scheduled":
        raise TickSkipped(
            f"The tick of {day} is held {hold}. Nothing is sent for it; if it is to be sent after all, let it go on"
            " (page Before the tick), and trigger the DAG by hand the same day."
        )
    return f"The tick of {day} is held {hold}. This run was started by hand and goes on."


def decide_delivery(asked: AskedDelivery, day: dt.date, wall: dt.datetime, settings: Settings) -> Delivery:
    """Decide how a run delivers: params win over the setting, and a day that is not today's is rehearsed.

    Raises:
        RunRefused: `live` or `redirect` was asked for on another day than today.
    """
    if asked not in get_args(AskedDelivery):
        raise RunRefused(f'Param delivery is "{asked}"; it must be one of {", ".join(get_args(AskedDelivery))}.')
    if asked == "dry_run":
        return "dry_run"
    today = day_of(wall)
    if day == today or settings.allow_any_time:
        return settings.delivery if asked == "auto" else asked
    if asked == "auto":
        return "dry_run"
    raise RunRefused(
        f"Param delivery is {asked}, but this run speaks for {day} and today is {today}: messages leave today, so"
        " another day's run can only be a dry_run."
    )


def keeps_their_hours(tick: Tick, settings: Settings) -> bool:
    """Whether a tick's messages wait for their recipients' own hours.

    A rehearsal reaches nobody, and what is redirected goes to a test phone whose owner has asked for it: both are for
    now.
    """
    return tick.delivery == "live" and not settings.allow_any_time


def why_halted(settings: Settings, halt: Halt | None) -> str | None:
    """That all sending is halted, by which of the two ways, and what lets it go on; None where neither halts it."""
    halts = [
        *([("setting halt", "set halt to false")] if settings.halt else []),
        *([(str(halt), "trigger message_log_upkeep with sending = go_on")] if halt else []),
    ]
    if not halts:
        return None
    by, acts = zip(*halts, strict=True)
    return f"Sending is halted ({'; and '.join(by)}): nothing is claimed; {' and '.join(acts)}, then clear what failed."


def check_may_send(
    tick: Tick, wall: dt.datetime, settings: Settings, halt: Halt | None, *, ignore_send_window: bool
) -> None:
    """The guards at the claim, for every way a task can come to run: first try, retry, clear, weeks later.

    Whether a message's own day is over is not judged here: such a message is skipped `expired`, whatever else holds.

    Args:
        tick: The run's tick.
        wall: The wall clock.
        settings: The settings as they are at this moment.
        halt: What somebody has halted by hand, as of this moment.
        ignore_send_window: Whether the send window is no hindrance.

    Raises:
        NotNow: Sending is halted, no longer live, or outside the send window.
    """
    if tick.delivery == "dry_run":
        return
    if halted := why_halted(settings, halt):
        raise NotNow(halted)
    if tick.asked == "auto" and settings.delivery != tick.delivery:
        raise NotNow(
            f"Setting delivery is {settings.delivery} by now, so this {tick.delivery} run claims nothing more; set it"
            " back, then clear this task."
        )
    local = wall.astimezone(SCHEDULE_TIMEZONE)
    if not (settings.allow_any_time or ignore_send_window or settings.send_window.holds(local)):
        raise NotNow(
            f"It is {local:%H:%M} IST, outside the send window {settings.send_window} (setting send_window): nothing"
            " was claimed; clear this task within the window of the same day."
        )
