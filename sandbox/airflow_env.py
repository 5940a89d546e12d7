"""The environment of a sandboxed Airflow: this project's DAGs, fast tasks, nothing of the caller's own Airflow."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from sandbox.embedded import HOST
from sandbox.postgres import Server

PROJECT = Path(__file__).resolve().parents[1]
SANDBOX = Path(os.environ.get("SANDBOX_FOLDER", PROJECT / ".sandbox"))
"""Where programs of the sandbox keep logs and data; `make clean` removes it."""
AIRFLOW_CONFIG = PROJECT / "config"
METADATA = "airflow"
"""The database of Airflow itself."""

USERS = {"admin": "admin", "ops": "op", "viewer": "viewer"}
"""Who may log in, and their role in Airflow; the password is `password_of` the name."""

KEPT = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TERM", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""All that the caller's environment hands on; its AIRFLOW_*, PYTHON*, PG* or proxy variables would change what runs."""

FAST_MAPPED_TASKS = {
    "AIRFLOW__CORE__PARALLELISM": "8",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # a worker holds its slot up to this long after its task ended
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY": "64",
}
"""What makes mapped tasks fast on two cores: a hundred no-ops take 10 instead of 17 seconds."""


def base_environment() -> dict[str, str]:
    """The environment of every program the sandbox starts."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(AIRFLOW_CONFIG),
        "NO_PROXY": f"{HOST},localhost",
    }


def airflow_environment(home: Path, metadata: Server, secret_settings: dict[str, str], *, port: int) -> dict[str, str]:
    """The environment of an Airflow process.

    Args:
        home: Its AIRFLOW_HOME; made if missing, with the users' passwords in it.
        metadata: The server with its database `airflow`.
        secret_settings: From `new_secrets`; the same for all processes of one Airflow.
        port: Where its API server listens, on loopback.
    """
    home.mkdir(parents=True, exist_ok=True)
    passwords = home / "passwords.json"
    passwords.touch(mode=0o600)
    passwords.write_text(json.dumps({name: password_of(name) for name in USERS}))
    address = f"http://{HOST}:{port}"
    return {
        **base_environment(),
        **FAST_MAPPED_TASKS,
        **secret_settings,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata.url_of(METADATA, scheme="postgresql+psycopg2"),
        # asyncpg has its own word for the one option that a DATABASE_URL is likely to bring.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata.url_of(METADATA, scheme="postgresql+asyncpg").replace(
            "sslmode=", "ssl="
        ),
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",  # seconds until a new DAG file is seen
        # Seconds until a DAG file is read again that has not changed; every 30 it would keep a tenth of a core busy.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "PARTNER_MESSAGES_OWNER_LINK": "operations@example.com",
    }


def new_secrets() -> dict[str, str]:
    """Fresh keys for one Airflow; whoever keeps its data keeps these too, for they decrypt its connections."""
    return {
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
    }


def password_of(user: str) -> str:
    """The sandbox password of a user: nothing secret, everything here listens on loopback."""
    return f"{user}-sandbox"
