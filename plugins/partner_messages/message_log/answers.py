"""What partners write, as rows, and which of our messages it answers."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from partner_messages.config.settings import Settings, SettingsError, parse_settings
from partner_messages.message_log.database import AsyncLogConnection, LogConnection, of_tick, rows, rows_async
from partner_messages.messages.tick import Tick
from partner_messages.recipients.spelling import is_same_phone
from partner_messages.recipients.window import WINDOW

log = logging.getLogger(__name__)

REPLY_WITHIN = dt.timedelta(minutes=5)
"""How long after an answer it is replied to; what is found later is recorded, and not replied to."""

STOP_OF_NOBODY = "A STOP of somebody unknown"
"""How the sentences begin that tell of one."""

_HEARD = ("stop_words", "holidays", "holidays_added", "holidays_removed", "partners")
"""The settings that are needed where answers are applied."""


@dataclass(frozen=True)
class Answered:
    """One of our messages, as far as an answer to it is concerned; a digest speaks of several runs.

    Where a follow-up or a reply was answered, it is what that follows or answered, but for `meta_message_id`.
    """

    id: uuid.UUID
    delivery: str
    message_kind: str
    partner_id: str | None
    production_run_id: str | None
    to_phone: str | None = field(repr=False)
    sender: str | None
    language: str | None
    event_name: str | None
    meta_message_id: str | None

    def went_to(self, phone: str | None) -> bool:
        """Whether it went to this phone, in whatever spelling; False where the phone is not known."""
        return phone is not None and self.to_phone is not None and is_same_phone(self.to_phone, phone)


@dataclass(frozen=True)
class AnsweredStall:
    """A stall of which a message speaks, and whether its run has moved; a lifecycle message has no `kind`."""

    production_run_id: str
    partner_id: str | None
    kind: str | None
    since: dt.datetime
    moved: bool


def record_answer(connection: LogConnection, **columns: Any) -> uuid.UUID | None:
    """Keep what somebody wrote (the columns of `answer`); return its id, None where it was kept before."""
    id_ = uuid.uuid4()
    return id_ if rows(connection, "record_answer", id=id_, **columns) else None


def answers_known(connection: LogConnection, wamids: Iterable[str]) -> frozenset[str]:
    """Which of these messages of partners the log has already, by Meta's ids."""
    return frozenset(row["wamid"] for row in rows(connection, "answers_known", wamids=list(wamids)))


def offered_payload(
    connection: LogConnection, phone: str, label: str, *, context_wamid: str | None = None
) -> str | None:
    """The payload of the button with this label that a reply has offered to a phone.

    It is that of the reply with Meta's id `context_wamid`, if it has offered such a button, else that of the last one.
    """
    found = rows(connection, "offered_payload", phone=phone, label=label, context_wamid=context_wamid)
    return found[0]["payload"] if found else None


def note_became(connection: LogConnection, id_: uuid.UUID, became: str) -> None:
    """Note what was done with an answer, in a word."""
    rows(connection, "note_became", id=id_, became=became)


def answered_by_wamid(connection: LogConnection, wamid: str) -> Answered | None:
    """The message that an answer names by Meta's id, if it is ours."""
    return _one(rows(connection, "answered_by_wamid", wamid=wamid))


def answered_by_id(connection: LogConnection, id_: uuid.UUID) -> Answered | None:
    """The message that a button names, if it is still there."""
    return _one(rows(connection, "answered_by_id", id=id_))


def last_message_to(
    connection: LogConnection, phone: str, *, until: dt.datetime, within: dt.timedelta = WINDOW
) -> Answered | None:
    """The last message that went to a phone before the moment `until`, and at most `within` before it."""
    return _one(rows(connection, "last_message_to", phone=phone, since=until - within, until=until))


def phone_of_user(connection: LogConnection, user_id: str) -> str | None:
    """The phone from which a person with this business-scoped id has written, or at which a message reached them."""
    found = rows(connection, "phone_of_user", user_id=user_id)
    return found[0]["phone"] if found else None


def knows_whose(connection: LogConnection, user_id: str, phone: str) -> int:
    """Write down for a phone the STOP and START that its owner wrote before it was known; return how many."""
    return len(rows(connection, "knows_whose", user_id=user_id, phone=phone))


def untold_stops_of_nobody(connection: LogConnection) -> dict[uuid.UUID, str]:
    """What may be STOP, of people whose phone nobody knows, and was not told yet: sentences, by answer."""
    return {
        row[
            "id"
        ]: f"{STOP_OF_NOBODY}: answer {row['id']} of {row['received_at']:%Y-%m-%d %H:%M} UTC comes from somebody with a"
        " username whose phone Meta has not told us yet, so nobody is opted out by it. Find out who it is (table"
        " answer), and opt them out by hand."
        for row in rows(connection, "untold_stops_of_nobody")
    }


def note_stops_of_nobody_told(connection: LogConnection, ids: Collection[uuid.UUID], now: dt.datetime) -> None:
    """Operations were told of these answers."""
    rows(connection, "note_stops_of_nobody_told", ids=list(ids), now=now)


def stalls_of(connection: LogConnection, message_id: uuid.UUID) -> list[AnsweredStall]:
    """The stalls of which a message speaks, the longest first."""
    return [AnsweredStall(**row) for row in rows(connection, "stalls_of", message_id=message_id)]


def open_for_answer(
    connection: LogConnection,
    stall: AnsweredStall,
    reason: str,
    *,
    at: dt.datetime,
    answer_id: uuid.UUID | None,
) -> bool:
    """Open an escalation for what a partner has written; return whether none was open for that reason."""
    opened = rows(
        connection,
        "open_for_answer",
        production_run_id=stall.production_run_id,
        kind=stall.kind,
        partner_id=stall.partner_id,
        reason=reason,
        since=stall.since,
        at=at,
        answer_id=answer_id,
    )
    return bool(opened)


def last_inbound_of(
    connection: LogConnection, phones: Collection[str], *, until: dt.datetime
) -> dict[tuple[str, str], dt.datetime]:
    """When each phone was last heard from within the window's length, by phone as asked and our number's id."""
    found = rows(connection, "last_inbound_of", phones=list(phones), since=until - 2 * WINDOW, until=until)
    return {(row["phone"], row["phone_number_id"]): row["at"] for row in found}


def unread_answers(connection: LogConnection) -> list[tuple[str, str | None, dt.datetime]]:
    """The live runs of which nobody has read yet what was answered: the run, its partner, and since when."""
    found = rows(connection, "unread_answers")
    return [(row["production_run_id"], row["partner_id"], row["opened_at"]) for row in found]


def never_delivered(connection: LogConnection, *, in_a_row: int, recipient_codes: Iterable[int]) -> frozenset[str]:
    """The phones, as they are dialled, to which the last messages were never delivered.

    Args:
        connection: The message log.
        in_a_row: How many of them.
        recipient_codes: Meta's refusals that concern the recipient; others say nothing of a phone.
    """
    codes = sorted(recipient_codes)
    found = rows(connection, "never_delivered", in_a_row=in_a_row, recipient_codes=codes)
    return frozenset(row["phone"] for row in found)


def queue_reply(
    connection: LogConnection,
    answer_id: uuid.UUID,
    *,
    context_id: str,
    day: dt.date,
    at: dt.datetime,
    partner_id: str,
    production_run_id: str | None,
    sender: str,
    phone: str,
    language: str,
    variables: Mapping[str, str],
    body_text: str,
    such: Iterable[str],
    at_most: int,
    now: dt.datetime,
) -> bool:
    """Queue a reply, unless its context has had one or the phone has had that many of `such` replies that day.

    One that still waits and comes too late by `now` is none: it never leaves.
    """
    queued = rows(
        connection,
        "queue_reply",
        answer_id=answer_id,
        context_id=context_id,
        day=day,
        at=at,
        partner_id=partner_id,
        production_run_id=production_run_id,
        sender=sender,
        phone=phone,
        language=language,
        variables=Jsonb(dict(variables)),
        body_text=body_text,
        such=[*such],
        at_most=at_most,
        since=now - REPLY_WITHIN,
    )
    return bool(queued)


def may_be_untold(connection: LogConnection, now: dt.datetime) -> bool:
    """Whether there are answers, or replies that may still be sent, of which Airflow was perhaps not told."""
    return bool(rows(connection, "may_be_untold", since=now - REPLY_WITHIN)[0]["may_be"])


def answered_since(connection: LogConnection, since: dt.datetime) -> frozenset[uuid.UUID]:
    """The ids of what partners have answered or asked for since a moment, by whomever it was applied."""
    return frozenset(row["id"] for row in rows(connection, "answered_since", since=since))


def release_replies(connection: LogConnection, tick: Tick, now: dt.datetime) -> int:
    """Give a tick the replies that may still be sent, and withdraw the late ones; return how many it was given."""
    expire_replies(connection, now)
    return len(rows(connection, "release_replies", **of_tick(tick), day=tick.day, since=now - REPLY_WITHIN, now=now))


def expire_replies(connection: LogConnection, now: dt.datetime) -> int:
    """Withdraw the queued replies that come too late; return how many there were."""
    return len(rows(connection, "expire_replies", since=now - REPLY_WITHIN))


def listen_with(connection: LogConnection, settings: Settings, now: dt.datetime) -> None:
    """Write down what of the settings is needed where answers are applied, if it has changed."""
    heard = settings.model_dump(mode="json", include=set(_HEARD), exclude_defaults=True)
    rows(connection, "listen_with", settings=Jsonb(heard), now=now)


def listens_with(connection: LogConnection) -> Settings:
    """The settings, as far as they were written down and this version knows them; else their defaults.

    A receiver of an older version must not refuse what Meta sends because a newer one wrote them down.
    """
    return _heard_settings(rows(connection, "listens_with"))


async def listens_with_async(connection: AsyncLogConnection) -> Settings:
    """As `listens_with`, on an event loop."""
    return _heard_settings(await rows_async(connection, "listens_with"))


def _heard_settings(found: list[dict[str, Any]]) -> Settings:
    heard = {key: value for key, value in found[0]["settings"].items() if key in _HEARD} if found else None
    try:
        return parse_settings(heard)
    except SettingsError as error:
        log.error("Answers are taken with the default settings: %s", error)  # noqa: TRY400
        return parse_settings(None)


def _one(found: list[dict[str, Any]]) -> Answered | None:
    return Answered(**found[0]) if found else None
