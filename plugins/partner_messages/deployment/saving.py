"""Writes the Variable `partner_messages` from the API server; elsewhere people do so in Airflow's UI."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from partner_messages.config.settings import VARIABLE, SettingsError, parse_settings
from partner_messages.deployment.live_settings import stored_settings

_OF_AIRFLOW = ("MetastoreBackend", "ExecutionAPISecretsBackend")
"""What reads the Variables that are stored in Airflow's database."""


def settings_hidden_by() -> str | None:
    """What hides the stored Variable from this process, so that saving it would change nothing; None where nothing.

    What only the workers have in their environment cannot be seen from here.
    """
    from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded

    backends = ensure_secrets_backend_loaded()
    for backend in itertools.takewhile(lambda one: type(one).__name__ not in _OF_AIRFLOW, backends):
        name = type(backend).__name__
        try:
            if backend.get_variable(VARIABLE) is not None:
                return f"AIRFLOW_VAR_{VARIABLE.upper()}" if name == "EnvironmentVariablesBackend" else name
        except Exception:  # noqa: S112 - Whatever it raises, Airflow then asks the next one.
            continue
    return None


@dataclass(frozen=True)
class Change:
    """What is changed in the Variable.

    Attributes:
        before: The keys that it is about, with their values; one that is not here is not in the Variable.
        after: The same keys afterwards.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def undone(self) -> Change:
        """The change that takes this one back."""
        return Change(self.after, self.before)

    def applied_to(self, stored: Any) -> dict[str, Any]:
        """The stored settings with this change; all other keys stay as they are."""
        kept = {key: value for key, value in (stored or {}).items() if key in self.after or key not in self.before}
        return {**kept, **self.after}


def save_settings(change: Change) -> None:
    """Change these keys of the stored Variable.

    Raises:
        SettingsError: The settings would not be valid, what is changed is not what it was when it was looked at, or the
            stored Variable is not the one that is read.
    """
    from airflow.models.variable import Variable

    if hidden := settings_hidden_by():
        raise SettingsError(
            f"{hidden} hides the Variable {VARIABLE} that is stored in Airflow, so nothing can be saved here; remove"
            f" {hidden} from every process of Airflow."
        )
    stored = stored_settings()
    here = {key: stored[key] for key in {*change.before, *change.after} if stored and key in stored}
    if here != change.before:
        raise SettingsError(
            "Somebody has changed these settings since the page was opened; open it again and look at what is changed."
        )
    after = change.applied_to(stored)
    parse_settings(after)
    text = json.dumps(after, ensure_ascii=False, indent=2)
    if stored is None:
        Variable.set(VARIABLE, text, description="Settings of the reminders (docs/settings.md).")
    else:
        Variable.update(VARIABLE, text)  # It keeps the description.
    if stored_settings() != after:
        raise SettingsError(f"The Variable {VARIABLE} was written, but another value is read; see Admin, Variables.")
