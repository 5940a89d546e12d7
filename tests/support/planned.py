"""What planning would write, as one list: the package gives a draft its words only as it writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from partner_messages.messages.kinds import StuckRun
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Draft
from partner_messages.planning.reminders.plan import decide_reminders


def plan_reminders(tick: Tick, stuck: Sequence[StuckRun], **known: Any) -> list[Draft]:
    """What `decide_reminders` decides, with all words."""
    plan = decide_reminders(tick, stuck, **known)
    return [plan.worded(draft) for draft in plan.drafts]
