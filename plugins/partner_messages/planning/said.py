"""Reads from the message log what partners have said, as planning needs it."""

from __future__ import annotations

from partner_messages.config.schedule import day_of
from partner_messages.config.settings import Settings
from partner_messages.message_log.answers import never_delivered, unread_answers
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.promises import open_promises
from partner_messages.messages.tick import Tick
from partner_messages.planning.reminders.policy import Policy
from partner_messages.planning.reminders.said import PartnersSaid, Promised, is_still_unread, may_remind_again
from whatsapp_provider.api.errors import RECIPIENT_CODES

UNDELIVERED = 3
"""Messages in a row that were never delivered, after which a partner is not reached any more."""


def what_partners_said(connection: LogConnection, tick: Tick, settings: Settings) -> PartnersSaid:
    """What stands at a tick of all that was said, of whichever run."""
    policy = Policy.of(settings)
    promised = {
        run_id: Promised(promise, may_remind_again(promise.due_on, policy.calendar_for(promise.partner_id)))
        for run_id, promise in open_promises(connection).items()
    }
    unread = (
        run_id
        for run_id, partner_id, opened_at in unread_answers(connection)
        if is_still_unread(day_of(opened_at), tick.day, policy.calendar_for(partner_id or ""))
    )
    return PartnersSaid(
        promised=promised,
        unread=frozenset(unread) if settings.pause_on_answer else frozenset(),
        unreachable=never_delivered(connection, in_a_row=UNDELIVERED, recipient_codes=RECIPIENT_CODES),
    )
