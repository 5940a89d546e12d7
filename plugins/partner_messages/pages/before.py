"""Before the tick: what it would send as things stand, who is left out and why, and what people decide about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from partner_messages.config.calendars import calendar_of
from partner_messages.config.schedule import SCHEDULE_TIMEZONE, TICK_TIME, day_of
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.params import RunParams
from partner_messages.message_log import before
from partner_messages.message_log.database import LogConnection
from partner_messages.messages.values import Draft
from partner_messages.pages import acts, render, words
from partner_messages.pages.asked import NotAsked
from partner_messages.pages.names import names_of
from partner_messages.pages.rights import Actor, Reader, may_act
from partner_messages.pages.state import state_of
from partner_messages.planning.left_alone import LeftAlone
from partner_messages.planning.marks import mark_of, mark_of_all
from partner_messages.planning.preview import preview, preview_by_hand

Text = Annotated[str, Form(max_length=2000)]


def router(log: Callable[[], AbstractContextManager[LogConnection]]) -> APIRouter:
    """The page's routes; `log` opens the message log as pages do."""
    routes = APIRouter()

    @routes.get("/before")
    def before_page(request: Request, person: Reader) -> Response:
        """What the day's tick would send as things stand, or has queued."""
        settings = load_settings()
        with log() as connection:
            shown = before_the_tick(connection, settings, run_context.wall_clock())
            return render.page(request, person, "before", **shown, state=state_of(connection, settings, by_whom=True))

    @routes.post("/before", dependencies=[Depends(may_act)])
    def decide(person: Actor, do: Text, why: Text = "", seen: Text = "", partner_id: Text = "") -> Response:
        """Approve it, hold the tick, let it go on, or leave a partner out."""
        with log() as connection:
            done = _act(connection, do, who=person.name, why=why, seen=seen, partner_id=partner_id)
        return render.back_to("/before", done)

    return routes


def before_the_tick(connection: LogConnection, settings: Settings, now: dt.datetime) -> dict[str, Any]:
    """What the page shows."""
    day, calendar = day_of(now), calendar_of(settings)
    no_tick = None if calendar.is_sending_day(day) else calendar.holiday(day) or "weekend"
    tick = before.scheduled_tick(connection, day)
    is_ahead = not (tick or no_tick) and now < dt.datetime.combine(day, TICK_TIME, SCHEDULE_TIMEZONE)
    planned = (
        preview(connection, settings, day, now) if is_ahead else preview_by_hand(connection, settings, RunParams(), now)
    )
    would_send = [asdict(draft) for draft in planned.messages]
    waiting = before.waiting_messages(connection, tick["dag_run_id"], tick["id"]) if tick else []
    local = now.astimezone(SCHEDULE_TIMEZONE)
    left_alone = LeftAlone.now(connection, settings, day)
    kept_back = [message for message in waiting if left_alone.leaves_out(message, day)]
    messages = would_send if is_ahead else [message for message in waiting if message not in kept_back]
    marks = [mark_of(message) for message in messages]
    approvals = before.approvals_of(connection, day)
    approved = frozenset[str]().union(*(one.seen for one in approvals))
    everything = [*waiting, *would_send]
    runs = {id_ for one in everything for id_ in one["production_run_ids"] or ()}
    return {
        "day": day,
        "tick": tick,
        "messages": [(message, mark in approved) for message, mark in zip(messages, marks, strict=True)],
        "seen": mark_of_all(marks),
        "kept_back": kept_back,
        "left_alone": left_alone.runs_on(day),
        "is_ahead": is_ahead,
        "by_hand": [] if is_ahead else would_send,
        "at": now,
        "is_rehearsed": settings.delivery == "dry_run",
        "outside": None if settings.allow_any_time or settings.send_window.holds(local) else settings.send_window,
        "reasons": _by_reason(planned.left_out),
        "too_many": planned.allowed if len(would_send) > planned.allowed and settings.delivery == "live" else None,
        "approvals": approvals,
        "hold": before.standing_holds(connection, day, day).get(day),
        "until": settings.approve_until if settings.approve_first else None,
        "is_over": now >= dt.datetime.combine(day, settings.approve_until, SCHEDULE_TIMEZONE),
        "sent_all_the_same": settings.approve_else == "send",
        "no_tick": no_tick,
        "names": names_of(
            settings.tables,
            {message["partner_id"] for message in everything} | {one.partner_id for one in planned.left_out},
            runs | {one.production_run_id for one in planned.left_out},
        ),
    }


def _by_reason(left_out: Sequence[Draft]) -> list[tuple[str, list[Draft]]]:
    found: dict[str, list[Draft]] = {}
    for draft in left_out:
        found.setdefault(str(draft.skip_reason), []).append(draft)
    return sorted(found.items(), key=lambda one: -len(one[1]))


def _act(connection: LogConnection, do: str, *, who: str, why: str, seen: str, partner_id: str) -> str:
    settings, now = load_settings(), run_context.wall_clock()
    today, said = day_of(now), " ".join(why.split())
    if not said:
        raise NotAsked("Write why.")
    if do == "leave_out":
        tomorrow = today + dt.timedelta(days=1)
        return acts.leave_alone("partner", partner_id, tomorrow.isoformat(), who, said)
    if do == "hold":
        acts.hold_or_go_on("hold", today, who, said)
        return f"The tick of {words.day(today)} is held: nothing of it is claimed any more."
    if do == "go_on":
        acts.hold_or_go_on("go_on", today, who, said)
        return "The tick may go on. If its hour has come, trigger the DAG by hand, or clear what has failed, today."
    if do == "approve":
        return _approve(connection, settings, now, who=who, why=said, seen=seen)
    raise NotAsked(f"There is nothing that is called {do[:40]!r} here.")


def _approve(connection: LogConnection, settings: Settings, now: dt.datetime, *, who: str, why: str, seen: str) -> str:
    """Approve what was shown: where it has changed since, nobody has seen it."""
    if not settings.approve_first:
        raise NotAsked("Setting approve_first is off: the tick waits for nobody.")
    shown = before_the_tick(connection, settings, now)
    if shown["is_over"] or (shown["tick"] and not shown["tick"]["awaits_approval"]):
        raise NotAsked("It is decided already: the tick waits no more.")
    if shown["hold"]:
        raise NotAsked(f"The tick is held {shown['hold']}. Whoever lets it go on lets it be approved, too.")
    if shown["seen"] != seen:
        raise NotAsked("It has changed since you looked; open the page again, and look at what it is now.")
    marks = [mark_of(message) for message, _ in shown["messages"]]
    before.approve(connection, shown["day"], marks, who=who, why=why, now=now)
    return f"Approved: {words.counted(len(marks), 'message')}. What comes to them later is not sent."
