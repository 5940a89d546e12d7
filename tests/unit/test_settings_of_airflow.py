"""Where the settings come from, by the places in which Airflow looks for a task's Variables."""

from __future__ import annotations

import pytest
from airflow.sdk import Variable
from airflow.sdk.execution_time import supervisor
from airflow.sdk.execution_time.secrets import ExecutionAPISecretsBackend
from airflow.secrets.environment_variables import EnvironmentVariablesBackend

from partner_messages.config.settings import VARIABLE, SettingsError
from partner_messages.deployment.live_settings import load_settings, settings_fixed_by


class VaultBackend:
    """A secrets backend as other deployments have one."""

    def __init__(self, value=None, error=None):
        self.value, self.error = value, error

    def get_variable(self, key):
        if self.error:
            raise self.error
        return self.value if key == VARIABLE else None


EMPTY, FULL, BROKEN = VaultBackend(), VaultBackend('{"halt": false}'), VaultBackend(error=OSError("sealed"))
ENVIRONMENT, DATABASE = EnvironmentVariablesBackend(), ExecutionAPISecretsBackend()


@pytest.fixture
def look_in(monkeypatch):
    def look_in(*backends, environment=None):
        monkeypatch.setattr(supervisor, "ensure_secrets_backend_loaded", lambda: list(backends))
        if environment is not None:
            monkeypatch.setenv("AIRFLOW_VAR_PARTNER_MESSAGES", environment)

    return look_in


@pytest.mark.parametrize(
    ("backends", "environment", "fixed_by"),
    [
        ([ENVIRONMENT, DATABASE], None, None),
        ([ENVIRONMENT, DATABASE], "{}", "AIRFLOW_VAR_PARTNER_MESSAGES"),
        ([ENVIRONMENT, DATABASE], "", "AIRFLOW_VAR_PARTNER_MESSAGES"),
        ([FULL, ENVIRONMENT, DATABASE], "{}", "VaultBackend"),
        ([EMPTY, ENVIRONMENT, DATABASE], None, None),
        ([BROKEN, ENVIRONMENT, DATABASE], None, None),
        ([BROKEN, ENVIRONMENT, DATABASE], "{}", "AIRFLOW_VAR_PARTNER_MESSAGES"),
        ([ENVIRONMENT], "{}", None),  # no task, so nobody can be asked what is stored
    ],
)
def test_the_first_place_that_has_the_settings_is_named(look_in, backends, environment, fixed_by):
    look_in(*backends, environment=environment)

    assert settings_fixed_by() == fixed_by


@pytest.mark.parametrize(("stored", "refused"), [([VARIABLE], True), ([f"{VARIABLE}_of_another"], False), ([], False)])
def test_settings_that_hide_the_stored_ones_are_refused_at_every_reading(look_in, monkeypatch, stored, refused):
    look_in(FULL, ENVIRONMENT, DATABASE)
    monkeypatch.setattr(Variable, "keys", lambda prefix: [key for key in stored if key.startswith(prefix)])
    monkeypatch.setattr(Variable, "get", lambda key, default: FULL.value)

    if refused:
        with pytest.raises(SettingsError, match="VaultBackend hides the Variable partner_messages"):
            load_settings()
    else:
        assert load_settings().halt is False
