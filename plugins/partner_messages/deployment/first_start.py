"""Makes the tables of Airflow's database and enters what the environment has for the first start.

`python -m partner_messages.deployment.first_start`, which docker-compose.yaml's `airflow-init` calls at each start.
`INITIAL_SETTINGS` is the Variable `partner_messages`, `INITIAL_CONN_<ID>` a connection, as JSON or as a URI, and
`_AIRFLOW_WWW_USER_USERNAME` and `_PASSWORD` the first user, as in Airflow's own compose file. What Airflow has already
stays as it is, for operations may have changed it; what is empty is left out. The password of the user `receiver`, as
whom the receiver of webhooks tells Airflow of answers, is always the environment's.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from airflow.configuration import conf
from airflow.utils.providers_configuration_loader import providers_configuration_loaded

from partner_messages.deployment.entering import enter

SETTINGS = "INITIAL_SETTINGS"
CONNECTION = "INITIAL_CONN_"
FIRST_USER, FIRST_PASSWORD = "_AIRFLOW_WWW_USER_USERNAME", "_AIRFLOW_WWW_USER_PASSWORD"
RECEIVER = "receiver"
"""A user, and a role with the rights to say that partners have answered and to find where."""
RECEIVER_PASSWORD = "WEBHOOK_AIRFLOW_PASSWORD"  # noqa: S105
RECEIVER_RIGHTS = (("can_read", "Assets"), ("can_read", "Asset Aliases"), ("can_create", "Assets"))
READERS, READERS_RIGHTS = ("Viewer", "User"), (("can_read", "Plugins"),)
"""Without it these roles of Airflow's find none of our pages in its navigation; given at the first start alone."""


def connections_of(environment: Mapping[str, str]) -> dict[str, str | dict[str, Any]]:
    """The connections of an environment, by id.

    Raises:
        SystemExit: One is neither JSON nor a URI.
    """
    given = {name: value for name, value in environment.items() if name.startswith(CONNECTION) and value}
    return {name.removeprefix(CONNECTION).lower(): _connection(name, value) for name, value in given.items()}


def _connection(name: str, value: str) -> str | dict[str, Any]:
    if "://" in value and not value.lstrip().startswith("{"):
        return value
    try:
        connection: dict[str, Any] = json.loads(value)
    except json.JSONDecodeError as error:
        # Without the value, which holds a password.
        raise SystemExit(f"{name} is neither JSON nor a URI: {error.msg} at character {error.pos}.") from None
    return connection


def main() -> None:
    """Do it, on the database that Airflow's own environment names."""
    connections, settings = connections_of(os.environ), os.environ.get(SETTINGS) or None
    _airflow(["db", "migrate"])
    print("Entering what Airflow does not have yet; what it has stays:", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        enter(_airflow, Path(folder), connections, settings, overwrite=False)
    enter_users()


@providers_configuration_loaded
def enter_users() -> None:
    """Let the first user and the receiver log in, where users are kept by the FAB auth manager.

    Another auth manager has its users elsewhere, and none is entered.

    In this process: each of its commands would take seconds to start, and show a password to whoever lists processes.
    """
    if not conf.get("core", "auth_manager").endswith(".FabAuthManager"):
        return
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        users: Any = builder.sm
        name, password = os.environ.get(FIRST_USER) or "admin", os.environ.get(FIRST_PASSWORD)
        if password and not users.find_user(username=name):
            _add(users, name, "Admin", password)
            for role in READERS:
                _allow(users, role, READERS_RIGHTS)
            print(f"{name} logs in with {FIRST_PASSWORD} until the password is changed in Airflow.", flush=True)
        if password := os.environ.get(RECEIVER_PASSWORD):
            _allow(users, RECEIVER, RECEIVER_RIGHTS)
            if there := users.find_user(username=RECEIVER):
                users.reset_password(there.id, password)
            else:
                _add(users, RECEIVER, RECEIVER, password)


def _add(users: Any, name: str, role: str, password: str) -> None:
    users.add_user(name, name, name, f"{name}@localhost", users.find_role(role), password)


def _allow(users: Any, role: str, rights: Iterable[tuple[str, str]]) -> None:
    found = users.add_role(role)
    for action, resource in rights:
        users.add_permission_to_role(found, users.create_permission(action, resource))


def _airflow(arguments: list[str]) -> None:
    subprocess.run(["airflow", *arguments], check=True)


if __name__ == "__main__":
    main()
