"""What was said about being written to: whether a recipient has opted out, and in which language they want it.

A partner's own STOP is lifted by their own later word alone; what somebody entered by hand, by whatever was said later.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field


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
    """What partners have said so far, where it still counts.

    Attributes:
        own: The last STOP or START of each phone, E.164.
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
        own, entered = self.own.get(phone), self._entered(partner_id, phone)
        if own and own.is_stop:
            return True
        return bool(entered and entered.is_stop and not (own and own.at > entered.at))

    def waits_for_a_person(self, partner_id: str, phone: str) -> bool:
        """Whether something sounds like STOP, and nobody has decided since what it is."""
        maybe = self.maybe.get(phone)
        later = [one.at for one in (self.own.get(phone), self._entered(partner_id, phone)) if one]
        return maybe is not None and all(at < maybe.at for at in later)

    def takes_marketing(self, phone: str) -> bool:
        """Whether MARKETING templates may go to a phone; reminders are none."""
        said = self.marketing.get(phone)
        return not (said and said.is_stop)

    def _entered(self, partner_id: str, phone: str) -> Statement | None:
        found = [one for one in (self.by_hand.get(partner_id), self.by_hand.get(phone)) if one]
        return max(found, key=lambda one: (one.at, one.is_stop), default=None)


NOTHING_SAID = Preferences()
