"""Calls the Airflow notifiers that the settings name."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from typing import Any

from partner_messages.recipients.masking import mask
from partner_messages.settings import VARIABLE, NotifierSpec, Settings, SettingsError


class NotTold(Exception):
    """A notifier failed; worth a retry."""


def check_notifiers(settings: Settings) -> None:
    """See that the notifiers of the settings can be made, before there is something to tell.

    Raises:
        SettingsError: Naming the setting of the first one that cannot.
    """
    for setting in ("on_failure", "on_escalation"):
        if spec := getattr(settings, setting):
            _made(spec, setting)


def notify(spec: NotifierSpec, setting: str, context: Mapping[str, Any]) -> None:
    """Make a notifier and call it once.

    Args:
        spec: Its class and arguments.
        setting: The setting that names it.
        context: What its templated arguments are rendered with.

    Raises:
        SettingsError: There is no such class, or it does not take these arguments.
        NotTold: It failed.
    """
    notifier = _made(spec, setting)
    try:
        # A notifier adds its own arguments to the context.
        notifier({**context})
    except Exception as error:
        raise NotTold(
            f"The notifier {spec.class_path} of setting {setting} failed"
            f" ({type(error).__name__}: {mask(str(error))}), so nobody was told."
        ) from None


def _made(spec: NotifierSpec, setting: str) -> Any:
    try:
        return pkgutil.resolve_name(spec.class_path)(**spec.args)
    except Exception as error:
        raise SettingsError(
            f'Variable {VARIABLE}: "{setting}": {spec.class_path} cannot be made'
            f" ({type(error).__name__}: {mask(str(error))}); correct its class or its args."
        ) from None
