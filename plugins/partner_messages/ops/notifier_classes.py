"""Which classes the settings may name as notifiers.

Who may edit a Variable is not who may deploy code, and importing a module runs it: so a name is judged before anything
is imported, and what it turns out to be before anything is called.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from partner_messages.config.settings import (
    AIRFLOW_CONN_ID,
    MESSAGE_LOG_CONN_ID,
    PORTAL_CONN_ID,
    SENDER_CONN_PREFIX,
    SHOP_CONN_ID,
    SHOP_INBOX_CONN_ID,
)

LISTED = "PARTNER_MESSAGES_NOTIFIERS"
"""The environment variable in which whoever deploys lists further classes, with commas between them."""

_PROVIDERS = "apache_airflow_provider"
"""The entry points by which Airflow finds its providers."""

_REACHES = frozenset(
    {"attach", "base_url", "config_path", "extra_options", "files", "host", "proxies", "proxy", "template"}
)
"""Arguments of providers' notifiers that name a file of the worker or where a connection's secret is sent."""

_OWN_CONNECTIONS = frozenset({SHOP_CONN_ID, SHOP_INBOX_CONN_ID, MESSAGE_LOG_CONN_ID, PORTAL_CONN_ID, AIRFLOW_CONN_ID})


class NotANotifier(Exception):
    """The settings may not name this class, or not with these arguments; the message says why."""


def notifier_class(path: str) -> Any:
    """Find the class that a setting names.

    Args:
        path: Its module and name.

    Raises:
        NotANotifier: It is of no installed provider and not listed, or is no notifier. Nothing of it has been called.
    """
    from airflow.sdk import BaseNotifier

    module, _, name = path.rpartition(".")
    if not (is_listed(path) or any(module.startswith(f"{package}.") for package in _provider_packages())):
        raise NotANotifier(
            "it is of no Airflow provider that is installed; install its provider, or have it listed in"
            f" {LISTED} in the environment of Airflow"
        )
    found = getattr(importlib.import_module(module), name, None)
    if not (isinstance(found, type) and issubclass(found, BaseNotifier)):
        raise NotANotifier("there is no Airflow notifier (BaseNotifier) of that name")
    return found


def check_arguments(path: str, arguments: Mapping[str, Any]) -> None:
    """See that a notifier is not given what only whoever deploys may choose.

    Raises:
        NotANotifier: An argument names a file, an address or a connection of this package.
    """
    for name, value in arguments.items():
        if name in _REACHES and not is_listed(path):
            raise NotANotifier(
                f'its argument "{name}" names a file or an address, which a setting may not; have the class listed in'
                f" {LISTED} in the environment of Airflow, or leave the argument out"
            )
        if name.endswith("conn_id") and not _may_be_used(value):
            raise NotANotifier(f'its argument "{name}" must name a connection that is not one of this package')


def is_listed(path: str) -> bool:
    """Whether whoever deployed has listed this very class."""
    return path in {one.strip() for one in os.environ.get(LISTED, "").split(",")}


def _provider_packages() -> Iterator[str]:
    for entry_point in entry_points(group=_PROVIDERS):
        package, _, _ = entry_point.module.rpartition(".")
        yield package or entry_point.module


def _may_be_used(conn_id: Any) -> bool:
    if conn_id is None:
        return True
    # It may be a template field, and what it becomes is not known yet.
    if not isinstance(conn_id, str) or "{" in conn_id:
        return False
    # The environment, and some databases, know connections in whatever case.
    name = conn_id.strip().lower()
    return name not in _OWN_CONNECTIONS and not name.startswith(SENDER_CONN_PREFIX)
