"""What is said of a Variable that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.config.settings import SettingsError, parse_settings


def told(raw: Any) -> str:
    """What an operator reads of it."""
    with pytest.raises(SettingsError) as error:
        parse_settings(raw)
    return str(error.value)
