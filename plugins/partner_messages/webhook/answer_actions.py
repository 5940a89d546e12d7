"""Do what a recorded message of a partner asks for: opt-out, language, help, promise, and reply (docs/answers.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from partner_messages.config.calendars import calendar_of, calendars_for
from partner_messages.config.schedule import day_of
from partner_messages.message_log import answers, promises
from partner_messages.message_log import preferences as preference_log
from partner_messages.message_log.answers import REPLY_WITHIN, AnsweredStall
from partner_messages.message_log.database import LogConnection
from partner_messages.messages.values import MOST_BROKEN
from partner_messages.recipients.taps import promise_payload
from partner_messages.recipients.words import Intent
from partner_messages.templates.replies import Reply, reply_texts
from partner_messages.webhook.received import NO_REQUEST_KINDS, TAP_KINDS, ReceivedMessage
from partner_messages.webhook.sender_ids import SenderIds

OFFERED_SENDING_DAYS = (1, 2, 4)
"""The days that the reply to "Remind me later" offers, as numbers of sending days ahead."""
MOST_CONFIRMED_A_DAY, MOST_ASKED_A_DAY = 2, 20
"""Replies a day and phone: confirmations, and those in a talk about a day, which a partner has of each run."""
_ASKED = frozenset({Reply.WHEN, Reply.PROMISED, Reply.NO_THIRD})
_CONFIRMED = frozenset(Reply) - _ASKED
_ANY_AGE = dt.timedelta(days=3650)
_PHONE_INTENTS = frozenset({Intent.STOP, Intent.START, Intent.MAYBE_STOP})
"""The intents that apply to the phone alone, whichever message is answered."""


@dataclass(frozen=True)
class MessageActions:
    """The actions that a message may ask for."""

    connection: LogConnection
    received: ReceivedMessage
    sender_ids: SenderIds

    def apply(self) -> str | None:
        """Run the action of the intent; return its outcome (column `answer.became`), or None."""
        if not self.received.may_act and self.received.intent not in _PHONE_INTENTS:
            return "redirected"
        if self.received.message.kind in NO_REQUEST_KINDS:
            return None
        if self.received.phone and self.received.intent is not Intent.OTHER:
            # Two processes that each apply something of one phone would not see the other's word, promise or reply.
            preference_log.lock_preferences(self.connection, self.received.phone)
        return _ACTIONS[self.received.intent](self)

    # Actions on the phone

    def stop_or_start(self) -> str | None:
        """Record STOP or START; the later one wins, and at the same time STOP."""
        value = "stop" if self.received.intent is Intent.STOP else "start"
        changed = self._note_stop_or_start(value)
        self._close_maybe_stop()
        if changed:
            self._reply(Reply.STOPPED if value == "stop" else Reply.STARTED)
        return {"stop": "opted_out", "start": "opted_in"}[value] if changed else None

    def language(self) -> str | None:
        """Record the language; it is used from the next message on."""
        wanted, phone = self.received.intent.language or "", self.received.phone
        if phone is None:
            return None
        before = preference_log.preferences(self.connection, [phone]).language_of(phone)
        self._note("language", wanted, phone)
        if before == wanted or preference_log.preferences(self.connection, [phone]).language_of(phone) != wanted:
            return None
        self._reply(Reply.LANGUAGE)
        return f"language_{wanted}"

    def maybe_stop(self) -> str | None:
        """Pause the partner's reminders until a person has decided whether it means STOP."""
        phone = self.received.phone
        if phone is None:
            return self._escalate("maybe_opt_out")
        self._note("opted_out", "maybe", phone)
        partner_ids = self._partners_on(phone)
        known = preference_log.preferences(self.connection, [phone, *partner_ids])
        if not any(known.waits_for_a_person(one, phone) for one in partner_ids):
            # A later STOP, START or decision was there before this message.
            return None
        return self._escalate("maybe_opt_out", of_old=True) or "maybe_opt_out"

    def _close_maybe_stop(self) -> None:
        """Close the escalation of an earlier "maybe STOP": the partner has written STOP or START."""
        if self.received.phone:
            preference_log.close_what_was_decided(
                self.connection,
                preference_log.partners_on(self.connection, [self.received.phone]),
                who="the partner",
                why="They wrote STOP or START themselves.",
                now=self.received.at,
            )

    def _note_stop_or_start(self, value: str) -> bool:
        """Record `stop` or `start` of the phone; return whether it changed anything, and is the last word."""
        phone = self.received.phone
        if phone is None:
            return False
        partner_ids = self._partners_on(phone)

        def known() -> list[tuple[bool, bool]]:
            found = preference_log.preferences(self.connection, [phone, *partner_ids])
            return [(found.has_opted_out(one, phone), found.waits_for_a_person(one, phone)) for one in partner_ids]

        before = known()
        self._note("opted_out", value, phone)
        after = known()
        return before != after and all(is_out == (value == "stop") for is_out, _ in after)

    def _partners_on(self, phone: str) -> list[str]:
        """Who was written to on the phone, whatever the message answers: what was entered by hand is theirs."""
        known = {*preference_log.partners_on(self.connection, [phone]), self._partner_id or ""}
        return sorted(known - {""}) or [""]

    def _note(self, kind: str, value: str, phone: str) -> None:
        preference_log.note_preference(
            self.connection, kind, value, phone=phone, partner_id=self._partner_id, at=self.received.at
        )

    # Actions on the answered message

    def help(self) -> str | None:
        """Escalate the longest waiting run, and withdraw its promises."""
        stalls = self._stalls(of_old=True)
        if not stalls:
            return None
        # Who writes it means it, whatever became of the run; a button is only as old as its message.
        standing = [stall for stall in stalls if not stall.moved] or ([] if self.received.tap else stalls[:1])
        if not standing:
            return self._run_has_moved()
        promises.withdraw_promise(
            self.connection,
            [stall.production_run_id for stall in standing],
            why=promises.HELP,
            now=self.received.at,
            of_partner=standing[0].partner_id or "",
        )
        if self._open_escalation("asked_for_help", standing[0]):
            self._reply(Reply.HELP)
        return "asked_for_help"

    def later(self) -> str | None:
        """Offer days, or record the chosen day as a promise."""
        stalls = self._stalls()
        standing = [stall for stall in stalls if not stall.moved]
        if not standing:
            return self._run_has_moved() if stalls else None
        broken = promises.broken_promises(self.connection, [stall.production_run_id for stall in standing])
        may_promise = [stall for stall in standing if broken.get(self._key(stall), 0) < MOST_BROKEN]
        if not may_promise:
            for stall in standing:
                self._open_escalation("broken_promise", stall)
            self._reply(Reply.NO_THIRD)
            return "no_third_promise"
        due_on = self.received.tap.due_on if self.received.tap else None
        # A payload may be forged: ignore a day that was never offered.
        if due_on is None or due_on > self._offered_days(day_of(self.received.at))[-1]:
            self._ask_for_day()
            return "asked_when"
        if due_on < day_of(self.received.at):
            return self._run_has_moved()
        if self._has_promised(may_promise, due_on):
            promises.say_again(self.connection, [one.production_run_id for one in may_promise], now=self.received.at)
            return "promised"
        stand = [
            promises.make_promise(
                self.connection,
                stall.production_run_id,
                stall.partner_id or "",
                kind=stall.kind,
                since=stall.since if stall.kind else None,
                due_on=due_on,
                now=self.received.at,
                message_id=self.received.about.id if self.received.about else None,
            )
            for stall in may_promise
        ]
        if any(stand):
            self._reply(Reply.PROMISED, due_on)
        return "promised"

    def _has_promised(self, stalls: Sequence[AnsweredStall], due_on: dt.date) -> bool:
        known = promises.open_promises(self.connection, [stall.production_run_id for stall in stalls])
        return all(
            (one := known.get(stall.production_run_id)) is not None
            and one.due_on == due_on
            and one.is_about(stall.kind, stall.partner_id, stall.since)
            for stall in stalls
        )

    def other(self) -> str | None:
        """Escalate a free text, if it answers a stall that still holds."""
        return self._escalate("answered")

    def _escalate(self, reason: str, *, of_old: bool = False) -> str | None:
        stalls = self._stalls(of_old=of_old)
        standing = [stall for stall in stalls if of_old or not stall.moved]
        if not standing:
            return None
        self._open_escalation(reason, standing[0])
        return reason

    def _stalls(self, *, of_old: bool = False) -> list[AnsweredStall]:
        about = self.received.about
        if not self.received.may_act:
            return []
        if about is None and of_old and self.received.phone:
            about = answers.last_message_to(
                self.connection, self.received.phone, until=self.received.at, within=_ANY_AGE
            )
            if about and about.delivery != "live":
                return []
        return answers.stalls_of(self.connection, about.id) if about else []

    def _open_escalation(self, reason: str, stall: AnsweredStall) -> bool:
        return answers.open_for_answer(
            self.connection, stall, reason, at=self.received.at, answer_id=self.received.answer_id
        )

    def _run_has_moved(self) -> str:
        """Change nothing; if a button was tapped, reply so, once for each of our messages."""
        about = self.received.about
        if about and self.received.message.kind in TAP_KINDS:
            self._reply(Reply.MOVED, context_id=f"{about.id}:moved")
        return "moved"

    def _key(self, stall: AnsweredStall) -> tuple[str, str, str | None, dt.datetime | None]:
        return (
            *(stall.production_run_id, stall.partner_id or "", stall.kind),
            stall.since if stall.kind else None,
        )

    # Replies

    def _ask_for_day(self) -> None:
        about = self.received.about
        if about is None:
            return
        days = self._offered_days(day_of(self.received.at))
        self._reply(Reply.WHEN, buttons={promise_payload(about.id, day): day for day in days})

    def _offered_days(self, day: dt.date) -> list[dt.date]:
        """The days that are offered on a day, in order, by the partner's calendar."""
        everybody_s = calendar_of(self.received.settings)
        calendar = calendars_for(self.received.settings, everybody_s).get(self._partner_id or "", everybody_s)
        return [calendar.sending_day(number, after=day) for number in OFFERED_SENDING_DAYS]

    def _reply(
        self,
        reply: Reply,
        day: dt.date | None = None,
        *,
        buttons: Mapping[str, dt.date] | None = None,
        context_id: str | None = None,
    ) -> None:
        """Queue a reply, if the partner is known, the message is recent, and a sender has the number written to."""
        received = self.received
        if received.phone is None or received.now - received.at > REPLY_WITHIN:
            return
        of = received.about or answers.last_message_to(
            self.connection, received.phone, until=received.at, within=_ANY_AGE
        )
        if of is None or of.delivery != "live" or not (of.sender and of.partner_id):
            return
        # WhatsApp's window is open at the number that was written to alone.
        sender = self.sender_ids.of_number(received.message.phone_number_id, usual=of.sender)
        if sender is None:
            return
        texts = reply_texts()
        wanted = preference_log.preferences(self.connection, [received.phone]).language_of(received.phone)
        language = texts.language(wanted or of.language)
        body = texts.text(reply, language, day)
        variables = {"reply": reply.value, "body": body}
        for number, (payload, offered) in enumerate((buttons or {}).items(), start=1):
            variables[f"button_{number}_id"] = payload
            variables[f"button_{number}_title"] = texts.day(offered, language)
        answers.queue_reply(
            self.connection,
            received.answer_id,
            context_id=context_id or f"{received.answer_id}:reply",
            day=day_of(received.now),
            at=received.at,
            partner_id=of.partner_id,
            production_run_id=of.production_run_id,
            sender=sender,
            phone=received.phone,
            language=language,
            variables=variables,
            body_text=body,
            such=_ASKED if reply in _ASKED else _CONFIRMED,
            at_most=MOST_ASKED_A_DAY if reply in _ASKED else MOST_CONFIRMED_A_DAY,
            now=received.now,
        )

    @property
    def _partner_id(self) -> str | None:
        return self.received.about.partner_id if self.received.about and self.received.may_act else None


_ACTIONS: Mapping[Intent, Callable[[MessageActions], str | None]] = {
    Intent.STOP: MessageActions.stop_or_start,
    Intent.START: MessageActions.stop_or_start,
    Intent.ENGLISH: MessageActions.language,
    Intent.HINDI: MessageActions.language,
    Intent.HELP: MessageActions.help,
    Intent.LATER: MessageActions.later,
    Intent.MAYBE_STOP: MessageActions.maybe_stop,
    Intent.OTHER: MessageActions.other,
}
"""The action for each intent."""
