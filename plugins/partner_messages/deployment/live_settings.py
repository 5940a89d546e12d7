"""Reads the settings as they are at this moment, the senders that they name, and the portal."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from partner_messages.config.ends import TryLater
from partner_messages.config.plain_text import shown
from partner_messages.config.settings import (
    LOG_POSITION_VARIABLE,
    PORTAL_CONN_ID,
    SENDER_CONN_PREFIX,
    VARIABLE,
    Settings,
    SettingsError,
    parse_settings,
)
from partner_messages.recipients.deeplink import Portal, portal_from_connection
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.connections import connection_of, sender_of, stored_variables

if TYPE_CHECKING:
    from airflow.sdk.bases.secrets_backend import BaseSecretsBackend

log = logging.getLogger(__name__)


def load_settings() -> Settings:
    """Read the Variable `partner_messages`; called again before every claim, so that `halt` works within seconds.

    Raises:
        SettingsError: As `stored_settings`; or a key is unknown or wrong (it is named).
    """
    return parse_settings(stored_settings())


def readable_settings() -> tuple[Settings, str | None]:
    """The settings without what is wrong in them, and what that is: for looking, never for sending."""
    try:
        return load_settings(), None
    except SettingsError as error:
        wrong = str(error)
    kept: dict[str, Any] = {}
    with contextlib.suppress(SettingsError):
        stored = stored_settings()
        for key, value in stored.items() if isinstance(stored, dict) else ():
            with contextlib.suppress(SettingsError):
                parse_settings({**kept, key: value})
                kept[key] = value
    return parse_settings(kept), wrong


def stored_settings() -> Any:
    """The value of the Variable `partner_messages` as it is, or None where there is none.

    Raises:
        SettingsError: The Variable is not JSON, or it is not the one that operations see and change.
        TryLater: Airflow did not answer.
    """
    from airflow.sdk import Variable

    fixed_by = settings_fixed_by()
    if fixed_by and VARIABLE in Variable.keys(prefix=VARIABLE):
        raise SettingsError(
            f"{fixed_by} hides the Variable {VARIABLE} that is stored in Airflow: what is set there, halt above all,"
            f" has no effect; remove {fixed_by} from every process of Airflow, or delete the stored Variable."
        )
    return _decoded(_value_of(VARIABLE))


def _value_of(variable: str) -> Any:
    """The value of a Variable, or None where there is none.

    Raises:
        TryLater: Airflow did not answer. The SDK says None then as well, and the defaults know of no halt.
    """
    from airflow.sdk import Variable

    value = Variable.get(variable, default=None)
    if value is None and variable in stored_variables(prefix=variable):
        raise TryLater(f"Airflow did not answer when it was asked for the Variable {variable}; it is tried again.")
    return value


def settings_fixed_by() -> str | None:
    """Where the settings come from if not from Airflow's database: there its UI cannot change them.

    A place that only the API server knows of cannot be seen from a task.

    Returns:
        The environment variable or the secrets backend; None where there is none, and outside tasks.
    """
    for backend in _asked_before_the_database():
        if _has_settings(backend):
            name = type(backend).__name__
            return f"AIRFLOW_VAR_{VARIABLE.upper()}" if name == "EnvironmentVariablesBackend" else name
    return None


def _asked_before_the_database() -> Sequence[BaseSecretsBackend]:
    """Where Airflow looks for a task's Variables first, in its order."""
    from airflow.sdk.execution_time.secrets import ExecutionAPISecretsBackend
    from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded

    asked = ensure_secrets_backend_loaded()
    first = list(itertools.takewhile(lambda backend: not isinstance(backend, ExecutionAPISecretsBackend), asked))
    return first if len(first) < len(asked) else ()


def _has_settings(backend: BaseSecretsBackend) -> bool:
    try:
        return backend.get_variable(VARIABLE) is not None
    except Exception:  # Whatever it raises, Airflow then asks the next one.
        return False


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, object_pairs_hook=_each_key_once, parse_constant=_no_number) if value.strip() else None
    except json.JSONDecodeError as error:
        raise SettingsError(f"Variable {VARIABLE} is not JSON: {error.msg} in line {error.lineno}.") from None
    except SettingsError:
        raise
    except (ValueError, RecursionError):
        # A number of thousands of digits, or brackets without end.
        raise SettingsError(f"Variable {VARIABLE} is not JSON that anybody has written: shorten it.") from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: JSON would silently drop the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, number in Counter(key for key, _ in pairs).items() if number > 1)
        raise SettingsError(f'Variable {VARIABLE}: "{shown(twice)}" stands twice in one object; take one of them out.')
    return found


def _no_number(text: str) -> Any:
    """Python's JSON knows NaN and Infinity, which JSON does not."""
    raise SettingsError(f"Variable {VARIABLE} is not JSON: {text} is no number.")


def last_log_position() -> Mapping[str, Any] | None:
    """Where the message log stood when a run last looked (`LogPosition.to_json`); None where none has."""
    kept = _value_of(LOG_POSITION_VARIABLE)
    try:
        return cast("Mapping[str, Any]", json.loads(kept)) if kept else None
    except ValueError:
        raise SettingsError(
            f"Variable {LOG_POSITION_VARIABLE} does not hold what a run kept there; delete it if the message log is the"
            " one that was always written to."
        ) from None


def keep_log_position(position: Mapping[str, Any]) -> None:
    """Keep where the message log stands, outside it, for the runs that come after."""
    from airflow.sdk import Variable

    try:
        Variable.set(
            LOG_POSITION_VARIABLE,
            json.dumps(position),
            description="Where the message log stood when a run last looked (docs/failover.md).",
        )
    except Exception as error:  # Not what a run fails for: the tick carries it, too.
        log.warning("Variable %s cannot be set (%s).", LOG_POSITION_VARIABLE, type(error).__name__)


def load_senders(settings: Settings) -> list[Sender]:
    """Read the connections of the configured senders, in the order of the setting.

    Raises:
        SettingsError: No sender is configured, a connection is missing, or one is incomplete (the key is named).
    """
    if not settings.senders:
        raise SettingsError(
            f'Variable {VARIABLE}: "senders" is empty; list the labels of the connections'
            f' {SENDER_CONN_PREFIX}<label>, such as ["in"].'
        )
    return [load_sender(label) for label in settings.senders]


def load_sender(label: str) -> Sender:
    """Read one sender's connection, without its token.

    Raises:
        SettingsError: The connection is missing or incomplete.
    """
    from airflow.sdk.exceptions import AirflowNotFoundException

    conn_id = SENDER_CONN_PREFIX + label
    try:
        connection = connection_of(conn_id)
    except AirflowNotFoundException:
        raise SettingsError(
            f"There is no connection {conn_id}, which the setting senders names; add it (type whatsapp or http) or"
            f' remove "{label}".'
        ) from None
    return sender_of(connection)


def load_portal() -> Portal:
    """Read the portal's connection, the secret of its links included: for preflight, and for the moment of sending.

    Raises:
        SettingsError: The connection is missing, its host is no web address, or its secret is missing or too short.
    """
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = connection_of(PORTAL_CONN_ID)
    except AirflowNotFoundException:
        raise SettingsError(
            f"There is no connection {PORTAL_CONN_ID}, which the links in messages need; add it (type http) with the"
            " portal's URL as its host and the secret of the links as its password."
        ) from None
    return portal_from_connection(connection.host, connection.password)
