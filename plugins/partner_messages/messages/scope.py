"""Which runs a DAG run looks at (values only)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """Which runs a DAG run looks at; None means all. An empty id never gets here (the params' schema refuses it)."""

    partner_ids: tuple[str, ...] | None = None
    production_run_ids: tuple[str, ...] | None = None

    def parameters(self) -> dict[str, list[str] | None]:
        """As bound parameters of the queries."""
        return {
            "partner_ids": list(self.partner_ids) if self.partner_ids else None,
            "production_run_ids": list(self.production_run_ids) if self.production_run_ids else None,
        }
