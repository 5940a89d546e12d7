"""Enters by hand what is known of a partner or a run: a promise, an opt-out, that they are left alone for a while."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from partner_messages.config.schedule import day_of
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.params import LeaveAloneParams, OptOutParams, PromiseParams
from partner_messages.message_log import left_alone, promises
from partner_messages.message_log import preferences as said
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.messages.tick import RunRefused, TickSkipped
from partner_messages.ops.days_ahead import LONGEST, PROMISE, see_that_it_is_near
from partner_messages.planning.typed_ids import strangers
from partner_messages.recipients.phone import choose_phone
from partner_messages.recipients.preferences import Preferences
from partner_messages.shop.shop import Shop, open_shop
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)


def promise_by_hand(of_run: Mapping[str, Any]) -> str:
    """Enter the promise that the params name; return its day.

    Raises:
        TickSkipped: None was asked to be entered.
        RunRefused: The run was never found stuck, the day has gone by or is too far ahead, or somebody else has just
            promised another one.
    """
    params = PromiseParams.of(of_run)
    if params is None:
        raise TickSkipped("No promise is to be entered.")
    now, run_id, due_on = run_context.wall_clock(), params.promised_run, params.promised_until
    if due_on < day_of(now):
        raise RunRefused(f"{due_on} has gone by; say today or a later day.")
    see_that_it_is_near(due_on, PROMISE)
    with open_message_log() as connection, connection.transaction():
        stall = promises.last_stall(connection, run_id)
        if stall is None or not stall["partner_id"]:
            raise RunRefused(
                f"Run {run_id} was never found stuck by a live tick, so nobody is reminded of it and there is nothing"
                " to promise; see that the id is right."
            )
        before = promises.open_promises(connection, [run_id]).get(run_id)
        if not (before and before.source == "told_us" and before.due_on == due_on):  # A try whose answer was lost.
            made = promises.make_promise(
                connection,
                run_id,
                stall["partner_id"],
                kind=stall["kind"],
                since=stall["since"],
                due_on=due_on,
                now=now,
                who=params.promised_by,
                why=params.promised_why,
            )
            if not made:
                raise RunRefused(f"Somebody else has just promised another day for run {run_id}; look what stands now.")
            promises.note_promise(
                connection, run_id, due_on=due_on, who=params.promised_by, why=params.promised_why, now=now
            )
    log.info("Run %s: %s says it moves by %s.", run_id, mask(params.promised_by), due_on)
    return due_on.isoformat()


def leave_alone_by_hand(of_run: Mapping[str, Any]) -> str | None:
    """Leave the partner or the run that the params name alone; return until when, None where that has ended.

    Raises:
        TickSkipped: Nothing was asked to be left alone.
        RunRefused: The shop has no such partner or run, the day is too far ahead, or there is nothing to end.
    """
    params = LeaveAloneParams.of(of_run)
    if params is None:
        raise TickSkipped("Nothing is to be left alone.")
    what, id_, until = params.leave_alone, params.leave_alone_id, params.leave_alone_until
    now = run_context.wall_clock()
    who, why = params.leave_alone_by, params.leave_alone_why
    see_that_it_is_near(until, LONGEST, f"; for longer, setting {what}s is meant")
    if until > day_of(now):
        with open_shop(load_settings().tables) as shop:
            if wrong := strangers(shop, "Param leave_alone_id", what, [id_]):
                raise RunRefused(wrong)
    with open_message_log() as connection:
        if until > day_of(now):
            if not left_alone.leave_alone(connection, what, id_, until=until, who=who, why=why, now=now):
                raise RunRefused(f"Somebody else has just said something of {what} {id_}; look what stands now.")
        elif not left_alone.write_again(connection, what, id_, who=who, why=why, now=now):
            raise RunRefused(
                f"Nobody has left {what} {id_} alone by hand, so there is nothing to end; to leave it alone, say a"
                f" later day than {day_of(now)} (what setting {what}s says ends there)."
            )
    log.info("%s %s: %s, until %s.", what.capitalize(), id_, mask(who), until)
    return until.isoformat() if until > day_of(now) else None


def opt_out_by_hand(of_run: Mapping[str, Any]) -> str:
    """Enter what the params say of a partner; return it.

    Raises:
        TickSkipped: Nothing was asked to be entered.
        RunRefused: There is nothing to undo or to decide, it was the partner's own STOP, or the shop has no such
            partner.
    """
    params = OptOutParams.of(of_run)
    if params is None:
        raise TickSkipped("Nothing is to be entered about a partner.")
    whose = params.opt_out_partner
    with open_shop(load_settings().tables) as shop:
        wrong = strangers(shop, "Param opt_out_partner", "partner", [whose])
        of_today = _phones_in(shop, whose)
    with open_message_log() as connection, connection.transaction():
        said.lock_preferences(connection, whose)
        phones = [*said.phones_of_partner(connection, whose), *of_today]
        known = said.preferences(connection, [whose, *phones])
        # What was entered of a partner whom the shop has forgotten since can still be undone.
        if wrong and whose not in known.by_hand:
            raise RunRefused(wrong)
        _ENTER[params.opt_out](connection, params, phones, known)
    log.info("Partner %s: %s (%s).", whose, params.opt_out, mask(params.opt_out_by))
    return params.opt_out


def _phones_in(shop: Shop, partner_id: str) -> tuple[str, ...]:
    """The numbers that are the partner's by what the shop knows now: nobody need ever have written to them."""
    admins = shop.admins([partner_id])
    return tuple(
        phone
        for partner in shop.partners([partner_id]).values()
        for phone in choose_phone(partner, admins.get(partner_id, ())).possible
    )


def _told_us(connection: LogConnection, params: OptOutParams, _phones: list[str], _known: Preferences) -> None:
    _enter(connection, params, params.opt_out_partner, "stop", source="told_us", act=said.OPT_OUT)
    _close(connection, params, [params.opt_out_partner])


def _undo(connection: LogConnection, params: OptOutParams, phones: list[str], known: Preferences) -> None:
    entered = known.by_hand.get(params.opt_out_partner)
    if any(map(known.has_stopped, phones)):
        raise RunRefused(
            f"Partner {params.opt_out_partner} wrote STOP themselves; only their own later message (START) lifts it."
        )
    if entered is None or not entered.is_stop:
        raise RunRefused(f"Nobody has opted partner {params.opt_out_partner} out, so there is nothing to undo.")
    # It would count as the later word of the two, and so decide without being asked to.
    if any(known.waits_for_a_person(params.opt_out_partner, phone) for phone in phones):
        raise RunRefused(
            f"Partner {params.opt_out_partner} has written since what sounds like STOP; decide first whether it is one."
        )
    _enter(connection, params, params.opt_out_partner, "start", source="undone", act=said.UNDO_OPT_OUT)


def _decide(connection: LogConnection, params: OptOutParams, phones: list[str], known: Preferences) -> None:
    waiting = [phone for phone in phones if known.waits_for_a_person(params.opt_out_partner, phone)]
    if not waiting and not _close(connection, params, [params.opt_out_partner]):
        raise RunRefused(f"Nothing that partner {params.opt_out_partner} wrote waits to be decided.")
    # It was written on a phone, and whoever else is reached there waits for the same decision.
    partners = sorted({params.opt_out_partner, *said.partners_on(connection, waiting)})
    entered = said.preferences(connection, partners).by_hand
    for partner_id in partners:
        # That this message does not mean STOP undoes no earlier STOP.
        is_out = (before := entered.get(partner_id)) is not None and before.is_stop
        value = "stop" if params.opt_out == "was_stop" or is_out else "start"
        _enter(connection, params, partner_id, value, source="decided", act=said.DECIDE_OPT_OUT)
    _close(connection, params, partners)


def _close(connection: LogConnection, params: OptOutParams, partner_ids: Iterable[str]) -> int:
    who, why, now = params.opt_out_by, params.opt_out_why, run_context.wall_clock()
    return said.close_what_was_decided(connection, partner_ids, who=who, why=why, now=now)


def _enter(
    connection: LogConnection, params: OptOutParams, partner_id: str, value: str, *, source: str, act: str
) -> None:
    said.enter_preference(
        connection,
        partner_id,
        value,
        source=source,
        act=act,
        who=params.opt_out_by,
        why=params.opt_out_why,
        now=run_context.wall_clock(),
    )


_ENTER = {"told_us": _told_us, "undo": _undo, "was_stop": _decide, "was_no_stop": _decide}
"""What each choice does."""
