"""Read Airflow's connections, each once in a task: every read is a request to Airflow's API server."""

from __future__ import annotations

import whatsapp_provider.sending  # noqa: F401 - first: it refuses an Airflow that has not what comes next

# isort: split
import contextlib
import json
import os
import sys
from collections.abc import Collection, Iterator
from contextvars import ContextVar
from typing import Any

import attrs
from airflow.sdk import BaseHook, Connection, Variable
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

from whatsapp_provider.api.senders import SENDER_CONN_PREFIX, Sender, sender_from_extra
from whatsapp_provider.ends import SettingsError, TryLater
from whatsapp_provider.web_address import TEST_HOSTS

CONN_TYPE = "whatsapp"
GRAPH_API = "https://graph.facebook.com"
"""Where Meta's API is; a connection of the type `whatsapp` need not say so."""


class ReadConnection(Connection):
    """A connection whose `extra_dejson` does not register its secrets for masking again.

    Airflow's own does so at each access, and a hook accesses it four times; reading the connection has done it already.
    """

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra; empty if it is no JSON object."""
        try:
            extra = json.loads(self.extra or "{}")
        except ValueError:
            return {}
        return extra if isinstance(extra, dict) else {}


_READ: ContextVar[dict[str, ReadConnection] | None] = ContextVar("connections_read", default=None)


@contextlib.contextmanager
def read_each_once() -> Iterator[None]:
    """Within this block, in this thread, read each connection only once."""
    before = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(before)


def connection_of(conn_id: str) -> ReadConnection:
    """Read a connection; do not change it, as other callers may get the same object.

    Raises:
        AirflowNotFoundException: There is no connection of this id; the sentence says where to add it.
        TryLater: As `stored_variables`.
    """
    kept = _READ.get()
    if kept is not None and conn_id in kept:
        return kept[conn_id]
    # In a task it is the SDK's class, in the API server Airflow's database model, with the same fields.
    try:
        try:
            found = BaseHook.get_connection(conn_id)
        except AirflowNotFoundException:
            if not _asks_an_api_server():
                raise
            stored_variables(prefix=conn_id)  # It answers, so the connection is missing, unless it was away until now.
            found = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise AirflowNotFoundException(
            f"There is no connection {conn_id}; add it in Airflow (Admin, Connections), or to the environment as"
            f" AIRFLOW_CONN_{conn_id.upper()}."
        ) from None
    read = ReadConnection(**{one.name: getattr(found, one.name) for one in attrs.fields(Connection)})
    if kept is not None:
        kept[conn_id] = read
    return read


def stored_variables(prefix: str) -> Collection[str]:
    """Which Variables a task's Airflow has stored whose names begin so; outside tasks it is not asked.

    Where its API server does not answer, the SDK says of each Variable and connection that there is none. Here it says
    that it was not answered.

    Raises:
        TryLater: The API server did not answer.
    """
    if not _asks_an_api_server():
        return ()
    try:
        return list(Variable.keys(prefix=prefix))
    except AirflowRuntimeError as error:
        raise TryLater(
            "Airflow's API server did not answer this task, so its settings and connections are not known; nothing was"
            " begun without them, and it is tried again."
        ) from error


def _asks_an_api_server() -> bool:
    """Whether this process is a task's, and its Airflow can be asked for the names of Variables (3.2 cannot)."""
    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    return getattr(runner, "SUPERVISOR_COMMS", None) is not None and hasattr(Variable, "keys")


def sender_of(connection: ReadConnection) -> Sender:
    """The sender of a connection of the type `whatsapp` or `http`.

    Raises:
        SettingsError: A sentence with the connection and the key, without values.
    """
    conn_id, host = connection.conn_id, connection.host or (GRAPH_API if connection.conn_type == CONN_TYPE else None)
    label, extra = conn_id.removeprefix(SENDER_CONN_PREFIX), sender_extra(connection)
    return sender_from_extra(label, host, bool(connection.password), extra, _plain_hosts(), conn_id)


def sender_extra(connection: ReadConnection) -> dict[str, Any]:
    """A sender's extra; what the form of the type `whatsapp` has left empty is not in it.

    Raises:
        SettingsError: It is no JSON object.
    """
    if connection.extra and (problem := _why_no_object(connection.extra)):
        raise SettingsError(
            f'{connection.conn_id}: the extra is not {problem}; write it as in {{"phone_number_id": "…", "waba_id":'
            ' "…"}.'
        )
    extra = connection.extra_dejson
    if connection.conn_type != CONN_TYPE:
        return extra
    return {key: value for key, value in extra.items() if value is not None and value != ""}


def _why_no_object(extra: str) -> str | None:
    try:
        return None if isinstance(json.loads(extra), dict) else "a JSON object"
    except ValueError:
        return "JSON"


def _plain_hosts() -> frozenset[str]:
    listed = os.environ.get(TEST_HOSTS, "").split(",")
    return frozenset(host.strip().lower() for host in listed if host.strip())
