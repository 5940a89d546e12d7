"""What other settings would have made of the last weeks, and saving them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Form, Request, Response
from psycopg.types.json import Jsonb

from partner_messages.config.schedule import day_of
from partner_messages.config.settings import Delivery, Settings, SettingsError, parse_settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import stored_settings
from partner_messages.deployment.saving import Change, save_settings, settings_hidden_by
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.ops.replay import replay
from partner_messages.pages import render
from partner_messages.pages.asked import NotAsked, Number
from partner_messages.pages.chosen import FIELDS, Chosen, Difference, chosen_of, differences
from partner_messages.pages.names import names_of
from partner_messages.pages.outcomes import HEIGHT, WIDTH, bars_of, called_otherwise, outcome
from partner_messages.pages.past import DAYS, read_history
from partner_messages.pages.rights import Reader, Setter, may_act
from partner_messages.planning.reminders.wording import templates_of
from partner_messages.templates.catalog.installed import installed_catalog

SHOWN = 50
"""Partners and escalations that are shown; all are counted."""
SAVED = 20
"""How many of the last savings are shown."""
LONGEST = 600
"""Characters of what is said after an act: it travels in a cookie."""
_DAYS_OF_BILLS = 10

OpenLog = Callable[[], AbstractContextManager[LogConnection]]


def router(open_log: OpenLog) -> APIRouter:
    """The routes of the page.

    Args:
        open_log: Opens a session whose statements are given up when they take too long.
    """
    pages, acts = APIRouter(), APIRouter(dependencies=[Depends(may_act)])

    @pages.get("/what-if")
    def what_if_page(request: Request, person: Reader) -> Response:
        """What other settings would have made of the last weeks."""
        with open_log() as connection:
            shown = what_if(connection, request.query_params, run_context.wall_clock())
        return render.page(request, person, "what_if", **shown, may_save=person.may_set)

    @acts.post("/what-if")
    def save_page(
        request: Request,
        person: Setter,
        why: Annotated[str, Form(max_length=2000)] = "",
        seen: Annotated[str, Form()] = "",
    ) -> Response:
        """Save the settings that were tried."""
        now = run_context.wall_clock()
        with open_log() as connection:
            done = save(connection, request.query_params, seen, who=person.name, why=why, now=now)
        return render.back_to("/what-if", done[:LONGEST])

    @acts.post("/what-if/{history_id}")
    def go_back_page(person: Setter, history_id: Number, why: Annotated[str, Form(max_length=2000)] = "") -> Response:
        """Take back what was saved."""
        with open_log() as connection:
            done = go_back(connection, history_id, who=person.name, why=why, now=run_context.wall_clock())
        return render.back_to("/what-if", done[:LONGEST])

    pages.include_router(acts)
    return pages


def tried(query: Mapping[str, str]) -> tuple[Chosen, Settings, Delivery, int]:
    """What an address asks for: the settings that are tried, those of now, the ticks' delivery and the days.

    Raises:
        NotAsked: Something of it cannot be.
        SettingsError: The settings of now cannot be read.
    """
    typed = dict(query)
    delivery, days = typed.pop("delivery", "live"), typed.pop("days", str(DAYS))
    if delivery not in ("live", "dry_run"):
        raise NotAsked(f'"{delivery[:40]}" is no delivery that can be gone through; live and dry_run are.')
    if not (days.isdecimal() and 1 <= int(days[:4]) <= DAYS):
        raise NotAsked(f"The days must be a number from 1 to {DAYS}.")
    stored = stored_settings()
    now = parse_settings(stored)
    return chosen_of(typed, stored, now), now, cast("Delivery", delivery), int(days)


def what_if(connection: LogConnection, query: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
    """What the page shows."""
    chosen, settings, delivery, days = tried(query)
    history = read_history(connection, settings, now, delivery=delivery, days=days)
    category = billed_as(connection, settings, now)
    asked = {"now": settings, **({"chosen": chosen.settings} if chosen.differences else {})}
    outcomes = {
        which: outcome(replay(history, one), settings.prices, category, history.phones) for which, one in asked.items()
    }
    before, after = outcomes["now"], outcomes.get("chosen", outcomes["now"])
    partners = sorted(
        {*before.by_partner, *after.by_partner},
        key=lambda id_: (
            -abs(after.by_partner.get(id_, 0) - before.by_partner.get(id_, 0)),
            -before.by_partner.get(id_, 0),
        ),
    )
    called = called_otherwise(before.replay, after.replay)
    troubles = [one.trouble for one in called[:SHOWN]]
    shown_partners = [*partners[:SHOWN], *(one.partner_id for one in troubles)]
    return {
        "fields": [(one, one.shown(chosen.settings)) for one in FIELDS],
        "differences": chosen.differences,
        "seen": seen(chosen.change),
        "delivery": delivery,
        "span": days,
        "most_days": DAYS,
        "history": history,
        "outcomes": outcomes,
        "reasons": sorted({*before.by_reason, *after.by_reason}),
        "bars": bars_of(outcomes),
        "size": (WIDTH, HEIGHT),
        "days": sorted({*before.replay.days, *after.replay.days}),
        "partners": partners[:SHOWN],
        "partners_in_all": len(partners),
        "called": called[:SHOWN],
        "called_in_all": len(called),
        "category": category,
        "names": names_of(settings.tables, shown_partners, [one.production_run_id for one in troubles]),
        "hidden_by": settings_hidden_by(),
        "saved": saved(connection),
    }


def billed_as(connection: LogConnection, settings: Settings, now: dt.datetime) -> str:
    """As which category Meta bills reminders: by what it said last, else by the templates."""
    today = day_of(now)
    found = rows(connection, "billed_as", first_day=today - dt.timedelta(days=_DAYS_OF_BILLS), last_day=today)
    if found:
        return str(found[0]["pricing_category"]).upper()
    template = installed_catalog().get(templates_of(settings.template_family)[0])
    return template.category if template else ""


# Saving


@dataclass(frozen=True)
class Saved:
    """Settings that were saved here, as the page shows them."""

    row: Mapping[str, Any]
    differences: Sequence[Difference]


def saved(connection: LogConnection) -> list[Saved]:
    """What was saved here last, the newest first."""
    found = rows(connection, "settings_saved", history_id=None, at_most=SAVED)
    return [Saved(row, _in_words(Change(row["before"], row["after"]))) for row in found]


def _in_words(change: Change) -> list[Difference]:
    """A change in the words of the form; what an older version had and this one has not, is left out."""
    try:
        return differences(parse_settings(change.before), parse_settings(change.after))
    except SettingsError:
        return []


def seen(change: Change) -> str:
    """What a form brings back, so that what is saved is what was shown."""
    return hashlib.sha256(json.dumps([change.before, change.after], sort_keys=True).encode()).hexdigest()


def save(
    connection: LogConnection, query: Mapping[str, str], was_seen: str, *, who: str, why: str, now: dt.datetime
) -> str:
    """Save the settings that an address asks for.

    Raises:
        NotAsked: Nothing is changed, no reason is given, or it is not what was shown.
        SettingsError: They cannot be saved.
    """
    chosen, _, _, _ = tried(query)
    if not chosen.differences:
        raise NotAsked("These are the settings of now already; there is nothing to save.")
    if seen(chosen.change) != was_seen:
        raise NotAsked("The settings have changed since the page was opened; open it again and look at what changes.")
    _keep(connection, chosen.change, who=who, why=why, now=now)
    return f"Saved: {_said(chosen.differences)}. It is in force from the next task on."


def go_back(connection: LogConnection, history_id: int, *, who: str, why: str, now: dt.datetime) -> str:
    """Take back what was saved: the settings that it changed are again what they were before.

    Raises:
        NotAsked: There is no such saving, or no reason is given.
        SettingsError: They cannot be saved; somebody has changed them since, for one.
    """
    found = rows(connection, "settings_saved", history_id=history_id, at_most=1)
    if not found:
        raise NotAsked("There is no such saving of settings; open the page again.")
    change = Change(found[0]["before"], found[0]["after"]).undone
    _keep(connection, change, who=who, why=why, now=now, undoes=history_id)
    return f"Taken back: {_said(_in_words(change))}. It is in force from the next task on."


def _said(changes: Iterable[Difference]) -> str:
    return "; ".join(f"{one.label.lower()}: {one.chosen} (before: {one.now})" for one in changes)


def _keep(
    connection: LogConnection, change: Change, *, who: str, why: str, now: dt.datetime, undoes: int | None = None
) -> None:
    """Write into the history, then into Airflow: both, or neither."""
    said = " ".join(why.split())
    if not said:
        raise NotAsked("Write why; the next one who looks will ask.")
    is_saved = False
    try:
        with connection.transaction():
            rows(connection, "one_save_at_a_time")
            noted = {"were": Jsonb(dict(change.before)), "are": Jsonb(dict(change.after)), "undoes": undoes}
            rows(connection, "note_settings", **noted, who=who, why=said, now=now)
            save_settings(change)
            is_saved = True
    except BaseException:
        if is_saved:  # The history could not be committed.
            save_settings(change.undone)
        raise
