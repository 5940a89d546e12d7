"""What people do on the pages: each is kept in `audit` with who and why, and answers with a sentence.

The rules are those of `message_log_upkeep`, where the same can be done (docs/operations.md).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from partner_messages.config.schedule import day_of
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import readable_settings
from partner_messages.deployment.params import HaltParams
from partner_messages.message_log import acts
from partner_messages.message_log.database import LogConnection, open_message_log, rows
from partner_messages.ops import said_by_hand, settle_by_hand
from partner_messages.ops.days_ahead import LONGEST, PROMISE, see_that_it_is_near
from partner_messages.ops.hold_by_hand import hold_by_hand
from partner_messages.pages import people, words
from partner_messages.pages.asked import NotAsked
from partner_messages.pages.names import names_of
from partner_messages.pages.state import state_of
from partner_messages.shop.names import Names

SHOWN = 20
"""How many of the last acts are shown."""


def sending(connection: LogConnection, *, named: bool) -> dict[str, Any]:
    """What the page of sending shows; the shop is asked for names only afterwards, as it may be slow."""
    settings, wrong = readable_settings()
    done = last_acts(connection)
    about = [words.about(row) for row in done]
    return {
        "wrong": wrong,
        "state": state_of(connection, None if wrong else settings),
        "last_acts": done,
        "names": names_of(settings.tables, *zip(*about, strict=True)) if named and about else Names(),
        "is_named": named,
    }


def last_acts(connection: LogConnection) -> Sequence[Mapping[str, Any]]:
    """What people have done by hand, the newest first."""
    return rows(connection, "last_acts", at_most=SHOWN)


def halt_or_go_on(do: str, *, who: str, why: str) -> str:
    """Halt all sending, or let it go on; a Variable that is broken is not in the way."""
    asked = HaltParams.of(_filled_in(sending=do, sending_by=who, sending_why=why))
    now = run_context.wall_clock()
    with open_message_log() as connection:
        if asked and asked.sending == "halt":
            acts.halt(connection, who=who, why=asked.sending_why, now=now)
            return "All sending is halted: nothing is claimed any more, in runs that are under way, too."
        if not acts.go_on(connection, who=who, why=why, now=now, asked_at=now):
            return "Nobody had halted sending by hand, so there is nothing to let go on."
    if readable_settings()[0].halt:
        return (
            "Nobody halts sending by hand any more, but the setting halt is true: sending stays halted until it is set"
            " to false (Admin, Variables, partner_messages)."
        )
    return "Sending may go on. A run that failed for the halt is cleared to send the rest today."


def settle(message_id: uuid.UUID, outcome: str, *, who: str, why: str) -> str:
    """Say what became of a message that is not known."""
    asked = _filled_in(message_id=str(message_id), outcome=outcome, settled_by=who, settled_why=why)
    return _SETTLED[settle_by_hand.settle_by_hand(asked)]


_SETTLED = {
    "arrived": "It counts as sent.",
    "did_not_arrive": "It counts as failed, and its run may be reminded again today.",
}


def of_partner(partner_id: str, do: str, until: str, who: str, why: str) -> str:
    """Leave a partner alone, end that, or enter what they have said about being written to."""
    if do in _LEAVING:
        return _LEAVING[do]("partner", partner_id, until, who, why)
    asked = _filled_in(opt_out_partner=partner_id, opt_out=do, opt_out_by=who, opt_out_why=why)
    return _ENTERED[said_by_hand.opt_out_by_hand(asked)]


_ENTERED = {
    "told_us": "The partner is not written to any more.",
    "undo": "What was entered by hand is taken back.",
    "was_stop": "It was a STOP: the partner is not written to any more.",
    "was_no_stop": "It was none: the partner is written to as before.",
}


def of_run(run: str, do: str, until: str, who: str, why: str) -> str:
    """Leave a run alone, end that, or enter what its partner has promised."""
    if do in _LEAVING:
        return _LEAVING[do]("run", run, until, who, why)
    see_that_it_is_near(_day(until), PROMISE)
    asked = _filled_in(promised_run=run, promised_until=until, promised_by=who, promised_why=why)
    return f"Nobody is reminded of it until the sending day after {said_by_hand.promise_by_hand(asked)}."


def leave_alone(what: str, id_: str, until: str, who: str, why: str) -> str:
    """Leave a partner or a run alone until a day.

    Args:
        what: `partner` or `run`.
        id_: Which one.
        until: The first day that is as always again.
        who: Who says so.
        why: Why.
    """
    if _day(until) <= day_of(run_context.wall_clock()):
        raise NotAsked("Say until which day: a later one than today. To end it, press the button that does.")
    see_that_it_is_near(_day(until), LONGEST)
    return _left_alone(what, id_, until, who, why)


def write_again(what: str, id_: str, _until: str, who: str, why: str) -> str:
    """End that a partner or a run is left alone by hand (arguments as in `leave_alone`)."""
    return _left_alone(what, id_, day_of(run_context.wall_clock()).isoformat(), who, why)


def _left_alone(what: str, id_: str, until: str, who: str, why: str) -> str:
    asked = _filled_in(
        leave_alone=what, leave_alone_id=id_, leave_alone_until=until, leave_alone_by=who, leave_alone_why=why
    )
    day = said_by_hand.leave_alone_by_hand(asked)
    if day is None:
        return "That is over: it is as always again, unless a setting says something else."
    whom = "The partner is left alone" if what == "partner" else "Nobody is written to of the run"
    return f"{whom} until {words.day(_day(day))}."


def hold_or_go_on(do: str, day: dt.date, who: str, why: str) -> None:
    """Hold a day's scheduled tick, or let it go on."""
    hold_by_hand(_filled_in(hold=do, hold_day=day.isoformat(), hold_by=who, hold_why=why))


_LEAVING = {"leave_alone": leave_alone, "write_again": write_again}


def work(
    connection: LogConnection, escalation_id: uuid.UUID, do: str, *, who: str, why: str, until: str = "", had: str = ""
) -> str:
    """Do something with what needs a person."""
    now, said = run_context.wall_clock(), " ".join(why.split())
    if do in _LEAVES_ALONE:
        what, column = _LEAVES_ALONE[do]
        row = people.one(connection, escalation_id)
        return leave_alone(what, row[column] or "", until, who, why) + " With the next tick it leaves this list."
    if do == "close":
        people.close_one_escalation(connection, escalation_id, who=who, why=_needed(said), now=now)
        return "Closed. The run is not called for again for this until it has moved."
    touch = {"assign": people.ASSIGN, "give_back": people.GIVE_BACK, "put_off": people.PUT_OFF, "note": people.NOTE}
    if do not in touch:
        raise NotAsked(f"There is nothing that is called {do[:40]!r} here.")
    why_needed = do in ("put_off", "note")
    taken_by = people.touch_escalation(
        connection,
        escalation_id,
        touch[do],
        who=who,
        why=_needed(said) if why_needed else said or "taken from the list",
        now=now,
        until=_day(until) if until else None,
        had=had,
    )
    if taken_by:
        return (
            f"{taken_by} has taken it on meanwhile, so it was left with them; you may take it over, if that is meant."
        )
    return _DONE[do]


_LEAVES_ALONE = {"leave_partner": ("partner", "partner_id"), "leave_run": ("run", "production_run_id")}
"""What is left alone, and what in an item's row names it."""
_DONE = {
    "assign": "It is yours.",
    "give_back": "It is nobody's again.",
    "put_off": "Put off; it comes back by itself.",
    "note": "Noted.",
}


def _needed(why: str) -> str:
    if not why:
        raise NotAsked("Write why, or what was found; the next one who looks will ask.")
    return why


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise NotAsked("The day must be written like 2026-12-01.") from None


def _filled_in(**given: str) -> Mapping[str, str]:
    """The params of an act, which are those that it has in a DAG run.

    Raises:
        NotAsked: One of them is blank: there it would mean that nothing is asked for.
    """
    blank = next((name for name, value in given.items() if not value.strip()), None)
    if blank:
        raise NotAsked("Write why." if blank.endswith("_why") else "Choose what is to be done.")
    return given
