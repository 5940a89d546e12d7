"""What people call a run: by its partner's name and its design's (values only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from whatsapp_provider.masking import mask
from whatsapp_provider.templates.cleaning import shown

_LONGEST = 40
"""Characters of a name in a line of a log."""


@dataclass(frozen=True)
class Names:
    """Names as the shop has them.

    Attributes:
        partners: By partner id.
        designs: By production run id.
    """

    partners: Mapping[str, str | None] = field(default_factory=dict)
    designs: Mapping[str, str | None] = field(default_factory=dict)

    def of(self, production_run_id: str | None, partner_id: str | None, *, unknown: str = "A run") -> str:
        """Such as `Rajesh Textiles, Block Print Kurta`; `unknown` where neither is known."""
        known = (self.partners.get(partner_id or ""), self.designs.get(production_run_id or ""))
        # A name is free text, and may hold a phone number.
        return ", ".join(filter(None, (mask(shown(name, _LONGEST)) for name in known))) or unknown


def ids_of(production_run_id: str | None, partner_id: str | None) -> str:
    """The ids to look a run up by; they stand last in a line."""
    run = f"run {production_run_id}" if production_run_id else "no run"
    return f"{run}, partner {partner_id}" if partner_id else f"{run}, no partner"
