"""Language codes as Meta writes them."""

from __future__ import annotations

import re

LAST_RESORT = "en"
"""What every sender and every template has."""

_CODE = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{2}))?(?:[-_].*)?", re.IGNORECASE)


def normalise_language(raw: str | None) -> str | None:
    """Write a language code the way Meta does: `hi-IN` and `hi_in` become `hi_IN`, `EN` becomes `en`.

    Returns:
        The code, or None where the text is empty or no language code.
    """
    match = _CODE.fullmatch((raw or "").strip())
    if match is None:
        return None
    base, region = match.groups()
    return f"{base.lower()}_{region.upper()}" if region else base.lower()
