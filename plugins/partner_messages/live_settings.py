"""Reads the settings as they are at this moment, the senders that they name, and the portal."""

from __future__ import annotations

import json
from typing import Any

from partner_messages.recipients.deeplink import Portal, portal_from_connection
from partner_messages.settings import (
    PORTAL_CONN_ID,
    SENDER_CONN_PREFIX,
    VARIABLE,
    Settings,
    SettingsError,
    parse_settings,
)
from partner_messages.whatsapp.senders import Sender, sender_from_extra


def load_settings() -> Settings:
    """Read the Variable `partner_messages`; called again before every claim, so that `halt` works within seconds.

    Raises:
        SettingsError: A key is unknown or wrong (it is named), or the Variable is not JSON.
    """
    from airflow.sdk import Variable

    return parse_settings(_decoded(Variable.get(VARIABLE, default=None)))


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.strip() else None
    except json.JSONDecodeError as error:
        raise SettingsError(f"Variable {VARIABLE} is not JSON: {error.msg} in line {error.lineno}.") from None


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
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    conn_id = SENDER_CONN_PREFIX + label
    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise SettingsError(
            f"There is no connection {conn_id}, which the setting senders names; add it (type http) or remove"
            f' "{label}".'
        ) from None
    return sender_from_extra(label, connection.host, bool(connection.password), connection.extra_dejson)


def load_portal() -> Portal:
    """Read the portal's connection, the secret of its links included: for preflight, and for the moment of sending.

    Raises:
        SettingsError: The connection is missing, its host is no web address, or its secret is missing or too short.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(PORTAL_CONN_ID)
    except AirflowNotFoundException:
        raise SettingsError(
            f"There is no connection {PORTAL_CONN_ID}, which the links in messages need; add it (type http) with the"
            " portal's URL as its host and the secret of the links as its password."
        ) from None
    return portal_from_connection(connection.host, connection.password)
