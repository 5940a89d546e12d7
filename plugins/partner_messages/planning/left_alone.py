"""Who is left alone on a day: by the settings `partners` and `runs`, or by what people have said by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from partner_messages.config.setting_groups import Pause
from partner_messages.config.settings import Settings
from partner_messages.message_log import left_alone
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.left_alone import ByHand


@dataclass(frozen=True)
class LeftAlone:
    """What the settings say and what people have said; either is enough, so the longer of the two holds.

    Attributes:
        settings: The settings.
        by_hand: What people have said.
    """

    settings: Settings
    by_hand: Sequence[ByHand] = ()

    @classmethod
    def now(cls, connection: LogConnection, settings: Settings, day: dt.date) -> LeftAlone:
        """What the settings and people say at this moment about a day, and about later ones."""
        return cls(settings, left_alone.left_alone(connection, day))

    def partners_on(self, day: dt.date) -> frozenset[str]:
        """The partners who are not to be written to on a day."""
        said = (one.partner_id for one in self.by_hand if one.partner_id and day < one.until)
        return self.settings.paused_on(day).union(said)

    def runs_on(self, day: dt.date) -> frozenset[str]:
        """The runs of which nobody is to be written to on a day."""
        said = (one.production_run_id for one in self.by_hand if one.production_run_id and day < one.until)
        return self.settings.runs_paused_on(day).union(said)

    def leaves_out(self, message: Mapping[str, Any], day: dt.date) -> bool:
        """Whether a message (a draft's fields, or a row's columns) has such a partner, or speaks of such runs alone."""
        runs = message["production_run_ids"] or ()
        return message["partner_id"] in self.partners_on(day) or (bool(runs) and self.runs_on(day).issuperset(runs))

    def of(self, ids: Collection[str]) -> list[ByHand]:
        """What people have said of some partners and runs, by their ids."""
        return [one for one in self.by_hand if one.partner_id in ids or one.production_run_id in ids]

    def by_setting(self, ids: Collection[str], day: dt.date) -> list[tuple[str, str, Pause]]:
        """What the settings say of them on a day: the setting's name, the id, and what it says."""
        said: dict[str, Mapping[str, Pause]] = {"partners": self.settings.partners, "runs": self.settings.runs}
        return [
            (setting, id_, one)
            for setting, of_ids in said.items()
            for id_, one in of_ids.items()
            if id_ in ids and one.is_paused(day)
        ]
