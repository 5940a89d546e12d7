"""What a plan is made from, beside the runs that it is about (values only)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from partner_messages.messages.tick import Tick
from partner_messages.messages.values import SlotHolder, StandingDigest
from partner_messages.planning.drafting.inputs import DraftingSetup, ShopKnowledge
from partner_messages.planning.reminders.hours import Hours
from partner_messages.planning.reminders.policy import EVERY_DAY, Policy
from partner_messages.planning.reminders.said import NOTHING_SAID, PartnersSaid


@dataclass(frozen=True)
class LogKnowledge:
    """What the message log knows about the tick's day and the runs' past.

    Attributes:
        slot_holders: The messages that hold the runs' slots of the day, by run.
        digests: Those that hold their contexts of the day.
        refused_phones: Numbers that Meta refused on the day for the recipient's own sake.
        last_reminded: On which earlier day each run was last reminded, in whatever kind; empty where no run
            can be over the limit.
        days_reminded: On which earlier days it was reminded in its present kind, in order; empty where nobody asks.
        days_held_back: Those of them on which the reminder was held back (`control_group`).
        not_first: The runs that are not in their first stall, or have a promise; empty where nobody asks.
        said: What partners have answered, and who is not reached.
    """

    slot_holders: Mapping[str, SlotHolder] = field(default_factory=dict)
    digests: Sequence[StandingDigest] = ()
    refused_phones: frozenset[str] = frozenset()
    last_reminded: Mapping[str, dt.date] = field(default_factory=dict)
    days_reminded: Mapping[str, Sequence[dt.date]] = field(default_factory=dict)
    days_held_back: Mapping[str, Sequence[dt.date]] = field(default_factory=dict)
    not_first: frozenset[str] = frozenset()
    said: PartnersSaid = NOTHING_SAID


@dataclass(frozen=True)
class PlanningInputs:
    """What every message of a tick is decided with.

    Attributes:
        tick: The tick.
        shop: What the shop knows.
        log: What the message log knows.
        setup: The senders, templates, settings and params that messages are drafted with.
        policy: On which days a run is reminded.
        hours: When messages may leave, where they keep their recipients' hours.
    """

    tick: Tick
    shop: ShopKnowledge
    log: LogKnowledge
    setup: DraftingSetup
    policy: Policy = EVERY_DAY
    hours: Hours | None = None
