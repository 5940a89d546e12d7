"""Makes the tables of Airflow's database and enters what the environment has for the first start.

`python -m partner_messages.deployment.first_start`, which docker-compose.yaml's `airflow-init` calls at each start.
`INITIAL_SETTINGS` is the Variable `partner_messages`, `INITIAL_CONN_<ID>` a connection, as JSON or as a URI. What
Airflow has already stays as it is, for operations may have changed it; what is empty is left out. The password of the
user `receiver`, as whom the receiver of webhooks tells Airflow of answers, is always the environment's.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from partner_messages.deployment.entering import enter

SETTINGS = "INITIAL_SETTINGS"
CONNECTION = "INITIAL_CONN_"
RECEIVER = "receiver"
"""A user of Airflow's simple auth manager."""
RECEIVER_PASSWORD = "WEBHOOK_AIRFLOW_PASSWORD"  # noqa: S105
PASSWORDS_FILE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"


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
    _let_the_receiver_in(os.environ)


def _let_the_receiver_in(environment: Mapping[str, str]) -> None:
    """Write the receiver's password where Airflow, which makes one up for whoever has none, keeps everybody's."""
    password, file = environment.get(RECEIVER_PASSWORD), environment.get(PASSWORDS_FILE)
    if not password or not file:
        return
    logins = Path(file)
    logins.touch(mode=0o600)
    logins.write_text(json.dumps({**json.loads(logins.read_text() or "{}"), RECEIVER: password}))


def _airflow(arguments: list[str]) -> None:
    subprocess.run(["airflow", *arguments], check=True)


if __name__ == "__main__":
    main()
