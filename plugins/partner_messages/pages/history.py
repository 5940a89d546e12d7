"""One partner, or one run: day by day what was sent, and where nothing was, why."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from partner_messages.config import dag_ids
from partner_messages.config.calendars import calendar_of
from partner_messages.config.schedule import day_of
from partner_messages.config.sending_days import Calendar
from partner_messages.config.settings import Settings
from partner_messages.message_log import preferences, promises
from partner_messages.message_log.before import standing_holds
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.message_log.effect import held_back_since
from partner_messages.messages.tick import Halt
from partner_messages.ops.days_ahead import LONGEST, PROMISE, latest_day
from partner_messages.ops.reasons import Reason
from partner_messages.pages import words
from partner_messages.pages.ahead import last_found
from partner_messages.pages.asked import NotAsked
from partner_messages.pages.messages import answers
from partner_messages.pages.names import names_of
from partner_messages.planning.left_alone import LeftAlone
from partner_messages.planning.reminders.trial import FORTNIGHT
from partner_messages.recipients.preferences import Preferences
from partner_messages.recipients.spelling import dialled
from partner_messages.recipients.words import Intent

DAYS = 28
"""How far back a page looks, unless it is asked for another span."""
MESSAGES = 500
"""Messages of one partner or run that are shown, at most."""


@dataclass(frozen=True)
class Said:
    """What became of one run on one day.

    Attributes:
        production_run_id: The run; None for what is about none.
        text: In a sentence.
        message: The row that says so; None where there is none.
    """

    production_run_id: str | None
    text: str
    message: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Day:
    """What happened on one day.

    Attributes:
        day: The day.
        why_nothing: Why nothing was sent at all; None where something was.
        said: What became of each run, and what else was sent.
    """

    day: dt.date
    why_nothing: str | None
    said: Sequence[Said] = field(default_factory=tuple)


def days_of(
    span: Iterable[dt.date],
    messages: Iterable[Mapping[str, Any]],
    found: Iterable[Mapping[str, Any]],
    ticked: Iterable[dt.date],
    calendar: Calendar,
    today: dt.date,
    holds: Mapping[dt.date, Halt] = MappingProxyType({}),
) -> list[Day]:
    """Tell each day of a span: each run that was found has a sentence, and so has each day without any.

    Args:
        span: The days.
        messages: Rows of `history`.
        found: Rows of `found_of`.
        ticked: The days on which the reminders have planned.
        calendar: The sending days.
        today: The day on which it is told.
        holds: Who has held the ticks of which days.
    """
    of_day: dict[dt.date, list[Mapping[str, Any]]] = defaultdict(list)
    for row in messages:
        of_day[row["day"]].append(row)
    stuck: dict[dt.date, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in found:
        stuck[row["day"]][row["production_run_id"]] = row
    planned = set(ticked)
    why_no_tick = partial(
        _why_no_tick, planned=planned, first=min(planned, default=None), calendar=calendar, today=today, holds=holds
    )
    return [_day(day, of_day[day], stuck[day], why_no_tick(day)) for day in span]


def _day(
    day: dt.date,
    messages: Sequence[Mapping[str, Any]],
    stuck: Mapping[str, Mapping[str, Any]],
    why_no_tick: str | None,
) -> Day:
    said = [Said(_run_of(row), _sentence(row), row) for row in messages]
    told = {run for row in messages for run in (row["run_ids"] or [row["production_run_id"]])}
    undecided = [
        Said(run, f"It was found stuck ({words.STUCK[row['kind']]}), and nothing was decided: the tick did not end.")
        for run, row in stuck.items()
        if run not in told
    ]
    said = [*said, *undecided]
    if any(row["status"] != "skipped" for row in messages):
        return Day(day, None, said)
    if said:
        return Day(day, "Nothing was sent, for the reasons below.", said)
    return Day(day, why_no_tick or "None of the runs was found stuck on this day.")


def _why_no_tick(
    day: dt.date,
    *,
    planned: Collection[dt.date],
    first: dt.date | None,
    calendar: Calendar,
    today: dt.date,
    holds: Mapping[dt.date, Halt],
) -> str | None:
    if day in planned:
        return None
    if day in holds:
        return f"The tick was held {holds[day]}"
    if holiday := calendar.holiday(day):
        return f"There was no tick: it was a holiday ({holiday})."
    if not calendar.is_sending_day(day):
        return "There was no tick: it was a weekend."
    if day == today:
        return "The tick has not planned yet."
    if first is None or day < first:
        return "The log knows of no tick on this day, nor before it."
    return "The tick did not happen, so nobody was reminded."


def _run_of(row: Mapping[str, Any]) -> str | None:
    run: str | None = row["production_run_id"]
    return run


def _sentence(row: Mapping[str, Any]) -> str:
    what = words.MESSAGES.get(row["message_kind"], row["message_kind"])
    about = words.STUCK.get(row["reminder_kind"]) or words.EVENTS.get(
        row["event_name"], words.spoken(row["event_name"])
    )
    kind = f"{what} ({about})" if about else what
    if row["status"] == "skipped":
        return f"{kind}: not sent. {words.why_not_sent(row)}"
    why = words.error(row).rstrip(".") if row["status"] in ("failed", "unknown") else ""
    error = f": {why}" if why else ""
    return f"{kind}: {words.STATES[row['status']]}{error}."


def history(
    connection: LogConnection,
    settings: Settings,
    now: dt.datetime,
    *,
    partner_id: str | None = None,
    run: str | None = None,
) -> dict[str, Any]:
    """What the page of a partner or of a run shows.

    Raises:
        NotAsked: The log knows nothing of it.
    """
    today = day_of(now)
    since = today - dt.timedelta(days=DAYS)
    asked = {"delivery": "live", "first_day": since, "last_day": today}
    messages = rows(connection, "history", **asked, partner_id=partner_id, run=run, at_most=MESSAGES)
    found = rows(connection, "found_of", **asked, partner_id=partner_id, run=run)
    span = [today - dt.timedelta(days=number) for number in range(DAYS + 1)]
    ticked = rows(connection, "days_with_ticks", **asked, since=since, dag_id=dag_ids.REMINDERS)
    holds = standing_holds(connection, since, today)
    days = days_of(span, messages, found, [row["day"] for row in ticked], calendar_of(settings), today, holds)
    runs = {id_ for row in (*messages, *found) for id_ in (row.get("run_ids") or [row["production_run_id"]]) if id_}
    partners = {row["partner_id"] for row in (*messages, *found) if row["partner_id"]}
    names = names_of(settings.tables, partners | {partner_id}, runs | {run})
    if not messages and not found and not (names.partners or names.designs):
        raise NotAsked(f"Neither the shop nor the log knows of {partner_id or run}; see that the id is right.")
    escalations = rows(connection, "escalations_about", partner_id=partner_id, run=run)
    return {
        "partner_id": partner_id,
        "run": run,
        "days": days,
        "names": names,
        "partners": sorted(partners),
        "runs": sorted(runs),
        "since": since,
        "ahead": last_found(connection, run, settings, now) if run else None,
        "held_back_until": _held_back_until(connection, run, today) if run else None,
        "escalations": escalations,
        "promises": promises.open_promises(connection, sorted(runs)),
        **_left_alone(connection, settings, today, partner_id or run or "", runs if partner_id else partners),
        **(_of_partner(connection, partner_id, since, escalations) if partner_id else _OF_NO_PARTNER),
    }


def _left_alone(
    connection: LogConnection, settings: Settings, today: dt.date, id_: str, others: Iterable[str]
) -> dict[str, Any]:
    """What is said of a partner or a run, and of a partner's runs or a run's partners, by hand and by the settings."""
    said, ids = LeftAlone.now(connection, settings, today), {id_, *others}
    by_hand = said.of(ids)
    return {
        "by_hand": by_hand,
        "by_setting": said.by_setting(ids, today),
        "own": next((one for one in by_hand if id_ in (one.partner_id, one.production_run_id)), None),
        "tomorrow": today + dt.timedelta(days=1),
        "latest": latest_day(LONGEST),
        "latest_promise": latest_day(PROMISE),
        "today": today,
    }


def _held_back_until(connection: LogConnection, run: str, today: dt.date) -> dt.date | None:
    """Until when nobody is reminded of a run because its partner is in the control group."""
    since = held_back_since(connection, run)
    return since + FORTNIGHT if since and since + FORTNIGHT > today else None


_OF_NO_PARTNER: Mapping[str, Any] = MappingProxyType({"answers": (), "opted_out": None, "doubt": None})


def _of_partner(
    connection: LogConnection, partner_id: str, since: dt.date, escalations: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    phones = preferences.phones_of_partner(connection, partner_id)
    known = preferences.preferences(connection, [partner_id, *phones])
    stop = next((one for phone in phones if (one := known.own.get(dialled(phone))) and one.is_stop), None)
    entered = known.stands_by_hand(partner_id, phones)
    wrote = answers(connection, partner_id=partner_id, since=since)
    return {
        "answers": wrote,
        "doubt": _doubt(known, partner_id, phones, escalations, wrote),
        "opted_out": (
            f"They wrote STOP on {words.moment(stop.at)}; only their own START takes it back."
            if stop
            else f"Somebody has entered it on {words.moment(entered.at)}."
            if entered
            else None
        ),
    }


def _doubt(
    known: Preferences,
    partner_id: str,
    phones: Iterable[str],
    escalations: Iterable[Mapping[str, Any]],
    wrote: Iterable[Mapping[str, Any]],
) -> dict[str, Any] | None:
    """What sounds like STOP and nobody has decided yet: when it was written and, if it is still known, its text."""
    waiting = [known.maybe[dialled(phone)].at for phone in phones if known.waits_for_a_person(partner_id, phone)]
    opened = [
        row["opened_at"] for row in escalations if row["reason"] == Reason.MAYBE_OPT_OUT and row["closed_at"] is None
    ]
    at = max(waiting or opened, default=None)
    if at is None:
        return None
    text = next((one["text"] for one in wrote if one["intent"] == Intent.MAYBE_STOP and one["received_at"] == at), None)
    return {"at": at, "text": text}
