"""A copy of the project that compose can bring up beside whatever runs on this machine, and what is asked of it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from sandbox import airflow_env, shop, stack
from sandbox.bench.tick import FORGET_MESSAGES
from sandbox.bench.workplace import live_settings
from sandbox.connections import connections
from sandbox.console import ADMINISTRATOR, Console, DagRun
from sandbox.containers import counting
from sandbox.containers.bases import POSTGRES_BASE, REDIS_BASE
from sandbox.containers.engine import Compose
from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, load_accounts
from sandbox.graph_api.server import LocalGraphApi
from sandbox.processes import SandboxError, pauses

NAME = "partner-messages-tried"
FOLDERS = ("config", "dags", "include", "plugins", "sandbox")
FILES = ("docker-compose.yaml", ".env.example")
POSTGRES_PORT = 15432
AIRFLOW_ADDRESS, META_ADDRESS = "http://127.0.0.1:8080", "http://127.0.0.1:8090"
META = "demo-graph-api"
META_CPU_SHARES = 8_192
"""Eight times those of any other container."""
UID = "12345"
"""AIRFLOW_UID: a user whom the image does not know."""
UP_SECONDS = 600.0
RUN_SECONDS = 1_800.0
LOOK_SECONDS = 0.2
MAY_BE_EMPTY = {"FLOWER_BASIC_AUTH"}


def lay_project(folder: Path) -> None:
    """Lay the project, as it is here, into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in FOLDERS:
        shutil.copytree(airflow_env.PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copyfile(airflow_env.PROJECT / name, folder / name)


def filled_in(example: str, **values: str) -> str:
    """An `.env` made of `.env.example`: these values, and one for every other secret."""

    def line(given: str) -> str:
        name, equals, value = given.partition("=")
        if not equals or given.startswith("#"):
            return given
        secret = _secret(name) if value == "" and name not in MAY_BE_EMPTY else value
        return f"{name}={values.get(name, secret)}"

    return "".join(f"{line(one)}\n" for one in example.splitlines())


def _secret(name: str) -> str:
    fernet = airflow_env.new_secrets()["AIRFLOW__CORE__FERNET_KEY"]
    return fernet if name == "AIRFLOW_FERNET_KEY" else secrets.token_hex(32)


def write_env(folder: Path) -> None:
    """Write the project's `.env`, and the compose file that puts home-made images in place of the official ones."""
    given = {
        "_AIRFLOW_WWW_USER_PASSWORD": airflow_env.password_of(ADMINISTRATOR),
        "AIRFLOW_UID": UID,
        "INITIAL_SETTINGS": f"'{json.dumps(variables(delivery='dry_run'))}'",
    }
    (folder / ".env").write_text(filled_in((folder / ".env.example").read_text(), **given))
    services = {
        "postgres": {"image": POSTGRES_BASE.tag, "ports": [f"127.0.0.1:{POSTGRES_PORT}:5432"]},
        "databases": {"image": POSTGRES_BASE.tag},
        "redis": {"image": REDIS_BASE.tag},
        # Meta shares no processor with us: kept waiting, its stand-in would take what came bit by bit for a burst.
        META: {"cpu_shares": META_CPU_SHARES},
    }
    (folder / "override.yaml").write_text(json.dumps({"services": services}))


def env_of(folder: Path) -> dict[str, str]:
    """What a project's `.env` has."""
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.partition("=")[::2] for line in lines if "=" in line and not line.startswith("#"))


@dataclass(frozen=True)
class Tried:
    """A compose project that is up.

    Attributes:
        compose: Its commands.
        console: Airflow's REST API.
        api: The local Graph API.
    """

    compose: Compose
    console: Console
    api: LocalGraphApi

    @property
    def password(self) -> str:
        """PostgreSQL's."""
        return env_of(self.compose.folder)["POSTGRES_PASSWORD"]

    def url_of(self, database: str) -> str:
        """Where a database of the project is, from here."""
        return f"postgresql://airflow:{self.password}@127.0.0.1:{POSTGRES_PORT}/{database}"

    def make_shop(self, stuck: int) -> None:
        """Make a shop of ten times as many runs, an empty message log of today and a Graph API that took nothing."""
        now = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
        shop.load_bench(self.url_of(stack.SHOP), now, runs=10 * stuck, stuck=stuck, partners=min(stuck, 2_000))
        self.forget()

    def set_rate(self, per_second: int) -> None:
        """Let the Indian number, from which the bench's partners are written to, send so many messages a second."""
        sender = connections(shop_url="", message_log_url="", graph_api_url="")["whatsapp_in"]
        extra = sender["extra"] | {"messages_per_second": per_second}
        self.console.set_extra("whatsapp_in", sender["conn_type"], extra)

    def forget(self) -> None:
        """Let the day begin anew, at the message log and at the Graph API."""
        if self.rows("SELECT FROM pg_namespace WHERE nspname = 'partner_messages'"):
            with psycopg.connect(self.url_of("messages"), autocommit=True) as log:
                log.execute(FORGET_MESSAGES.read_bytes())
        self.api.reset()

    def in_postgres(self, program: str, *arguments: str, stdin: str | None = None) -> str:
        """Run one of PostgreSQL's programs in its container."""
        password = f"PGPASSWORD={self.password}"
        return self.compose(
            "exec", "-T", "--env", password, "postgres", program, "--username=airflow", *arguments, stdin=stdin
        )

    def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        """What the message log answers."""
        with psycopg.connect(self.url_of("messages"), autocommit=True, row_factory=dict_row) as log:
            return log.execute(query).fetchall()

    def until_requested(self, number: int) -> None:
        """Wait until the Graph API was asked to take so many messages."""
        for _ in pauses(UP_SECONDS, longest=LOOK_SECONDS):
            if self.requested() >= number:
                return
        raise SandboxError(f"{number} requests never came.")

    def requested(self) -> int:
        """How many messages the Graph API was asked to take."""
        return int(self.api.requests(last=0)["by_operation"].get("send_message", 0))

    def until_over(self, run_id: str, dag_id: str = stack.DAG) -> DagRun:
        """Wait for a DAG run's end, whatever is restarted meanwhile."""
        for _ in pauses(RUN_SECONDS, longest=1):
            with contextlib.suppress(OSError, SandboxError):
                if run := self.console.over(dag_id, run_id):
                    return run
        raise SandboxError(f"The run {run_id} of {dag_id} was not over after {RUN_SECONDS:.0f} seconds.")

    def counted(self) -> counting.Count:
        """What became of the day's messages."""
        rows = self.rows(
            # What Meta has taken, and says later that it could not deliver, has a row like any other.
            "SELECT id::text, CASE WHEN meta_message_id IS NULL THEN status ELSE 'sent' END AS status"
            " FROM partner_messages.message_log WHERE status NOT IN ('skipped', 'rehearsed')"
        )
        taken = [message["biz_opaque_callback_data"] for message in self.api.outbox()]
        return counting.count(taken, {row["id"]: row["status"] for row in rows})


@contextlib.contextmanager
def brought_up(folder: Path, profiles: Sequence[str], changed: Mapping[str, str] | None = None) -> Iterator[Tried]:
    """Bring all services of these profiles up, and Meta's stand-in; with the block they end, but not their volumes.

    Args:
        folder: From `lay_project` and `write_env`.
        profiles: Of compose.
        changed: Variables that win over those of `.env`.
    """
    compose = Compose(NAME, folder, {"COMPOSE_PROFILES": ",".join(profiles), **(changed or {})})
    try:
        compose("up", "--detach", "--no-build")
        compose("up", "--detach", "--wait", "--no-build", "--no-recreate", META)
        yield Tried(compose, _console(compose), LocalGraphApi(META_ADDRESS, load_accounts(SAMPLE_ACCOUNTS)))
    finally:
        (folder.parent / f"{folder.name}.log").write_text(compose.logs())
        compose("--profile", "*", "down", "--timeout", "30")


@contextlib.contextmanager
def afterwards_gone(folder: Path) -> Iterator[None]:
    """Begin without volumes, and take them away when the block ends."""
    take_away = ("--profile", "*", "down", "--volumes", "--timeout", "5")
    Compose(NAME, folder, {})(*take_away)
    try:
        yield
    finally:
        Compose(NAME, folder, {})(*take_away)


def _console(compose: Compose) -> Console:
    """Log in as soon as Airflow is there with its DAGs."""
    for _ in pauses(UP_SECONDS, longest=2):
        with contextlib.suppress(OSError, SandboxError):
            console = Console(AIRFLOW_ADDRESS, check=lambda: None)
            console.unpause(stack.DAG)
            return console
    raise SandboxError(f"Airflow was not there after {UP_SECONDS:.0f} seconds: {compose('ps', '--all')}")


def variables(**settings: Any) -> Mapping[str, Any]:
    """The Variable `partner_messages` of a scenario."""
    return live_settings(task_each_up_to=0, **settings)
