"""Record what partners write and tap, each with the message of ours that it answers (docs/answers.md)."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from partner_messages.config.settings import Settings
from partner_messages.message_log import answers
from partner_messages.message_log import preferences as preference_log
from partner_messages.message_log.answers import Answered
from partner_messages.message_log.database import LogConnection
from partner_messages.recipients.taps import Tap, read_tap
from partner_messages.recipients.words import Intent, intent_of
from partner_messages.webhook.events import InboundMessage
from whatsapp_provider.masking import plain

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
TAP_KINDS = frozenset({"button", "interactive"})
_WORD_KINDS = frozenset({"text", *TAP_KINDS})
"""The kinds whose text may be a command such as STOP; a caption may not."""
NO_REQUEST_KINDS = frozenset({"reaction", "system", "unsupported", "revoke"})
"""The kinds that are recorded only."""


@dataclass(frozen=True)
class ReceivedMessage:
    """A recorded message with everything that the actions need.

    Attributes:
        message: The message.
        answer_id: The id of its row in `answer`.
        now: The wall clock.
        at: When it was written: Meta's time, but not later than `now`.
        phone: The writer's phone, E.164; None if unknown.
        intent: What it asks for.
        tap: The button of ours that was tapped, if any.
        about: The message of ours that it answers, if any; that one went to this phone.
        named: Whether the answer itself names that message (by context or button).
        settings: The settings that are stored in the message log.
    """

    message: InboundMessage
    answer_id: uuid.UUID
    now: dt.datetime
    at: dt.datetime
    phone: str | None = field(repr=False)
    intent: Intent
    tap: Tap | None
    about: Answered | None
    named: bool
    settings: Settings

    @property
    def may_act(self) -> bool:
        """Whether it may ask for more than STOP. A tester answers a redirected message, not the partner."""
        return self.about is None or self.about.delivery == "live"


def may_be_stop(message: InboundMessage, stop_words: Collection[str]) -> bool:
    """Whether a message may mean STOP, and so is applied before all others.

    Args:
        message: The message.
        stop_words: Further words that mean STOP (setting `stop_words`).
    """
    tapped = message.kind in TAP_KINDS and read_tap(message.payload) is not None
    return not tapped and intent_of(message.text, stop_words=stop_words) in (Intent.STOP, Intent.MAYBE_STOP)


def record_inbound(connection: LogConnection, message: InboundMessage, now: dt.datetime) -> ReceivedMessage | None:
    """Record a message with the message that it answers; None if it was recorded before."""
    settings = answers.listens_with(connection)
    at = min(message.at, now)
    tap = read_tap(message.payload) if message.kind in TAP_KINDS else None
    by_context = answers.answered_by_wamid(connection, message.context_wamid) if message.context_wamid else None
    phone = message.sender if message.sender and _E164.fullmatch(message.sender) else None
    if message.sender is None and by_context:
        phone = by_context.to_phone
    if phone is None and message.user_id:
        preference_log.lock_preferences(connection, message.user_id)
        phone = answers.phone_of_user(connection, message.user_id)
    names_another = message.context_wamid is not None and by_context is None
    about, named = _answered_message(connection, tap, by_context, phone, at, names_another=names_another)
    intent = Intent.OTHER
    if tap:
        intent = tap.intent
    elif message.kind not in NO_REQUEST_KINDS:
        whole = message.kind in _WORD_KINDS and not message.edited
        intent = intent_of(message.text, stop_words=settings.stop_words, whole=whole)
    answer_id = answers.record_answer(
        connection,
        wamid=message.wamid,
        message_id=about.id if about else None,
        partner_id=about.partner_id if about else None,
        production_run_id=about.production_run_id if about else None,
        phone=phone,
        user_id=message.user_id,
        phone_number_id=message.phone_number_id,
        kind=message.kind,
        intent=intent.value,
        text=message.text and plain(message.text),
        payload=message.payload,
        context_wamid=message.context_wamid,
        edited=message.edited,
        received_at=at,
        now=now,
    )
    if answer_id is None:
        return None
    if phone and message.user_id:
        # Whoever applies another message of theirs at the same time looks for the phone before this one, or after it.
        preference_log.lock_preferences(connection, message.user_id)
        answers.knows_whose(connection, message.user_id, phone)
    return ReceivedMessage(message, answer_id, now, at, phone, intent, tap, about, named, settings)


def _answered_message(
    connection: LogConnection,
    tap: Tap | None,
    by_context: Answered | None,
    phone: str | None,
    at: dt.datetime,
    *,
    names_another: bool,
) -> tuple[Answered | None, bool]:
    """The answered message, by button, by context, or the last one to the phone; and whether the answer names it."""
    if tap:
        tapped = answers.answered_by_id(connection, tap.message_id)
        return (tapped, True) if tapped and tapped.went_to(phone) else (None, True)
    if by_context and by_context.went_to(phone):
        return by_context, True
    last = answers.last_message_to(connection, phone, until=at) if phone else None
    # What names a message that is not ours, such as one of the shop's, is no answer to ours; but the one that it names
    # may be the last of ours, of which Meta has not told us its id yet.
    if last and names_another and last.meta_message_id is not None:
        return None, False
    return last, False
