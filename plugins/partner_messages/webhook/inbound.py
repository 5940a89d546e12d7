"""Apply what partners write and tap, and what they set in WhatsApp itself: each is recorded, and does what it asks for.

Each message is applied once (Meta's message id is unique) and in one transaction, in whatever order webhooks arrive.
Only the message log is read: the receiver has no connection to the shop.
"""

from __future__ import annotations

import datetime as dt

from partner_messages.message_log import answers
from partner_messages.message_log import preferences as preference_log
from partner_messages.message_log.database import LogConnection
from partner_messages.webhook.answer_actions import MessageActions
from partner_messages.webhook.events import InboundMessage, PreferenceUpdate
from partner_messages.webhook.received import record_inbound
from partner_messages.webhook.sender_ids import SenderIds

_MARKETING = "marketing_messages"


def apply_inbound(connection: LogConnection, message: InboundMessage, now: dt.datetime, sender_ids: SenderIds) -> bool:
    """Record a message and do what it asks for; a repeated message changes nothing.

    Args:
        connection: The message log.
        message: The message; it may be meant for the shop, which cannot be told from its content.
        now: The wall clock. A message that is applied late gets no reply.
        sender_ids: The senders; a reply leaves from the number that was written to.

    Returns:
        Whether the message answers one of ours, or asks for something.
    """
    with connection.transaction():
        received = record_inbound(connection, message, now)
        if received is None:
            return False
        became = MessageActions(connection, received, sender_ids).apply()
        if became:
            answers.note_became(connection, received.answer_id, became)
        return bool(became) or received.about is not None


def apply_preference(connection: LogConnection, update: PreferenceUpdate, now: dt.datetime) -> None:
    """Record a preference from WhatsApp's own settings; it covers MARKETING templates only, so no reminders.

    Raises:
        ValueError: It covers something else, or is of somebody whose phone is not known; operations are told so.
    """
    if update.category != _MARKETING:
        raise ValueError(f"a preference ({update.value}) about {update.category}, which is not known")
    phone = update.sender or (update.user_id and answers.phone_of_user(connection, update.user_id))
    if not phone:
        raise ValueError(f"a preference ({update.value} {update.category}) of somebody whose phone is not known")
    at = min(update.at, now)
    preference_log.note_preference(
        connection, "marketing", update.value, phone=phone, partner_id=None, at=at, source="user_preferences"
    )
