"""What was said about being written to: whether a recipient has opted out, and in which language they want it.

A partner's own STOP is lifted by their own later word alone; what somebody entered by hand, by whatever was said later.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from partner_messages.recipients.spelling import dialled


@dataclass(frozen=True)
class Statement:
    """The last word of one sort: its value, and when it was said."""

    value: str
    at: dt.datetime

    @property
    def is_stop(self) -> bool:
        """Whether it says that no more is to be sent."""
        return self.value == "stop"


@dataclass(frozen=True)
class Preferences:
    """What partners have said so far, where it still counts; ask by its methods, which know each spelling of a phone.

    Attributes:
        own: The last STOP or START of each phone, E.164 as it is dialled (`spelling.dialled`); so with the others.
        by_hand: What was last entered of each partner, by id (of a phone that belongs to nobody known, by the phone).
        maybe: What was last written from each phone that sounds like STOP.
        languages: The language that was last asked for from each phone.
        marketing: What was last told Meta from each phone about this business's marketing.
    """

    own: Mapping[str, Statement] = field(default_factory=dict, repr=False)
    by_hand: Mapping[str, Statement] = field(default_factory=dict, repr=False)
    maybe: Mapping[str, Statement] = field(default_factory=dict, repr=False)
    languages: Mapping[str, str] = field(default_factory=dict, repr=False)
    marketing: Mapping[str, Statement] = field(default_factory=dict, repr=False)

    def has_opted_out(self, partner_id: str, phone: str) -> bool:
        """Whether a partner is not to be written to on a phone."""
        own, entered = self.own.get(dialled(phone)), self._entered(partner_id, phone)
        if self.has_stopped(phone):
            return True
        return bool(entered and entered.is_stop and not (own and own.at > entered.at))

    def waits_for_a_person(self, partner_id: str, phone: str) -> bool:
        """Whether something sounds like STOP, and nobody has decided since what it is."""
        own, maybe = self.own.get(dialled(phone)), self.maybe.get(dialled(phone))
        later = [one.at for one in (own, self._entered(partner_id, phone)) if one]
        return maybe is not None and all(at < maybe.at for at in later)

    def has_stopped(self, phone: str) -> bool:
        """Whether the last STOP or START of a phone itself is STOP."""
        own = self.own.get(dialled(phone))
        return own is not None and own.is_stop

    def language_of(self, phone: str) -> str | None:
        """The language that was asked for from a phone, if one was."""
        return self.languages.get(dialled(phone))

    def takes_marketing(self, phone: str) -> bool:
        """Whether MARKETING templates may go to a phone; reminders are none."""
        said = self.marketing.get(dialled(phone))
        return not (said and said.is_stop)

    def _entered(self, partner_id: str, phone: str) -> Statement | None:
        found = [one for one in (self.by_hand.get(partner_id), self.by_hand.get(dialled(phone))) if one]
        return max(found, key=lambda one: (one.at, one.is_stop), default=None)


NOTHING_SAID = Preferences()
