"""What the weekday tick is to make of each run of the sample shop; the table itself is `expectations.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("expectations.toml")
ULID_LENGTH = 26


@dataclass(frozen=True)
class Expectation:
    """What one run comes to; the fields are explained at the head of `expectations.toml`."""

    kind: str
    outcome: str
    by: str | None = None
    language: str | None = None
    days: int | None = None
    progress: tuple[str, str] | None = None
    design: str | None = None
    by_start: str | None = None
    older: str | None = None
    older_kind: str | None = None

    @property
    def is_inspected(self) -> bool:
        """Whether the run counts among the inspected ones."""
        return self.outcome != "not_inspected"

    @property
    def is_found(self) -> bool:
        """Whether the run is found stuck in a reminder kind."""
        return self.kind not in {"none", "no_partner"}

    @property
    def kind_by_start(self) -> str:
        """The kind where work does not count: a run is idle by its start alone."""
        return self.by_start or self.kind

    @property
    def kind_in_older(self) -> str:
        """The kind in an older deployment: there the run's own row is all that is known."""
        return self.older_kind or self.kind_by_start


def expectations() -> dict[str, Expectation]:
    """The table, by full run id."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        run_id(name): Expectation(**row | ({"progress": tuple(row["progress"])} if "progress" in row else {}))
        for name, row in rows.items()
    }


def run_id(name: str) -> str:
    """The full id of the run that the data files call `name`."""
    return f"prod_run_{partner_id(name)}"


def partner_id(name: str) -> str:
    """The full id of the partner (or design, or platform) that the data files call `name`: a ULID people can read."""
    return f"01J{name:0>{ULID_LENGTH - 3}}"
