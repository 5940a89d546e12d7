"""Applies what partners write and tap: it is kept, and what asks for something is done at once (docs/answers.md).

Each message is applied in one transaction and once, by Meta's id of it, however often and in whatever order webhooks
come. It reads nothing but the message log: the receiver has no shop.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from partner_messages.config.calendars import calendar_of, calendars_for
from partner_messages.config.schedule import day_of
from partner_messages.config.settings import Settings
from partner_messages.message_log import answers, promises
from partner_messages.message_log import preferences as said
from partner_messages.message_log.answers import REPLY_WITHIN, Answered, AnsweredStall
from partner_messages.message_log.database import LogConnection
from partner_messages.messages.values import MOST_BROKEN
from partner_messages.recipients.masking import plain
from partner_messages.recipients.preferences import Preferences
from partner_messages.recipients.taps import Tap, promise_payload, read_tap
from partner_messages.recipients.words import Intent, intent_of
from partner_messages.templates.replies import Reply, reply_texts
from partner_messages.webhook.events import InboundMessage, PreferenceUpdate

log = logging.getLogger(__name__)

OFFERED = (1, 2, 4)
"""The sending days ahead that "Remind me later" is answered with."""
_EVER = dt.timedelta(days=3650)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")

_TAPS = frozenset({"button", "interactive"})
_WITH_WORDS = frozenset({"text", *_TAPS})
"""The types whose text may be a word that counts at once; a caption may not."""
_SAYS_NOTHING = frozenset({"reaction", "system", "unsupported", "revoke"})
"""The types that are kept and ask for nothing."""
_OF_THE_PHONE = frozenset({Intent.STOP, Intent.START, Intent.MAYBE_STOP})
"""What is taken of everybody, whatever it answers: it is about the phone alone."""
_MARKETING = {"stop": "stop", "resume": "resume", "signup": "resume"}


def apply_inbound(connection: LogConnection, message: InboundMessage, now: dt.datetime) -> bool:
    """Keep a message that somebody wrote, and do what it asks for; the same one again changes nothing.

    Args:
        connection: The message log.
        message: What was written; it may be the shop's own to deal with, which nobody can tell from ours.
        now: The wall clock. What is applied long after it was written is not replied to.

    Returns:
        Whether it answers one of our messages, or asks for something.
    """
    with connection.transaction():
        heard = _hear(connection, message, now)
        if heard is None:
            return False
        became = _Applying(connection, heard).apply()
        if became:
            answers.note_became(connection, heard.answer_id, became)
        return bool(became) or heard.about is not None


def comes_first(message: InboundMessage) -> bool:
    """Whether a message may be STOP, so that it is applied before all others."""
    tapped = message.kind in _TAPS and read_tap(message.payload) is not None
    return not tapped and intent_of(message.text) in (Intent.STOP, Intent.MAYBE_STOP)


def apply_preference(connection: LogConnection, update: PreferenceUpdate, now: dt.datetime) -> None:
    """Keep what somebody has told WhatsApp itself: it covers MARKETING templates, and reminders are none.

    Args:
        connection: The message log.
        update: What was told.
        now: The wall clock.
    """
    phone = update.sender or (update.user_id and answers.phone_of_user(connection, update.user_id))
    value = _MARKETING.get(update.value)
    if not phone or value is None:
        log.info("A preference of nobody known, or of a value that is not known (%s), is left as it is.", update.value)
        return
    at = min(update.at, now)
    said.note_preference(connection, "marketing", value, phone=phone, partner_id=None, at=at, source="user_preferences")


@dataclass(frozen=True)
class _Heard:
    """One message as it is applied.

    Attributes:
        message: What was written.
        answer_id: Its row.
        now: The wall clock.
        at: When it was written, by Meta's clock, and never later than now.
        phone: Whose it is, E.164; None where nobody knows.
        intent: What it asks for.
        tap: Which of our buttons was tapped, if one was.
        about: Which of our messages it answers, if any; one that went to this phone.
        named: Whether it names that one itself.
        settings: What of the settings is known here.
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
    def acts(self) -> bool:
        """Whether it may ask for anything but that no more is sent: a test phone answers for nobody but itself."""
        return self.about is None or self.about.delivery == "live"


def _hear(connection: LogConnection, message: InboundMessage, now: dt.datetime) -> _Heard | None:
    """Keep a message with what it answers; None where it was kept before."""
    settings = answers.listens_with(connection)
    at = min(message.at, now)
    tap = read_tap(message.payload) if message.kind in _TAPS else None
    by_context = answers.answered_by_wamid(connection, message.context_wamid) if message.context_wamid else None
    phone = message.sender if message.sender and _E164.fullmatch(message.sender) else None
    if phone is None and message.user_id:
        said.lock_preferences(connection, message.user_id)
        phone = answers.phone_of_user(connection, message.user_id)
    if phone is None and message.sender is None and by_context:
        phone = by_context.to_phone
    about, named = _answered(connection, tap, by_context, phone, at)
    intent = Intent.OTHER
    if tap:
        intent = tap.intent
    elif message.kind not in _SAYS_NOTHING:
        whole = message.kind in _WITH_WORDS and not message.edited
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
    return _Heard(message, answer_id, now, at, phone, intent, tap, about, named, settings)


def _answered(
    connection: LogConnection, tap: Tap | None, by_context: Answered | None, phone: str | None, at: dt.datetime
) -> tuple[Answered | None, bool]:
    """The message that is answered, and whether the answer names it: the button's, the context's, or the last one."""
    if tap:
        tapped = answers.answered_by_id(connection, tap.message_id)
        return (tapped, True) if tapped and tapped.went_to(phone) else (None, True)
    if by_context and by_context.went_to(phone):
        return by_context, True
    return (answers.last_message_to(connection, phone, until=at) if phone else None), False


@dataclass(frozen=True)
class _Applying:
    """What one message asks for, done."""

    connection: LogConnection
    heard: _Heard

    def apply(self) -> str | None:
        """Do it; return what became of it, in a word."""
        if not self.heard.acts and self.heard.intent not in _OF_THE_PHONE:
            return "redirected"
        if self.heard.message.kind in _SAYS_NOTHING:
            return None
        return _ASKED[self.heard.intent](self)

    # What belongs to the phone

    def stop_or_start(self) -> str | None:
        """Write down STOP or START; the later one counts, of equals STOP."""
        value = "stop" if self.heard.intent is Intent.STOP else "start"
        changed = self._changes("opted_out", value, lambda one: one.has_opted_out)
        self._decides_what_sounded_like_stop()
        if changed:
            self._reply(Reply.STOPPED if value == "stop" else Reply.STARTED)
        return {"stop": "opted_out", "start": "opted_in"}[value] if changed else None

    def language(self) -> str | None:
        """Write down the language; it counts from the next message on."""
        wanted, phone = self.heard.intent.language or "", self.heard.phone
        if phone is None:
            return None
        said.lock_preferences(self.connection, phone)
        before = said.preferences(self.connection, [phone]).language_of(phone)
        self._note("language", wanted, phone)
        if before == wanted or said.preferences(self.connection, [phone]).language_of(phone) != wanted:
            return None
        self._reply(Reply.LANGUAGE)
        return f"language_{wanted}"

    def maybe_stop(self) -> str | None:
        """Let nobody remind them before a person has decided what it is."""
        phone = self.heard.phone
        if phone is None:
            return self._needs_a_person("maybe_opt_out")
        said.lock_preferences(self.connection, phone)
        self._note("opted_out", "maybe", phone)
        partner_id = self._partner_id or ""
        if not said.preferences(self.connection, [phone, partner_id]).waits_for_a_person(partner_id, phone):
            # Something later was heard before it, and decides what it is.
            return None
        return self._needs_a_person("maybe_opt_out", of_old=True) or "maybe_opt_out"

    def _decides_what_sounded_like_stop(self) -> None:
        """Nobody need decide any more what an earlier message meant: they have said it themselves."""
        if self.heard.phone:
            said.close_what_was_decided(
                self.connection,
                said.partners_on(self.connection, [self.heard.phone]),
                who="the partner",
                why="They wrote STOP or START themselves.",
                now=self.heard.at,
            )

    def _changes(self, kind: str, value: str, asks: Callable[[Preferences], Callable[[str, str], bool]]) -> bool:
        """Write down what the phone's owner says; return whether it stands now and did not before."""
        phone, partner_id = self.heard.phone, self._partner_id or ""
        if phone is None:
            return False
        of = [phone, partner_id]
        said.lock_preferences(self.connection, phone)
        before = asks(said.preferences(self.connection, of))(partner_id, phone)
        self._note(kind, value, phone)
        after = asks(said.preferences(self.connection, of))(partner_id, phone)
        return before != after and after == (value == "stop")

    def _note(self, kind: str, value: str, phone: str) -> None:
        said.note_preference(self.connection, kind, value, phone=phone, partner_id=self._partner_id, at=self.heard.at)

    # What belongs to the message that is answered

    def help(self) -> str | None:
        """Call a person to the longest waiting run, and let no promise stand in the way."""
        stalls = self._stalls(of_old=True)
        if not stalls:
            return None
        # Whoever asks out of the blue, asks: which run they mean is for the person to find out.
        standing = [stall for stall in stalls if not stall.moved] or ([] if self.heard.named else stalls[:1])
        if not standing:
            return self._has_moved()
        promises.withdraw_promise(
            self.connection,
            [stall.production_run_id for stall in standing],
            why="Help was asked for.",
            now=self.heard.at,
        )
        self._open("asked_for_help", standing[0])
        self._reply(Reply.HELP)
        return "asked_for_help"

    def later(self) -> str | None:
        """Ask until when, or take the day that was chosen."""
        stalls = self._stalls()
        standing = [stall for stall in stalls if not stall.moved]
        if not standing:
            return self._has_moved() if stalls else None
        broken = promises.broken_promises(self.connection, [stall.production_run_id for stall in standing])
        may_promise = [stall for stall in standing if broken.get(self._key(stall), 0) < MOST_BROKEN]
        if not may_promise:
            for stall in standing:
                self._open("broken_promise", stall)
            self._reply(Reply.NO_THIRD)
            return "no_third_promise"
        due_on = self.heard.tap.due_on if self.heard.tap else None
        # A payload may come from anywhere: a day that was never offered is none.
        if due_on is None or due_on > self._offered_after(day_of(self.heard.at))[-1]:
            self._ask_when()
            return "asked_when"
        if due_on < day_of(self.heard.at):
            return self._has_moved()
        for stall in may_promise:
            promises.make_promise(
                self.connection,
                stall.production_run_id,
                self._partner_id or "",
                kind=stall.kind,
                since=stall.since if stall.kind else None,
                due_on=due_on,
                now=self.heard.at,
                message_id=self.heard.about.id if self.heard.about else None,
            )
        self._reply(Reply.PROMISED, due_on)
        return "promised"

    def other(self) -> str | None:
        """A person should read it, if it answers something that still holds."""
        return self._needs_a_person("answered")

    def _needs_a_person(self, reason: str, *, of_old: bool = False) -> str | None:
        stalls = self._stalls(of_old=of_old)
        standing = [stall for stall in stalls if of_old or not stall.moved]
        if not standing:
            return None
        self._open(reason, standing[0])
        return reason

    def _stalls(self, *, of_old: bool = False) -> list[AnsweredStall]:
        about = self.heard.about
        if not self.heard.acts:
            return []
        if about is None and of_old and self.heard.phone:
            about = answers.last_message_to(self.connection, self.heard.phone, until=self.heard.at, within=_EVER)
            if about and about.delivery != "live":
                return []
        return answers.stalls_of(self.connection, about.id) if about else []

    def _open(self, reason: str, stall: AnsweredStall) -> None:
        answers.open_for_answer(
            self.connection, stall, self._partner_id, reason, at=self.heard.at, answer_id=self.heard.answer_id
        )

    def _has_moved(self) -> str:
        """Change nothing, and say so once to each message, where a button was tapped."""
        about = self.heard.about
        if about and self.heard.message.kind in _TAPS:
            self._reply(Reply.MOVED, context_id=f"{about.id}:moved")
        return "moved"

    def _key(self, stall: AnsweredStall) -> tuple[str, str, str | None, dt.datetime | None]:
        return (
            *(stall.production_run_id, self._partner_id or "", stall.kind),
            stall.since if stall.kind else None,
        )

    # Replying

    def _ask_when(self) -> None:
        about = self.heard.about
        if about is None:
            return
        days = self._offered_after(day_of(self.heard.at))
        self._reply(Reply.WHEN, buttons={promise_payload(about.id, day): day for day in days})

    def _offered_after(self, day: dt.date) -> list[dt.date]:
        """The days that are offered on a day, in their order."""
        everybody_s = calendar_of(self.heard.settings)
        calendar = calendars_for(self.heard.settings, everybody_s).get(self._partner_id or "", everybody_s)
        return [calendar.sending_day(number, after=day) for number in OFFERED]

    def _reply(
        self,
        reply: Reply,
        day: dt.date | None = None,
        *,
        buttons: Mapping[str, dt.date] | None = None,
        context_id: str | None = None,
    ) -> None:
        """Queue a reply, where it is still in time, to a known partner, from the number that writes to them."""
        heard = self.heard
        if heard.phone is None or heard.now - heard.at > REPLY_WITHIN:
            return
        of = heard.about or answers.last_message_to(self.connection, heard.phone, until=heard.at, within=_EVER)
        if of is None or of.delivery != "live" or not (of.sender and of.partner_id):
            return
        texts = reply_texts()
        wanted = said.preferences(self.connection, [heard.phone]).language_of(heard.phone)
        language = texts.language(wanted or of.language)
        body = texts.text(reply, language, day)
        variables = {"reply": reply.value, "body": body}
        for number, (payload, offered) in enumerate((buttons or {}).items(), start=1):
            variables[f"button_{number}_id"] = payload
            variables[f"button_{number}_title"] = texts.day(offered, language)
        answers.queue_reply(
            self.connection,
            heard.answer_id,
            context_id=context_id or f"{heard.answer_id}:reply",
            day=day_of(heard.now),
            at=heard.at,
            partner_id=of.partner_id,
            production_run_id=of.production_run_id,
            sender=of.sender,
            phone=heard.phone,
            language=language,
            variables=variables,
            body_text=body,
        )

    @property
    def _partner_id(self) -> str | None:
        return self.heard.about.partner_id if self.heard.about and self.heard.acts else None


_ASKED: Mapping[Intent, Callable[[_Applying], str | None]] = {
    Intent.STOP: _Applying.stop_or_start,
    Intent.START: _Applying.stop_or_start,
    Intent.ENGLISH: _Applying.language,
    Intent.HINDI: _Applying.language,
    Intent.HELP: _Applying.help,
    Intent.LATER: _Applying.later,
    Intent.MAYBE_STOP: _Applying.maybe_stop,
    Intent.OTHER: _Applying.other,
}
"""What is done for each intent."""
