"""Finds the runs that need a person, and tells operations of all of them in one list."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from partner_messages.config.schedule import day_of
from partner_messages.config.setting_groups import NotifierSpec
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.params import ClosingParams, parse_params
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.history import stuck_of_run
from partner_messages.messages.tick import RunRefused, Tick, TickSkipped
from partner_messages.messages.values import Promise
from partner_messages.ops import escalations
from partner_messages.ops.hearing import note_told, untold_at_once
from partner_messages.ops.judgement import OTHERS_NAMED, Coverage, Escalation, judge, stalls_today
from partner_messages.ops.names import names_in
from partner_messages.ops.notifier import notify
from partner_messages.ops.promises_due import broken_in_words, end_promises
from partner_messages.ops.reasons import OF_ANSWERS, TOLD_AT_ONCE, Reason
from partner_messages.ops.summary import NAMED, Whom
from partner_messages.planning.reminders.policy import Policy
from partner_messages.shop.names import Names
from partner_messages.shop.shop import Shop, open_shop
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)


def escalate(tick: Tick | None, context: Mapping[str, Any]) -> dict[str, int]:
    """Open and end escalations as the tick sees its runs, and tell operations of those that are due.

    Args:
        tick: The tick, after it has sent; None where the first task let nothing pass.
        context: The task's, for the notifier; its params say which runs were looked at, and nothing else is opened or
            ended.

    Returns:
        How many were opened, ended and told of.

    Raises:
        TickSkipped: The tick never got as far as planning, or its day is over: it knows too little.
    """
    if tick is None:
        raise TickSkipped("Nothing was looked at: the first task let nothing pass.")
    params, settings = parse_params(context["params"]), load_settings()
    if tick.delivery != "dry_run" and not _is_of_today(tick, settings):
        raise TickSkipped(f"The day of this run ({tick.day}) is over: it opens and ends no escalations any more.")
    policy = Policy.of(settings)
    coverage = Coverage(tick.now, params.scope, frozenset(params.kinds), policy=policy)
    with open_message_log() as connection, open_shop(settings.tables) as shop:
        if not escalations.was_planned(connection, tick):
            raise TickSkipped("Planning did not come to its end, so nothing is known of today's escalations.")
        if tick.delivery == "dry_run":
            escalations.rewind_rehearsals(connection, tick)
        stalls = stalls_today(
            stuck_of_run(connection, tick.dag_run_id),
            shop.unowned_runs(now=tick.now, scope=params.scope),
            escalations.day_knowledge(connection, tick, with_history=policy.escalates_by_history),
            policy,
        )
        standing = escalations.standing_escalations(connection, tick)
        judgement = judge(stalls, standing, replace(coverage, ended=_ended(shop, standing)))
        opened, ended = escalations.write_judgement(connection, tick, judgement)
        opened += escalations.open_undecided(connection, tick)
        log.info("%d escalations were opened, %d are over.", opened, ended)
        told = 0
        if tick.delivery == "live":
            # In one transaction: if telling breaks off, everything counts as untold, and the next try tells it again.
            with escalations.telling(connection):
                broken = end_promises(connection, shop, tick, stalls, params, policy)
                if settings.on_escalation:
                    told = _tell(connection, shop, tick, settings.on_escalation, context, broken)
    return {"opened": opened, "ended": ended, "told": told}


def _is_of_today(tick: Tick, settings: Settings) -> bool:
    return settings.allow_any_time or tick.day == day_of(run_context.wall_clock())


def _ended(shop: Shop, standing: Sequence[Escalation]) -> frozenset[str]:
    """The runs of escalations from an answer to a lifecycle message whose partner does not make them any more."""
    asked = {one.production_run_id: one.partner_id for one in standing if one.kind is None and one.reason in OF_ANSWERS}
    runs = shop.runs(asked)
    return frozenset(
        id_
        for id_, partner_id in asked.items()
        if (run := runs.get(id_)) is None or run.is_over or run.partner_id != partner_id
    )


def _tell(
    connection: LogConnection,
    shop: Shop,
    tick: Tick,
    spec: NotifierSpec,
    context: Mapping[str, Any],
    broken: Sequence[Promise] = (),
    only: Collection[Reason] | None = None,
    also: Sequence[str] = (),
) -> int:
    due = escalations.untold_escalations(connection, tick.day, only)
    if due or broken or also:
        others = (Whom(run_id, None) for one in due[:NAMED] for run_id in one.others[:OTHERS_NAMED])
        text = as_text(due, names_in(shop, [*due[:NAMED], *others])) if due else ""
        more = f"... and {len(broken) - NAMED} more; see the table promise." if len(broken) > NAMED else ""
        said = [text, *map(broken_in_words, broken[:NAMED]), more, *also]
        mentions = {
            "escalations": [{**one.as_json(), "key": one.key} for one in due],
            "escalations_text": "\n".join(filter(None, said)),
            "escalations_key": key_of(due, [*(str(one.id) for one in broken), *also]),
        }
        notify(spec, "on_escalation", context, mentions)
        escalations.note_told(connection, tick.day, due)
    log.info("Operations were told of %d escalations.", len(due))
    return len(due)


def tell_at_once(tick: Tick, context: Mapping[str, Any]) -> int:
    """Tell operations of what cannot wait for the next tick.

    It is help, what sounds like STOP, a STOP of somebody unknown, and a webhook that is silent.

    Returns:
        How many they were told of.

    Raises:
        TickSkipped: Nobody is to be told (setting `on_escalation`).
    """
    settings = load_settings()
    if not settings.on_escalation:
        raise TickSkipped("Setting on_escalation names nobody who is told; see the open escalations.")
    with open_message_log() as connection, escalations.telling(connection):
        urgent = untold_at_once(connection)
        if not urgent and not escalations.untold_escalations(connection, tick.day, TOLD_AT_ONCE):
            return 0
        also = [one.said for one in urgent]
        with open_shop(settings.tables) as shop:
            told = _tell(connection, shop, tick, settings.on_escalation, context, only=TOLD_AT_ONCE, also=also)
        note_told(connection, urgent, run_context.wall_clock())
        return told


def key_of(due: Sequence[Escalation], others: Sequence[str] = ()) -> str:
    """A deduplication key for a list: a try that is repeated after its process died has the same key."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, " ".join(sorted([*(one.key for one in due), *others]))))


def as_text(due: Sequence[Escalation], names: Names) -> str:
    """The list that operations get."""
    more = [f"... and {len(due) - NAMED} more; see the table escalation."] if len(due) > NAMED else []
    return "\n".join(
        [
            f"{len(due)} production runs need a person:" if len(due) > 1 else "A production run needs a person:",
            *(f"- {one.said(names)}" for one in due[:NAMED]),
            *more,
            "Each closes by itself when its run moves on. To close one by hand, trigger message_log_upkeep with"
            " production_run_id, closed_by and closed_why.",
        ]
    )


def close_by_hand(of_run: Mapping[str, Any]) -> str:
    """Close the escalation that the params name; return its reason.

    Raises:
        TickSkipped: None was asked to be closed.
        RunRefused: Nothing is open for that run.
    """
    params = ClosingParams.of(of_run)
    if params is None:
        raise TickSkipped("No escalation is to be closed by hand.")
    with open_message_log() as connection:
        reason = escalations.close_escalation(
            connection,
            params.production_run_id,
            by=params.closed_by,
            why=params.closed_why,
            now=run_context.wall_clock(),
        )
    if reason is None:
        raise RunRefused(
            f"Run {params.production_run_id} has no open escalation, so there is nothing to close; see the summary of"
            " production_run_reminders for those that are open."
        )
    log.info(
        "The escalation of %s (%s) was closed by %s: %s",
        *(params.production_run_id, reason, mask(params.closed_by), mask(params.closed_why)),
    )
    return reason.value
