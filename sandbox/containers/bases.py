"""Base images from Debian's packages alone, for machines that reach no image registry.

Who deploys uses the official images that Dockerfile and docker-compose.yaml name; these stand in for them while the
rest is tried. They need root, `debootstrap` and Debian's archive.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.containers.engine import docker
from sandbox.processes import SandboxError

PREFIX = "partner-messages-base"
FROM_THIS_MACHINE = ("etc/pip.conf", "etc/ssl/certs/ca-certificates.crt")
"""How this machine reaches its package index; the image is built with the same."""
ENTRYPOINT = Path("usr/local/bin/entrypoint-of-the-base")

POSTGRES = """#!/bin/sh -e
# As the official image: a user, its password and its database from the environment; data in /var/lib/postgresql.
[ "$1" = postgres ] || exec "$@"
data=/var/lib/postgresql/data
if [ ! -s "$data/PG_VERSION" ]; then
    install -d -o postgres -m 700 "$data"
    printf %s "$POSTGRES_PASSWORD" > /tmp/password
    gosu postgres initdb --pgdata="$data" --username="$POSTGRES_USER" --pwfile=/tmp/password --auth=scram-sha-256 \\
        --encoding=UTF8 --locale=C.UTF-8
    rm /tmp/password
    echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
    echo "CREATE DATABASE $POSTGRES_DB" | gosu postgres postgres --single -D "$data" postgres
fi
install -d -o postgres /var/run/postgresql
exec gosu postgres postgres -D "$data" -c listen_addresses='*'
"""
REDIS = """#!/bin/sh -e
# As the official image: it answers other containers, and keeps its data in /data.
[ "$1" = redis-server ] || exec "$@"
exec "$@" --protected-mode no --dir /data
"""


@dataclass(frozen=True)
class Base:
    """An image to be made.

    Attributes:
        name: What it stands in for.
        suite: Debian's release.
        packages: Beside the smallest system.
        entrypoint: Its entrypoint's text; empty for none.
        changes: Dockerfile instructions.
        finish: What is changed in its root folder.
    """

    name: str
    suite: str
    packages: tuple[str, ...]
    entrypoint: str = ""
    changes: tuple[str, ...] = ()
    finish: Callable[[Path], None] = lambda _: None

    @property
    def tag(self) -> str:
        """The image's name."""
        return f"{PREFIX}-{self.name}"


def _let_pip_install(root: Path) -> None:
    (root / "usr/bin/python").symlink_to("python3")
    for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    for name in FROM_THIS_MACHINE:
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(Path("/", name), root / name)


def _make_data_folder(root: Path) -> None:
    (root / "data").mkdir()


PYTHON_BASE = Base(
    "python",
    "bookworm",
    ("ca-certificates", "python3", "python3-pip"),
    changes=("ENV UV_SYSTEM_CERTS=1", f"ENV SSL_CERT_FILE=/{FROM_THIS_MACHINE[1]}"),
    finish=_let_pip_install,
)
POSTGRES_BASE = Base(
    "postgres",
    "sid",
    ("gosu", "postgresql-18"),
    POSTGRES,
    ('CMD ["postgres"]', "ENV PATH=/usr/lib/postgresql/18/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"),
)
REDIS_BASE = Base("redis", "bookworm", ("redis-server",), REDIS, ('CMD ["redis-server"]',), _make_data_folder)
BASES = (PYTHON_BASE, POSTGRES_BASE, REDIS_BASE)


def make(base: Base) -> None:
    """Make a base image, unless the engine has it already.

    Raises:
        SandboxError: There is no debootstrap, or it failed.
    """
    if docker("images", "--quiet", base.tag):
        return
    if not shutil.which("debootstrap"):
        raise SandboxError(f"Base images are made by debootstrap, which is not here; install it, or tag {base.tag}.")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(base.packages)}", base.suite, str(root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SandboxError(f"debootstrap could not make {base.tag}: {done.stdout[-800:]}{done.stderr[-400:]}")
        base.finish(root)
        changes = base.changes
        if base.entrypoint:
            (root / ENTRYPOINT).write_text(base.entrypoint)
            (root / ENTRYPOINT).chmod(0o755)
            changes = (f'ENTRYPOINT ["/{ENTRYPOINT}"]', *changes)
        tar = Path(folder) / "root.tar"
        subprocess.run(
            ["tar", "--create", "--numeric-owner", "--file", str(tar), "--directory", str(root), "."], check=True
        )
        docker("import", *(part for change in changes for part in ("--change", change)), str(tar), base.tag)
