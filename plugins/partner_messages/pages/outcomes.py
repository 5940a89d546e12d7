"""What a replay comes to: messages a day and a partner, who is called for, and what it costs (pure)."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import phonenumbers

from partner_messages.config.setting_groups import Prices
from partner_messages.ops.judgement import Trouble
from partner_messages.ops.replay import Replay

WIDTH, HEIGHT = 1000, 120
"""Of the picture, in its own units."""


@dataclass(frozen=True)
class Cost:
    """What messages would have cost, at most: Meta bills nothing for a utility template within the 24-hour window.

    Attributes:
        currency: Of the price list; None where there is none.
        total: Of those whose price is known.
        not_known: How many messages have no price in the list.
    """

    currency: str | None
    total: float
    not_known: int

    def __str__(self) -> str:
        if self.currency is None:
            return "not known: the setting prices says nothing"
        messages = "message" if self.not_known == 1 else "messages"
        unknown = f", and {self.not_known:,} {messages} whose price is not known" if self.not_known else ""
        return f"{self.currency} {self.total:,.2f}{unknown}"


@dataclass(frozen=True)
class Outcome:
    """A replay in figures.

    Attributes:
        replay: The replay.
        by_day: Messages by day.
        by_partner: Messages by partner.
        most_a_week: The most that one partner would have had in one week, from Monday to Sunday.
        runs: Reminders, where a message for several runs counts as several.
        waiting: Messages that wait for their recipient's day.
        by_reason: Who would have been called for, by reason.
        cost: What it would have cost.
    """

    replay: Replay
    by_day: Mapping[dt.date, int]
    by_partner: Mapping[str, int]
    most_a_week: int
    runs: int
    waiting: int
    by_reason: Mapping[str, int]
    cost: Cost

    @property
    def messages(self) -> int:
        """All of them."""
        return len(self.replay.messages)

    @property
    def a_day(self) -> float:
        """Messages of a day with a tick, on the average."""
        return self.messages / (len(self.replay.days) or 1)

    @property
    def a_week_and_partner(self) -> float:
        """Messages of a week of five such days to a partner who got any, on the average."""
        return self.a_day * 5 / (len(self.by_partner) or 1)

    @property
    def most_a_day(self) -> int:
        """Of the largest day."""
        return max(self.by_day.values(), default=0)


def outcome(of: Replay, prices: Prices | None, category: str, phones: Mapping[str, str]) -> Outcome:
    """The figures of a replay.

    Args:
        of: The replay.
        prices: The setting.
        category: As which Meta bills reminders.
        phones: Where each partner is reached.
    """
    days_of_partners = Counter((message.partner_id, message.day) for message in of.messages)
    weeks = Counter[tuple[str, tuple[int, int]]]()
    for (partner_id, day), messages in days_of_partners.items():
        weeks[partner_id, day.isocalendar()[:2]] += messages
    by_partner = Counter(message.partner_id for message in of.messages)
    return Outcome(
        replay=of,
        by_day=Counter(message.day for message in of.messages),
        by_partner=by_partner,
        most_a_week=max(weeks.values(), default=0),
        runs=sum(len(message.production_run_ids) for message in of.messages),
        waiting=sum(message.not_before is not None for message in of.messages),
        by_reason=Counter(str(one.trouble.reason) for one in of.called),
        cost=cost_of(((category, phones.get(one), number) for one, number in by_partner.items()), prices),
    )


def cost_of(messages: Iterable[tuple[str, str | None, int]], prices: Prices | None) -> Cost:
    """What messages cost by the price list.

    Args:
        messages: The category as which Meta bills them, the phone that they go to, and how many there are.
        prices: The setting.
    """
    total, not_known = 0.0, 0
    for category, phone, number in messages:
        price = prices.of(category, country_of(phone)) if prices else None
        total, not_known = total + number * (price or 0), not_known + (0 if price is not None else number)
    return Cost(prices.currency if prices else None, total, not_known)


@functools.lru_cache(maxsize=10_000)
def country_of(phone: str | None) -> str | None:
    """The country of a number (ISO 3166); None where it says none, or there is none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) if phone else None
    except phonenumbers.NumberParseException:
        return None


@dataclass(frozen=True)
class CalledOtherwise:
    """An escalation that is different: on which day it would have been opened, if at all."""

    trouble: Trouble
    now: dt.date | None
    chosen: dt.date | None


def called_otherwise(now: Replay, chosen: Replay) -> list[CalledOtherwise]:
    """The escalations that only one of two replays has, or each on another day; the first one counts."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name, of in (("now", now), ("chosen", chosen)):
        for one in of.called:
            entry = found.setdefault((one.trouble.production_run_id, one.trouble.reason), {"trouble": one.trouble})
            entry.setdefault(name, one.day)
    differ = (CalledOtherwise(one["trouble"], one.get("now"), one.get("chosen")) for one in found.values())
    return sorted(
        (one for one in differ if one.now != one.chosen),
        key=lambda one: (min(filter(None, (one.now, one.chosen))), one.trouble.production_run_id),
    )


@dataclass(frozen=True)
class Bar:
    """One day of the picture."""

    day: dt.date
    which: str
    messages: int
    x: float
    height: float
    width: float


def bars_of(outcomes: Mapping[str, Outcome]) -> list[Bar]:
    """The picture: for each day a bar of each of the settings."""
    days = sorted({day for one in outcomes.values() for day in one.replay.days})
    most = max((one.most_a_day for one in outcomes.values()), default=0) or 1
    width = WIDTH / (len(days) or 1)
    part = width * 0.8 / len(outcomes)
    return [
        Bar(day, which, number, index * width + place * part, HEIGHT * number / most, part)
        for index, day in enumerate(days)
        for place, (which, one) in enumerate(outcomes.items())
        if (number := one.by_day.get(day, 0))
    ]
