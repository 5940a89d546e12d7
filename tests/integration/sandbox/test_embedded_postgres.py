"""The embedded PostgreSQL starts anywhere, listens on loopback, and is always stopped."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

import asyncpg
import psutil
import psycopg
import psycopg2
import pytest

from sandbox import embedded, processes
from sandbox.postgres import server as postgres_server

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as somebody else")


def postmaster(url):
    with psycopg.connect(url) as connection:
        backend = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
        return psutil.Process(backend).parent()


def answers(url):
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 'yes'").fetchone() == ("yes",)


def test_every_driver_that_airflow_uses_connects(postgres):
    url = postgres.url_of("airflow")

    async def ask():
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval("SELECT 1")
        finally:
            await connection.close()

    with contextlib.closing(psycopg2.connect(url)) as old, contextlib.closing(psycopg.connect(url)) as new:
        assert not old.closed
        assert not new.closed
    assert asyncio.run(ask()) == 1


def test_it_listens_on_loopback_alone_and_wants_the_password(postgres):
    sockets = [c for c in postmaster(postgres.url).net_connections() if c.status == psutil.CONN_LISTEN]

    assert {socket.laddr.ip for socket in sockets} == {"127.0.0.1"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url_of("airflow", user="postgres", password="guessed"))


def test_it_ends_with_the_block_and_takes_its_temporary_folder_with_it():
    with postgres_server() as server:
        process = postmaster(server.url)
        data = process.cwd()

    assert not process.is_running()
    assert not os.path.exists(data)  # noqa: PTH110


def test_it_ends_when_the_block_fails():
    seen = []

    def block():
        with postgres_server() as server:
            seen.append(postmaster(server.url))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()

    assert not seen[0].is_running()


def test_data_that_is_to_be_kept_is_there_the_next_time_and_other_data_is_not(folder):
    with postgres_server(folder, keep=True) as server:
        server.create_database("kept")
    with postgres_server(folder, keep=True) as server:
        assert server.has_database("kept")
    with postgres_server(folder) as server:
        assert not server.has_database("kept")


def test_two_programs_cannot_use_one_folder(folder):
    with (
        postgres_server(folder),
        pytest.raises(embedded.PostgresError, match=f"in use by process {os.getpid()}"),
        postgres_server(folder),
    ):
        pass


START = """
import sys, time; from pathlib import Path; from sandbox import postgres
with postgres.server(Path(sys.argv[1]), keep=True) as server:
    server.create_database("before")
    print(server.url, flush=True)
    time.sleep(600)
"""


def test_a_server_whose_program_and_keeper_were_killed_is_stopped_by_the_next_start(start, folder, left_behind):
    program = start("-c", START, folder)
    leftover = postmaster(program.stdout.readline().strip())
    leftover.parent().send_signal(signal.SIGKILL)  # the keeper, or it would stop the server
    program.kill()
    program.wait()
    assert leftover.is_running()

    with postgres_server(folder, keep=True) as server:
        assert server.has_database("before")
        assert answers(server.url)
        assert not leftover.is_running() or leftover.status() == psutil.STATUS_ZOMBIE

    assert left_behind() == []


def test_a_server_that_was_killed_leaves_no_memory_in_use():
    shared = Path("/dev/shm")  # noqa: S108 - where the system has what processes share
    before = {*shared.glob("PostgreSQL.*")}

    with contextlib.suppress(psycopg.OperationalError), postgres_server() as server:
        postmaster(server.url).kill()

    assert {*shared.glob("PostgreSQL.*")} - before == set()


def test_a_stale_pid_file_that_names_a_stranger_harms_nobody(folder):
    with postgres_server(folder, keep=True):
        pass
    with processes.keep(
        "stranger", [sys.executable, "-c", "import time; time.sleep(600)"], log=folder / "log", env={}
    ) as stranger:
        (folder / "data" / "postmaster.pid").write_text(f"{stranger.keeper.pid}\n{folder / 'data'}\n")
        with postgres_server(folder, keep=True) as server:
            assert answers(server.url)
            assert stranger.status() is None


def test_an_empty_pid_file_is_no_hindrance(folder):
    with postgres_server(folder, keep=True):
        pass
    (folder / "data" / "postmaster.pid").touch()

    with postgres_server(folder, keep=True) as server:
        assert answers(server.url)


def test_data_whose_making_was_cut_off_is_made_anew(folder):
    with postgres_server(folder, keep=True):
        pass
    (folder / "password").unlink()
    (folder / "data" / "global" / "pg_control").unlink()

    with postgres_server(folder, keep=True) as server:
        assert answers(server.url)


@as_root
def test_as_root_it_runs_as_nobody(postgres):
    assert postmaster(postgres.url).username() == embedded.UNPRIVILEGED_USER


@as_root
def test_as_root_it_runs_from_copies_elsewhere_where_nobody_cannot_enter_and_removes_them(folder, monkeypatch):
    private = folder / "private"
    private.mkdir(mode=0o700)
    installed = embedded._programs(folder, None).parents[1]
    shutil.copytree(installed, private / installed.name)
    libraries = installed.with_name(f"{installed.name}.libs")
    shutil.copytree(libraries, private / libraries.name)
    monkeypatch.setattr(sys, "path", [str(private), *sys.path])

    with postgres_server(private / "data") as server:
        process = postmaster(server.url)
        workplace = (private / "data" / "elsewhere").read_text()
        assert process.exe().startswith(workplace)

    assert not os.path.exists(workplace)  # noqa: PTH110
    assert private.stat().st_mode & 0o777 == 0o700


@as_root
def test_as_root_data_is_not_kept_where_nobody_cannot_enter(folder):
    folder.chmod(0o700)

    with pytest.raises(embedded.PostgresError, match="cannot be kept in"), postgres_server(folder / "data", keep=True):
        pass


def test_a_free_port_is_the_preferred_one_or_one_after_it():
    with postgres_server() as server:
        taken = psycopg.conninfo.conninfo_to_dict(server.url)["port"]

        assert int(taken) < embedded.free_port(int(taken)) < int(taken) + 100
