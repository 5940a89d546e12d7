"""A recipient's preferences: opted out or in, language, marketing.

A partner's own STOP is lifted only by their own later START; an opt-out entered by hand by any later statement.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from partner_messages.recipients.spelling import dialled


@dataclass(frozen=True)
class Statement:
    """The latest statement of one kind: its value and its time."""

    value: str
    at: dt.datetime

    @property
    def is_stop(self) -> bool:
        """Whether it is STOP."""
        return self.value == "stop"


@dataclass(frozen=True)
class Preferences:
    """The preferences of all partners. Use the methods: they handle the spellings of a phone.

    Attributes:
        own: The last STOP or START of each phone; key: E.164 as dialled (`spelling.dialled`), as in the others.
        by_hand: The last entry by hand of each partner, by id (of an unknown partner by phone).
        maybe: The last message from each phone that sounds like STOP.
        languages: The last language that each phone has asked for.
        marketing: The last marketing preference of each phone in WhatsApp's own settings.
    """

    own: Mapping[str, Statement] = field(default_factory=dict, repr=False)
    by_hand: Mapping[str, Statement] = field(default_factory=dict, repr=False)
    maybe: Mapping[str, Statement] = field(default_factory=dict, repr=False)
    languages: Mapping[str, str] = field(default_factory=dict, repr=False)
    marketing: Mapping[str, Statement] = field(default_factory=dict, repr=False)

    def has_opted_out(self, partner_id: str, phone: str) -> bool:
        """Whether a partner has opted out on a phone."""
        own, entered = self.own.get(dialled(phone)), self._entered(partner_id, phone)
        if self.has_stopped(phone):
            return True
        return bool(entered and entered.is_stop and not (own and own.at > entered.at))

    def stands_by_hand(self, partner_id: str, phones: Collection[str]) -> Statement | None:
        """What was entered by hand and keeps a partner from being written to on one of their phones, if anything.

        Not where a later word of their own has lifted it, nor where they have written STOP themselves.
        """
        entered = self._entered(partner_id, "")
        stands = not phones or any(
            self.has_opted_out(partner_id, phone) and not self.has_stopped(phone) for phone in phones
        )
        return entered if entered and entered.is_stop and stands else None

    def waits_for_a_person(self, partner_id: str, phone: str) -> bool:
        """Whether a message that sounds like STOP waits for a person's decision."""
        own, maybe = self.own.get(dialled(phone)), self.maybe.get(dialled(phone))
        later = [one.at for one in (own, self._entered(partner_id, phone)) if one]
        return maybe is not None and all(at < maybe.at for at in later)

    def has_stopped(self, phone: str) -> bool:
        """Whether the phone's own last statement is STOP."""
        own = self.own.get(dialled(phone))
        return own is not None and own.is_stop

    def language_of(self, phone: str) -> str | None:
        """The language that a phone has asked for, if any."""
        return self.languages.get(dialled(phone))

    def takes_marketing(self, phone: str) -> bool:
        """Whether a phone may get MARKETING templates (reminders are UTILITY)."""
        said = self.marketing.get(dialled(phone))
        return not (said and said.is_stop)

    def _entered(self, partner_id: str, phone: str) -> Statement | None:
        found = [one for one in (self.by_hand.get(partner_id), self.by_hand.get(dialled(phone))) if one]
        return max(found, key=lambda one: (one.at, one.is_stop), default=None)


NOTHING_SAID = Preferences()
