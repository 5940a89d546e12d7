"""The expected outcome of the weekday tick for each run of the sample shop, from `expectations.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("expectations.toml")
ULID_LENGTH = 26


@dataclass(frozen=True)
class Expectation:
    """The expected outcome for a run; the beginning of `expectations.toml` explains the fields."""

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
        """Whether the tick inspects the run."""
        return self.outcome != "not_inspected"

    @property
    def is_found(self) -> bool:
        """Whether the tick finds the run stuck."""
        return self.kind not in {"none", "no_partner"}

    @property
    def kind_by_start(self) -> str:
        """The kind if signs of work are ignored, so that a run is idle by its start alone."""
        return self.by_start or self.kind

    @property
    def kind_in_older(self) -> str:
        """The kind in an older deployment, which has only the run's own row."""
        return self.older_kind or self.kind_by_start


def expectations() -> dict[str, Expectation]:
    """The expectations by full run id."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        run_id(name): Expectation(**row | ({"progress": tuple(row["progress"])} if "progress" in row else {}))
        for name, row in rows.items()
    }


def run_id(name: str) -> str:
    """The full id of a run by its name in the data files."""
    return f"prod_run_{partner_id(name)}"


def partner_id(name: str) -> str:
    """The full id of a partner (or design, or platform) by its name in the data files: a readable ULID."""
    return f"01J{name:0>{ULID_LENGTH - 3}}"
