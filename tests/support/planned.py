"""What planning would write, as one list: the package gives a draft its words only as it writes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from partner_messages.config.settings import parse_settings
from partner_messages.messages.kinds import StuckRun
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Draft
from partner_messages.planning.reminders.plan import decide_reminders
from partner_messages.planning.reminders.policy import Policy
from support.examples import planning_inputs


def plan_reminders(
    tick: Tick, stuck: Sequence[StuckRun], without_partner: Iterable[str] = (), **changes: Any
) -> list[Draft]:
    """What `decide_reminders` decides, with all words; `changes` are of `planning_inputs`."""
    plan = decide_reminders(planning_inputs(tick=tick, **changes), stuck, without_partner)
    return [plan.worded(draft) for draft in plan.drafts]


def policy(**settings: Any) -> Policy:
    """Who is reminded when, by these settings."""
    return Policy.of(parse_settings(settings))
