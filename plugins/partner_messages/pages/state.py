"""Whether messages leave at the moment, in letters that nobody overlooks."""

from __future__ import annotations

from dataclasses import dataclass

from partner_messages.config.settings import Settings
from partner_messages.deployment.triggering import is_paused
from partner_messages.message_log import acts
from partner_messages.message_log.database import LogConnection
from partner_messages.messages.tick import Halt
from partner_messages.pages.words import DAG, DAGS


@dataclass(frozen=True)
class State:
    """How sending stands.

    Attributes:
        halt: Who has halted it by hand; None where nobody has.
        setting_halt: Whether the setting halts it.
        delivery: What a scheduled tick does: `live` or `dry_run`; None where the settings cannot be read.
        paused: Whether the reminders' DAG is paused in Airflow; None where that is not known.
        all_paused: Whether all that send are.
    """

    halt: Halt | None
    setting_halt: bool
    delivery: str | None
    paused: bool | None
    all_paused: bool

    @property
    def name(self) -> str:
        """In one word or two: the strongest of what holds."""
        if self.halt or self.setting_halt:
            return "halted"
        if self.all_paused:
            return "paused"
        return {"live": "live", "dry_run": "dry run"}.get(self.delivery or "", "not known")


def state_of(connection: LogConnection, settings: Settings | None) -> State:
    """How sending stands now."""
    paused = is_paused(DAG)
    return State(
        halt=acts.standing_halt(connection),
        setting_halt=settings.halt if settings else False,
        delivery=settings.delivery if settings else None,
        paused=paused,
        all_paused=bool(paused) and all(is_paused(dag) is not False for dag in DAGS),
    )
