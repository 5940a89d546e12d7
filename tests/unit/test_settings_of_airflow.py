"""Where the settings come from, by the places in which Airflow looks for a task's Variables."""

from __future__ import annotations

import pytest
from airflow.sdk import Variable
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import comms, supervisor, task_runner
from airflow.sdk.execution_time.secrets import ExecutionAPISecretsBackend
from airflow.secrets.environment_variables import EnvironmentVariablesBackend

from partner_messages.config.ends import TryLater
from partner_messages.config.settings import VARIABLE, Settings, SettingsError
from partner_messages.deployment.live_settings import last_log_position, load_sender, load_settings, settings_fixed_by


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


class Comms:
    """What a task asks its Airflow through: one that does not answer, or has these Variables and no connection."""

    def __init__(self, stored=None, answers=True):
        self.stored, self.answers = stored or {}, answers

    def send(self, msg):
        if not self.answers:
            raise AirflowRuntimeError(comms.ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"message": "away"}))
        match msg:
            case comms.GetVariable(key=key) if key in self.stored:
                return comms.VariableResult(key=key, value=self.stored[key])
            case comms.GetVariableKeys(prefix=prefix):
                found = [key for key in self.stored if key.startswith(prefix)]
                return comms.VariableKeysResult(keys=found, total_entries=len(found))
        missing = ErrorType.VARIABLE_NOT_FOUND if isinstance(msg, comms.GetVariable) else ErrorType.CONNECTION_NOT_FOUND
        return comms.ErrorResponse(error=missing)


@pytest.fixture
def ask_through(look_in, monkeypatch):
    def ask_through(comms):
        look_in(ENVIRONMENT, DATABASE)
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", comms, raising=False)

    return ask_through


AWAY = Comms({VARIABLE: '{"halt": true}'}, answers=False)


def test_a_task_takes_no_settings_for_stored_where_airflow_does_not_answer(ask_through):
    ask_through(AWAY)

    with pytest.raises(TryLater, match="did not answer"):
        load_settings()
    with pytest.raises(TryLater, match="did not answer"):
        last_log_position()


def test_nor_does_it_call_a_connection_missing_then(ask_through):
    ask_through(AWAY)

    with pytest.raises(TryLater, match="did not answer"):
        load_sender("in")


def test_what_airflow_says_that_it_does_not_have_is_missing(ask_through):
    ask_through(Comms())

    assert load_settings() == Settings()
    assert last_log_position() is None
    with pytest.raises(SettingsError, match="no connection whatsapp_in"):
        load_sender("in")
    ask_through(Comms(AWAY.stored))
    assert load_settings().halt is True
