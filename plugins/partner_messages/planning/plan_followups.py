"""Follows templates that Meta took by a free-form picture or text, where the partner has just written to us."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from typing import Any

from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_senders, load_settings
from partner_messages.message_log.acts import standing_halt
from partner_messages.message_log.answers import last_inbound_of
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.history import note_not_followed, to_follow_up
from partner_messages.message_log.outbox import messages_of
from partner_messages.message_log.queueing import queued_of_tick, write_drafts
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.statuses import MessageStatus
from partner_messages.messages.tick import NotNow, Tick, TickSkipped, check_may_send
from partner_messages.messages.values import Draft, Followed, Message
from partner_messages.planning.dealing import deal_out
from partner_messages.planning.pictures import usable_pictures
from partner_messages.planning.reminders.followup import Addressed, Inbound, draft_followup, may_be_sent_freely
from partner_messages.recipients import window
from partner_messages.shop.shop import Shop, open_shop
from partner_messages.templates.catalog.installed import installed_catalog

log = logging.getLogger(__name__)


def plan_followups(tick: Tick | None, *, of_all: bool = False) -> list[dict[str, Any]]:
    """Plan what follows the DAG run's messages that Meta took; done again, it plans only what is new.

    Args:
        tick: The run's tick; what an earlier pass of it has sent counts too. None where the first task let nothing
            pass.
        of_all: Whether what other runs have left behind counts too, while it may be sent.

    Returns:
        Batches of message ids, one for each mapped sending task; none where there is nothing to follow.

    Raises:
        TickSkipped: There is no tick.
    """
    if tick is None:
        raise TickSkipped("Nothing was sent: the first task let nothing pass.")
    settings = load_settings()
    with open_message_log() as connection:
        of_all = of_all and _may_leave(connection, tick, settings)
        to_follow, outside = 0, 0
        for piece in to_follow_up(connection, tick, of_all=of_all):
            parents = [message for message in piece if _has_no_picture(message)]
            to_follow += len(parents)
            outside += _plan(connection, tick, parents, settings)
        queued = queued_of_tick(connection, tick, now=run_context.wall_clock(), followups=True)
    batches = deal_out(queued, settings)
    log.info(
        "%d messages to follow up: %d of their partners may only be sent templates; %d follow-ups to send in %d tasks.",
        *(to_follow, outside, len(queued), len(batches)),
    )
    return batches


def _plan(connection: LogConnection, tick: Tick, parents: Sequence[Followed], settings: Settings) -> int:
    """Queue what follows these messages, and note for how many the partner's window is closed; return their number."""
    drafts = _drafts(tick, parents, settings)
    followed = {draft.parent_id for draft in drafts}
    outside = [parent.id for parent in parents if parent.id not in followed]
    write_drafts(connection, tick, drafts)
    note_not_followed(connection, outside, SkipReason.OUTSIDE_24H_WINDOW)
    return len(outside)


def _may_leave(connection: LogConnection, tick: Tick, settings: Settings) -> bool:
    """Whether what others have left may be sent at this moment; if not, it is left for the next run."""
    try:
        halt = standing_halt(connection)
        check_may_send(tick, run_context.wall_clock(), settings, halt, ignore_send_window=False)
    except NotNow:
        return False
    return True


def followups_no_longer_due(
    messages: Sequence[Message], settings: Settings, now: dt.datetime
) -> dict[uuid.UUID, SkipReason]:
    """Which of these queued follow-ups must not go out any more, and why.

    Args:
        messages: Follow-ups alone.
        settings: The settings.
        now: The wall clock, just before the claim: at that moment the recipient's window must be open.
    """
    if not messages:
        return {}
    with open_message_log() as connection:
        parents = messages_of(connection, [message.parent_id for message in messages if message.parent_id], now)
    failed = {parent.id for parent in parents if parent.status == MessageStatus.FAILED}
    with open_shop(settings.tables) as shop:
        inbound = _inbound(shop, messages, settings, now)
    withdrawn: dict[uuid.UUID, SkipReason] = {}
    for message in messages:
        if message.parent_id in failed:
            withdrawn[message.id] = SkipReason.MOVED_ON
        elif not may_be_sent_freely(message, inbound, now):
            withdrawn[message.id] = SkipReason.OUTSIDE_24H_WINDOW
    return withdrawn


def _has_no_picture(message: Followed) -> bool:
    template = installed_catalog().get(message.template_name)
    return template is not None and template.picture is None


def _drafts(tick: Tick, parents: Sequence[Followed], settings: Settings) -> list[Draft]:
    """What follows those whose partner may be written to freely."""
    if not parents:
        return []
    # A rehearsal is judged at its tick's now, which may be long past; a live message leaves now.
    now = tick.now if tick.delivery == "dry_run" else run_context.wall_clock()
    with open_shop(settings.tables) as shop:
        inbound = _inbound(shop, parents, settings, now)
        reached = [parent for parent in parents if may_be_sent_freely(parent, inbound, now)]
        designs = {parent.design_id for parent in reached}
        pictures = usable_pictures(shop, designs, settings.pictures) if designs else {}
    return [draft_followup(parent, picture=pictures.get(parent.design_id)) for parent in reached]


def _inbound(shop: Shop, messages: Sequence[Addressed], settings: Settings, now: dt.datetime) -> Inbound:
    """When each partner last wrote, by the shop's inbox or by what we have heard ourselves on the same number."""
    until = now + window.MARGIN
    inbound = dict(shop.last_inbound((message.to_phone for message in messages), until=until))
    numbers = {sender.label: sender.phone_number_id for sender in load_senders(settings)}
    with open_message_log() as connection:
        heard = last_inbound_of(connection, {message.to_phone for message in messages}, until=until)
    for message in messages:
        at = heard.get((message.to_phone, numbers.get(message.sender, "")))
        whose = (message.partner_id, message.to_phone)
        if at and (whose not in inbound or inbound[whose] < at):
            inbound[whose] = at
    return inbound
