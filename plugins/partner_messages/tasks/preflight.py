"""The first task: everything that must be right before anything is looked at, said in one sentence where it is not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from partner_messages.config.calendars import calendar_of
from partner_messages.config.schedule import day_of
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.forms import EVENTS, REMINDERS
from partner_messages.deployment.installed_copies import copies_in_the_way
from partner_messages.deployment.live_settings import load_portal, load_senders, load_settings, settings_fixed_by
from partner_messages.deployment.params import check_names, parse_params
from partner_messages.deployment.run_context import run_pass
from partner_messages.message_log.answers import listen_with
from partner_messages.message_log.before import standing_holds
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.migrations import migrate
from partner_messages.message_log.preferences import preferences
from partner_messages.message_log.ticks import start_tick
from partner_messages.messages.scope import Scope
from partner_messages.messages.tick import (
    AskedDelivery,
    RunPass,
    RunRefused,
    Tick,
    check_no_holiday,
    check_not_held,
    check_not_stale,
    decide_delivery,
)
from partner_messages.ops.halt_by_hand import halted_now
from partner_messages.ops.log_checks import may_be_sent_from
from partner_messages.ops.notifier import check_notifiers, keep_on_failure
from partner_messages.ops.upkeep import close_what_is_over
from partner_messages.planning.events.event import parse_event_params
from partner_messages.planning.plan_events import templates_of_events
from partner_messages.planning.plan_reminders import templates_of_reminders
from partner_messages.planning.template_gate import check_templates
from partner_messages.planning.typed_ids import check_typed_ids
from partner_messages.shop.mirror import open_inbox
from partner_messages.shop.shop import open_shop
from partner_messages.templates.catalog.installed import installed_catalog
from partner_messages.webhook.account_news import health_of_accounts
from partner_messages.webhook.heeding import heed_stops
from whatsapp_provider.masking import mask_phone

log = logging.getLogger(__name__)


def preflight_of_reminders(context: Mapping[str, Any]) -> dict[str, Any]:
    """The first task of `production_run_reminders`: its scheduled ticks keep the holidays."""
    check_names(context["params"], REMINDERS)
    params = parse_params(context["params"])
    return preflight(
        run_pass(context),
        params.delivery,
        templates_of_reminders,
        redirect_to=params.redirect_to,
        keeps_holidays=True,
        scope=params.scope,
    )


def preflight_of_events(context: Mapping[str, Any]) -> dict[str, Any]:
    """The first task of `production_run_events`: an event is told now or never, so its run speaks for now."""
    check_names(context["params"], EVENTS)
    params = parse_event_params(context["params"])
    run = replace(run_pass(context), now=run_context.wall_clock())
    return preflight(run, params.delivery, templates_of_events, redirect_to=params.redirect_to)


def preflight(
    run: RunPass,
    asked: AskedDelivery,
    templates: Callable[[Settings], Sequence[str]],
    *,
    redirect_to: str | None = None,
    keeps_holidays: bool = False,
    scope: Scope | None = None,
) -> dict[str, Any]:
    """Check the run, bring the message log up to date, and fix day, now and delivery (docs/design.md, decision 2).

    A run that sends also learns here which templates Meta has approved (`template_gate`).

    Args:
        run: The pass of the DAG run.
        asked: Its param `delivery`.
        templates: The names of what this DAG sends, by the settings.
        redirect_to: Its param of that name.
        keeps_holidays: Whether this DAG's ticks are skipped on holidays.
        scope: Which runs its params ask for, where they can.

    Returns:
        The tick, for the other tasks.

    Raises:
        RunRefused, SettingsError: Something must be changed first; the message names it.
        TickSkipped: A missed tick of an earlier day, or one on a holiday.
    """
    wall = run_context.wall_clock()
    settings = load_settings()
    day = day_of(run.now)
    # Checked first: a tick on a holiday is skipped, even if it also starts too late.
    holiday = calendar_of(settings).holiday(day) if keeps_holidays else None
    warning = check_no_holiday(run.run_type, day, holiday)
    check_not_stale(run.run_type, run.run_after, wall, settings.tick_grace)
    delivery = decide_delivery(asked, day, wall, settings)
    tick = replace(
        Tick.of(run, delivery=delivery, asked=asked, day=day, redirect_to=redirect_to),
        by_hand=run.run_type in ("manual", "backfill"),
        awaits_approval=(
            keeps_holidays and run.run_type == "scheduled" and delivery == "live" and settings.approve_first
        ),
    )
    senders = load_senders(settings)
    load_portal()  # A secret that cannot sign links is found out here, not by a partner.
    check_notifiers(settings)
    keep_on_failure(settings)
    catalog = installed_catalog()
    sent = [template for name in templates(settings) if (template := catalog.get(name))]
    tick = replace(tick, warnings=(*copies_in_the_way(), *_check_shop(tick, settings, scope)))
    with open_message_log() as connection:
        applied = migrate(connection)
        held = (
            check_not_held(run.run_type, day, standing_holds(connection, day, day).get(day)) if keeps_holidays else None
        )
        tick = may_be_sent_from(connection, tick)
        heed_stops(connection, run_context.wall_clock)
        _check_test_phone(connection, tick, redirect_to)
        closed = close_what_is_over(connection, day_of(wall), settings)
        of_templates = check_templates(connection, tick, senders, sent, settings)
        of_accounts = health_of_accounts(connection, {sender.waba_id for sender in senders}, wall)
        tick = replace(tick, warnings=(*tick.warnings, *of_accounts, *of_templates))
        listen_with(connection, settings, wall)
        start_tick(connection, tick)
        halted = halted_now(connection, settings)
    if halted and tick.delivery != "dry_run":
        log.error("%s", halted)
    for said in filter(None, (warning, held, *tick.warnings)):
        log.warning("%s", said)
    if fixed_by := settings_fixed_by():
        log.warning(
            "The settings are in %s, so they cannot be changed in Airflow's UI: to stop sending, set halt there.",
            fixed_by,
        )
    if settings.allow_any_time:
        log.warning("TEST SYSTEM: setting allow_any_time is on, so messages may leave for another day and at any hour.")
    log.info(
        "Day %s, now %s, delivery %s (asked: %s); senders %s; migrations applied: %s; closed from before: %s.",
        *(tick.day, tick.now.isoformat(), tick.delivery, tick.asked, ", ".join(sender.label for sender in senders)),
        *(applied or "none", closed),
    )
    return tick.to_xcom()


def _check_test_phone(connection: LogConnection, tick: Tick, redirect_to: str | None) -> None:
    """See that the owner of the test phone has not said that they want no more messages."""
    if tick.delivery == "redirect" and redirect_to and preferences(connection, [redirect_to]).has_stopped(redirect_to):
        raise RunRefused(
            f"redirect_to {mask_phone(redirect_to)} has opted out (STOP), so nothing is sent there; only a later START"
            " from it lifts that. Redirect to another test phone."
        )


def _check_shop(tick: Tick, settings: Settings, scope: Scope | None) -> tuple[str, ...]:
    """See that the shop has what is read of it and whom the settings and params name.

    Where the run writes into the shop's inbox, it is also seen that this can be reached.

    Returns:
        What a rehearsal is to say of it.
    """
    with open_shop(settings.tables) as shop:
        shop.check(settings.work_signs)
        warnings = check_typed_ids(shop, settings, tick.delivery, scope)
    if settings.mirror_to_shop and tick.delivery == "live":
        with open_inbox(settings.tables):
            pass
    return warnings
