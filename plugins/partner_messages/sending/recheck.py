"""Looks again at what queued messages speak of, just before they are claimed (docs/design.md, decision 6)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from partner_messages.config.calendars import own_calendars
from partner_messages.config.schedule import day_of
from partner_messages.config.sending_days import Calendar
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_sender
from partner_messages.deployment.params import parse_params
from partner_messages.message_log.answers import expire_replies
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.outbox import skip_later_repeats, skip_repeats
from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.scope import Scope
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Tick, keeps_their_hours
from partner_messages.messages.values import Message
from partner_messages.planning.drafting.recipient import recipient_of_run
from partner_messages.planning.events.event import Event
from partner_messages.planning.events.rules import LIFECYCLE
from partner_messages.planning.find import stuck_now
from partner_messages.planning.gather import log_knowledge_now, setup_of, shop_knowledge
from partner_messages.planning.plan_followups import followups_no_longer_due
from partner_messages.planning.reminders.hours import Hours
from partner_messages.planning.typed_ids import check_typed_ids
from partner_messages.recipients.hours import not_before
from partner_messages.sending.batch import Hindrance
from partner_messages.sending.recheck_digests import RecheckInputs, digests_no_longer_due
from partner_messages.shop.run import ProductionRun
from partner_messages.shop.shop import open_shop

_BEING_MADE = frozenset({"sent_to_partner", "in_progress"})
"""Statuses of a run whose partner has still to do with it."""


def no_longer_due(
    tick: Tick, messages: Sequence[Message], raw_params: Mapping[str, Any], settings: Settings
) -> dict[uuid.UUID, Hindrance]:
    """Which of these queued messages must not go out now or any more, and why.

    The decision of planning is taken again with the shop as it is at the wall clock: what a message says of its run
    must still be so, and its partner still be reached on the same phone, at an hour that is theirs; what Meta has
    refused there meanwhile for the recipient's sake is not tried again that day.

    Raises:
        SettingsError: The settings, which are read anew, name a partner or run that the shop does not have.
    """
    if not messages:
        return {}
    wall = run_context.wall_clock()
    params = parse_params(raw_params)
    followups = [message for message in messages if message.message_kind == "followup"]
    reminders = [message for message in messages if message.message_kind == "reminder"]
    digests = [message for message in messages if message.message_kind == "digest"]
    events = [message for message in messages if message.message_kind == "event"]
    # A reply can only be too late; the answer that it replies to does not change.
    replies = [message for message in messages if message.message_kind == "reply"]
    if replies:
        with open_message_log() as connection:
            expire_replies(connection, wall)
        messages = [message for message in messages if message.message_kind != "reply"]
    if not messages:
        return {}
    hindered: dict[uuid.UUID, Hindrance] = dict(followups_no_longer_due(followups, settings, wall))
    # Each message keeps the sender that planning chose, so only these senders are read.
    labels = {message.sender for message in messages} & {*settings.senders}
    senders = [replace(load_sender(label), is_default=True) for label in sorted(labels)]
    with open_message_log() as connection, open_shop(settings.tables) as shop:
        # A message keeps its language: planning checked the approval, and Meta refuses the message if that has changed.
        setup = setup_of(connection, tick, settings, senders, limit=len(messages), redirect_to=params.redirect_to)
        check_typed_ids(shop, settings, tick.delivery)
        log = log_knowledge_now(connection, tick, settings)
        recheck = RecheckInputs(connection, shop, tick, settings, wall, log, replace(setup, digest=False))
        hindered |= _reminders(recheck, reminders)
        hindered |= digests_no_longer_due(recheck, digests)
        hindered |= _repeats(connection, tick, events, wall)
        of_runs = [message for message in (*events, *followups) if message.id not in hindered]
        hindered |= _of_runs(recheck, of_runs)
    # A sender that operations have taken out of the setting `senders` sends nothing more.
    hindered |= {message.id: SkipReason.NO_SENDER for message in messages if message.sender not in labels}
    left = [message for message in messages if message.id not in hindered]
    hindered |= _outside_event_window([message for message in left if message.event_name], tick, settings, wall)
    hindered |= _outside_send_windows([message for message in left if not message.event_name], tick, settings, wall)
    # Last: a repeat is withdrawn only for an event that is really sent, and one that was sent meanwhile is seen here.
    if told := [message for message in events if message.id not in hindered]:
        with open_message_log() as connection:
            skip_later_repeats(connection, tick, [message.id for message in told])
            hindered |= _repeats(connection, tick, told, wall)
    return hindered


def _repeats(
    connection: LogConnection, tick: Tick, events: Sequence[Message], wall: dt.datetime
) -> dict[uuid.UUID, SkipReason]:
    """Which events another message tells of within the hour: they are withdrawn already, with its name."""
    repeats = skip_repeats(connection, tick, [message.id for message in events], wall) if events else ()
    return dict.fromkeys(repeats, SkipReason.DUPLICATE)


def _reminders(recheck: RecheckInputs, messages: Sequence[Message]) -> dict[uuid.UUID, Hindrance]:
    """A run must still be stuck in the same kind, with the same partner; if an event asked, however short a time.

    Whether it is due is not asked again: the reminders before today's are what they were.
    """
    if not messages:
        return {}
    asked = [message for message in messages if message.event_name]
    of_ticks = [message for message in messages if not message.event_name]
    stuck = [
        *_stuck(of_ticks, recheck.overdue),
        *_stuck(asked, lambda kind, scope: stuck_now(recheck.shop, kind, wall=recheck.wall, scope=scope)),
    ]
    drafts = recheck.decided(recheck.planning_inputs(stuck), stuck)
    hindered: dict[uuid.UUID, Hindrance] = {}
    for message in messages:
        draft = drafts.get(message.production_run_id or "")
        if draft is None or (draft.reminder_kind, draft.partner_id) != (message.reminder_kind, message.partner_id):
            hindered[message.id] = SkipReason.MOVED_ON
        elif draft.skip_reason:
            hindered[message.id] = draft.skip_reason
        elif draft.to_phone != message.to_phone:
            hindered[message.id] = SkipReason.MOVED_ON
    return hindered


def _stuck(messages: Sequence[Message], find: Callable[[ReminderKind, Scope], Iterable[StuckRun]]) -> list[StuckRun]:
    if not messages:
        return []
    # Only in the message's own kind: a run that is stuck in another kind by now is not what the message says.
    runs: dict[ReminderKind, list[str]] = {}
    for message in messages:
        if message.reminder_kind and message.production_run_id:
            runs.setdefault(message.reminder_kind, []).append(message.production_run_id)
    return [run for kind, ids in runs.items() for run in find(kind, Scope(production_run_ids=tuple(ids)))]


def _of_runs(recheck: RecheckInputs, messages: Sequence[Message]) -> dict[uuid.UUID, Hindrance]:
    """An event's run must still be as the event says, a follow-up's still be made, by the partner whom it names."""
    if not messages:
        return {}
    shop, setup = recheck.shop, recheck.setup
    runs = shop.runs(message.production_run_id or "" for message in messages)
    whom = [message.partner_id for message in messages]
    known = shop_knowledge(shop, partner_ids=whom, design_ids=(), day=recheck.tick.day)
    hindered: dict[uuid.UUID, Hindrance] = {}
    for message in messages:
        run = runs.get(message.production_run_id or "")
        recipient = recipient_of_run(
            *(message.production_run_id or "", message.partner_id, known, setup),
            lifecycle=message.message_kind == "event",
        )
        if run is None:
            hindered[message.id] = SkipReason.MOVED_ON
        elif run.bad_column:
            hindered[message.id] = SkipReason.BAD_DATA
        elif isinstance(may_go_to := _whom(message, run), SkipReason):
            hindered[message.id] = may_go_to
        elif isinstance(recipient, SkipReason):
            hindered[message.id] = recipient
        elif (setup.redirect_to or recipient.phone) != message.to_phone:
            hindered[message.id] = SkipReason.MOVED_ON
        elif message.to_phone in recheck.log.refused_phones:
            hindered[message.id] = SkipReason.REFUSED_TODAY
        elif message.message_kind == "followup" and message.partner_id in setup.on_holiday:
            hindered[message.id] = SkipReason.PARTNER_HOLIDAY
    return hindered


def _whom(message: Message, run: ProductionRun) -> str | SkipReason:
    """Whom a message may go to as its run stands now."""
    if message.message_kind == "event":
        return LIFECYCLE[message.event_name or ""].whom(_as_event(message), run)
    is_theirs = run.partner_id == message.partner_id and run.status in _BEING_MADE and run.finished_at is None
    return message.partner_id if is_theirs else SkipReason.MOVED_ON


def _as_event(message: Message) -> Event:
    return Event(
        event=message.event_name or "",
        production_run_id=message.production_run_id or "",
        partner_id=message.partner_id,
    )


def _outside_event_window(
    messages: Iterable[Message], tick: Tick, settings: Settings, wall: dt.datetime
) -> dict[uuid.UUID, Hindrance]:
    """Until when each message waits; a reminder or a follow-up that would wait for another day has had its day."""
    hindered: dict[uuid.UUID, Hindrance] = {}
    if not keeps_their_hours(tick, settings):
        return hindered
    calendars = own_calendars(settings)
    for message in messages:
        days_off = calendars.get(message.partner_id, Calendar())
        until = not_before(message.to_phone, settings.event_window, wall, is_day_off=days_off.holiday)
        if until:
            waits = message.message_kind == "event" or day_of(until) == message.day
            hindered[message.id] = until if waits else SkipReason.EXPIRED
    return hindered


def _outside_send_windows(
    messages: Iterable[Message], tick: Tick, settings: Settings, wall: dt.datetime
) -> dict[uuid.UUID, Hindrance]:
    """Until when each message waits, or why it no longer can."""
    hours = Hours.of(tick, settings, wall)
    if hours is None:
        return {}
    hindrances = {message.id: hours.hindrance(message.to_phone, message.day) for message in messages}
    return {id_: hindrance for id_, hindrance in hindrances.items() if hindrance}
