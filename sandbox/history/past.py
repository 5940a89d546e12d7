"""What has happened in the shop: production runs of the last weeks, and how each moved; the same every time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shop import partner_id, run_id

INDIA = ZoneInfo("Asia/Kolkata")
TICK, UPKEEP = dt.time(10), dt.time(13, 30)
DAY = dt.timedelta(days=1)

OF_THE_SHOP = ("RAJESH", "MEERA", "ANAND", "KARAN", "GANESH", "SYDNEY", "MARTA", "JAYA")
"""Partners of the sample shop; whatever they made is over, so that today is for them as it is without a past."""
OF_THE_PAST = ("KAVERY", "NARMADA", "GANGA", "TAPTEE", "BETWA", "SABARMATEE")
DESIGNS = ("KAMEEZ", "SAREE", "SHAW", "DRAPE", "SCARF", "TENT")
RUNS_A_DAY = 2
STALLED = {"TAPTEE": 0, "BETWA": 1, "NARMADA": 2, "GANGA": 0}
"""Whose run does not move any more, and how many of its two steps it has made."""
STALLED_FOR = 15
"""Weekdays for which it has stood so."""
_SEED = 8


@dataclass(frozen=True)
class Run:
    """A production run's way through the shop; None where it never came so far."""

    id: str
    partner: str
    design: str
    quantity: int
    sent_at: dt.datetime
    accepted_at: dt.datetime | None
    started_at: dt.datetime | None
    finished_at: dt.datetime | None

    def at(self, now: dt.datetime) -> dict[str, Any]:
        """Its row at a moment."""
        accepted, started, finished = (
            at if at is not None and at <= now else None for at in (self.accepted_at, self.started_at, self.finished_at)
        )
        status = "completed" if finished else "in_progress" if accepted else "sent_to_partner"
        return {
            "id": self.id,
            "status": status,
            "partner_id": partner_id(self.partner),
            # The shop's ids are all made alike.
            "design_id": partner_id(self.design),
            "quantity": self.quantity,
            "produced_quantity": self.quantity if finished else None,
            "sent_at": self.sent_at.isoformat(),
            **{
                name: at.isoformat() if at else None
                for name, at in (("accepted_at", accepted), ("started_at", started), ("finished_at", finished))
            },
        }


def days_before(today: dt.date, weeks: int) -> list[dt.date]:
    """The weekdays of so many weeks before today."""
    every = (today - DAY * back for back in range(weeks * 7, 0, -1))
    return [day for day in every if day.weekday() < 5]


def at(day: dt.date, clock: dt.time) -> dt.datetime:
    """A time of India's."""
    return dt.datetime.combine(day, clock, INDIA).astimezone(dt.UTC)


def runs_of(days: Sequence[dt.date]) -> list[Run]:
    """The runs that were sent out on these days: most move in time, some stall, one or two for long."""
    dice, runs = random.Random(_SEED), []  # noqa: S311 - no secret: a past that is the same every time
    over = at(days[-1], dt.time(18))
    for number, day in enumerate(days):
        for which in range(RUNS_A_DAY):
            partner = dice.choice(OF_THE_SHOP if which == 0 else OF_THE_PAST)
            runs.append(_run(f"PAST{number:03}{which}", partner, day, dice))
    begun = at(days[max(0, len(days) - STALLED_FOR)], dt.time(11))
    runs += [_stalled(partner, begun, come_to) for partner, come_to in STALLED.items()]
    return [_over_by(run, over) if run.partner in OF_THE_SHOP else run for run in runs]


def _stalled(partner: str, begun: dt.datetime, come_to: int) -> Run:
    accepted, started = (begun + DAY * day if day <= come_to else None for day in (1, 2))
    return Run(run_id(f"STAYS{partner[:3]}"), partner, "KAMEEZ", 120, begun, accepted, started, None)


def _run(name: str, partner: str, day: dt.date, dice: random.Random) -> Run:
    sent = at(day, dt.time(11, dice.randrange(60)))

    def after(moment: dt.datetime, prompt: float, longest: float) -> dt.datetime:
        stalls = dice.random() < (0.45 if partner in OF_THE_PAST else 0.3)
        return moment + DAY * (dice.uniform(1.2, longest) if stalls else dice.uniform(0.05, prompt))

    accepted = after(sent, 0.6, 6)
    started = after(accepted, 0.6, 5)
    finished = after(started, 3.5, 11)
    return Run(run_id(name), partner, dice.choice(DESIGNS), dice.randrange(20, 400), sent, accepted, started, finished)


def _over_by(run: Run, over: dt.datetime) -> Run:
    return replace(
        run,
        accepted_at=min(run.accepted_at or over, over),
        started_at=min(run.started_at or over, over),
        finished_at=min(run.finished_at or over, over),
    )
