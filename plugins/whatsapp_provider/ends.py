"""The exceptions of the provider, by what follows: somebody must repair something, or it may be tried again."""

from __future__ import annotations


class RepairNeeded(Exception):
    """Somebody must change something first; the message is one sentence that says what. No further try helps."""


class TryLater(Exception):
    """The cause may pass: the same work may succeed later."""


class SettingsError(RepairNeeded, ValueError):
    """A setting, connection or param is missing or wrong; the message is one sentence that names it."""
