"""Whether messages leave at the moment, in letters that nobody overlooks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from partner_messages.config import dag_ids
from partner_messages.config.settings import VARIABLE, Settings
from partner_messages.deployment.triggering import is_paused, last_change
from partner_messages.message_log import acts
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.messages.tick import Halt
from whatsapp_provider.masking import mask


@dataclass(frozen=True)
class State:
    """How sending stands.

    Attributes:
        halt: Who has halted it by hand; None where nobody has.
        setting_halt: Whether the setting halts it.
        delivery: What a scheduled tick does: `live` or `dry_run`; None where the settings cannot be read.
        paused: Whether the reminders' DAG is paused in Airflow; None where that is not known.
        all_paused: Whether all that send are.
        changed: Who has last changed the DAG or the settings in Airflow, and when; None where that is not known.
    """

    halt: Halt | None
    setting_halt: bool
    delivery: str | None
    paused: bool | None
    all_paused: bool
    changed: tuple[str, dt.datetime] | None = None

    @property
    def name(self) -> str:
        """In one word or two: the strongest of what holds."""
        if self.halt or self.setting_halt:
            return "halted"
        if self.all_paused:
            return "paused"
        return {"live": "live", "dry_run": "dry run"}.get(self.delivery or "", "not known")


def state_of(connection: LogConnection, settings: Settings | None, *, by_whom: bool = False) -> State:
    """How sending stands now; `by_whom` asks Airflow who has last changed that, too."""
    paused = is_paused(dag_ids.REMINDERS)
    return State(
        halt=acts.standing_halt(connection),
        setting_halt=settings.halt if settings else False,
        delivery=settings.delivery if settings else None,
        paused=paused,
        all_paused=bool(paused) and all(is_paused(dag) is not False for dag in dag_ids.SENDING),
        changed=_last_change(connection, paused=bool(paused)) if by_whom else None,
    )


def _last_change(connection: LogConnection, *, paused: bool) -> tuple[str, dt.datetime] | None:
    """Who paused the DAG, or else who has last changed the settings: in Airflow, or on the page What if."""
    if paused:
        return last_change(dag_id=dag_ids.REMINDERS)
    saved = rows(connection, "acts_about", subject="settings", at_most=1)
    known = [*((mask(row["who"]), row["at"]) for row in saved), last_change(variable=VARIABLE)]
    return max((one for one in known if one), key=lambda one: one[1], default=None)
