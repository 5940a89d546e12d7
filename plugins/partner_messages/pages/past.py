"""What the ticks of the last weeks have found, read from the message log for a replay."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from partner_messages.config import dag_ids
from partner_messages.config.calendars import calendar_of
from partner_messages.config.schedule import day_of
from partner_messages.config.settings import Delivery, Settings
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.message_log.history import days_reminded, last_reminded
from partner_messages.message_log.retention import NEVER_LEFT_DAYS
from partner_messages.message_log.ticks import MADE_BEFORE
from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Tick
from partner_messages.ops.replay import DECIDED_BY_SETTINGS, History, Stuck
from partner_messages.pages.asked import NotAsked

DAYS = 90
"""As far back as settings are tried."""
STALLS = 20_000
"""Stalls that are gone through at once, at most."""


def read_history(
    connection: LogConnection, settings: Settings, now: dt.datetime, *, delivery: Delivery = "live", days: int = DAYS
) -> History:
    """What the ticks of the last days have found, and what no setting decides about it.

    Raises:
        NotAsked: It is more than can be gone through at once.
    """
    today = day_of(now)
    first = today - dt.timedelta(days=days)
    span = {"delivery": delivery, "first_day": first, "last_day": today}
    ticks = rows(connection, "ticks_that_planned", **span, dag_id=dag_ids.REMINDERS, since=first - MADE_BEFORE)
    calendar = calendar_of(settings)
    if not ticks:
        return History({}, (), calendar)
    stalls = rows(connection, "stalls_found", **span, at_most=STALLS + 1)
    if len(stalls) > STALLS:
        raise NotAsked(f"More than {STALLS:,} stalls were found in these {days} days; ask for fewer days.")
    reasons_since = day_of(now - dt.timedelta(days=NEVER_LEFT_DAYS)) + dt.timedelta(days=1)
    partners = sorted({row["partner_id"] for row in stalls})
    before_reasons = {**span, "last_day": reasons_since - dt.timedelta(days=1)}
    reached = rows(connection, "where_partners_are_reached", **before_reasons, partner_ids=partners)
    begin = ticks[0]
    tick = Tick("", dag_ids.REMINDERS, begin["dag_run_id"], delivery, delivery, begin["day"], begin["now"])
    many = len(stalls) > settings.max_messages_per_run
    return History(
        ticks={row["day"]: row["now"] for row in ticks},
        stuck=_stuck(stalls, rows(connection, "days_out_of_line", **span, decided=sorted(DECIDED_BY_SETTINGS))),
        calendar=calendar,
        delivery=tick.delivery,
        reminded=days_reminded(connection, tick),
        last_reminded=last_reminded(connection, tick, [row["production_run_id"] for row in stalls]) if many else {},
        phones={row["partner_id"]: row["phone"] for row in reached if row["phone"]},
        reasons_since=reasons_since,
        reached=frozenset(row["partner_id"] for row in reached if row["reached"]),
    )


def _stuck(stalls: Iterable[Mapping[str, Any]], odd: Iterable[Mapping[str, Any]]) -> list[Stuck]:
    silent: dict[str, dict[dt.date, SkipReason]] = defaultdict(dict)
    others: dict[tuple[str, str], list[dt.date]] = {}
    for row in odd:
        if row["what"] in ("asked", "failed"):
            others[row["production_run_id"], row["what"]] = row["days"]
        else:
            silent[row["production_run_id"]] |= dict.fromkeys(row["days"], SkipReason(row["what"]))
    return [_one_stuck(row, silent.get(row["production_run_id"], {}), others) for row in stalls]


def _one_stuck(
    row: Mapping[str, Any],
    silent: Mapping[dt.date, SkipReason],
    others: Mapping[tuple[str, str], Sequence[dt.date]],
) -> Stuck:
    id_, since = row["production_run_id"], day_of(row["since"])
    run = StuckRun(id_, ReminderKind(row["kind"]), row["partner_id"], row["design_id"], row["since"], None, None)
    return Stuck(
        run,
        row["first"],
        row["last"],
        silent,
        frozenset(others.get((id_, "failed"), ())),
        frozenset(day for day in others.get((id_, "asked"), ()) if since <= day <= row["last"]),
    )
