"""A PostgreSQL server for as long as a `with` block lasts: the embedded one, or the one `DATABASE_URL` names.

How the embedded one is started and stopped is `embedded.py`'s matter; this module makes databases and roles on either.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from sandbox import embedded

OURS_ELSEWHERE = "partner_messages_sandbox"
"""What every database and role is called first on a server that is not our own."""
PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")

_COPIES_FILES = 150_000
"""The version of PostgreSQL that can be told how to copy a database."""


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL server and the right to make databases on it.

    Attributes:
        url: Connection URL of an administrator, database included.
        prefix: What stands before every database's and role's name on this server ("" on the embedded one).
    """

    url: str
    prefix: str = ""
    _made: list[str] = field(default_factory=list, repr=False, compare=False)
    _sessions: list[psycopg.Connection[tuple[object, ...]]] = field(default_factory=list, repr=False, compare=False)

    def name_of(self, name: str) -> str:
        """The real name on this server of what the sandbox calls `name`.

        Raises:
            ValueError: It is not a plain lower-case name.
        """
        if not PLAIN_NAME.fullmatch(name):
            raise ValueError(f"The sandbox's database or role name {name!r} must match {PLAIN_NAME.pattern}.")
        return f"{self.prefix}_{name}" if self.prefix else name

    def url_of(
        self, database: str, *, user: str | None = None, password: str | None = None, scheme: str = "postgresql"
    ) -> str:
        """The connection URL of a sandbox database.

        Args:
            database: Its name in the sandbox.
            user: Real name of the role to connect as; the administrator if None.
            password: That role's.
            scheme: Such as `postgresql+psycopg2`, for SQLAlchemy.
        """
        parts = urlsplit(self.url)
        _, _, place = parts.netloc.rpartition("@")
        netloc = parts.netloc if user is None else f"{quote(user)}:{quote(password or '', safe='')}@{place}"
        return urlunsplit((scheme, netloc, f"/{self.name_of(database)}", parts.query, ""))

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Make a database; one of that name from before is dropped, with its connections.

        Args:
            name: Its name in the sandbox.
            template: A sandbox database to copy, in some tens of milliseconds; nobody may be connected to it.

        Returns:
            Its connection URL, as the administrator.
        """
        database = self.name_of(name)
        source = self.name_of(template) if template else "template0"
        with self._administer() as connection:
            _drop(connection, database)
            # Twice as fast as through the write-ahead log.
            by_file = template and connection.info.server_version >= _COPIES_FILES
            how = sql.SQL("STRATEGY FILE_COPY" if by_file else "")
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} {}").format(
                    sql.Identifier(database), sql.Identifier(source), how
                )
            )
        self._made.append(database)
        return self.url_of(name)

    def has_database(self, name: str) -> bool:
        """Whether there is a sandbox database of this name."""
        with self._administer() as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [self.name_of(name)]).fetchone()
        return found is not None

    def drop_database(self, name: str) -> None:
        """Drop a sandbox database with its connections, if it is there."""
        with self._administer() as connection:
            _drop(connection, self.name_of(name))

    def create_role(self, name: str, password: str) -> str:
        """Make a role that may log in; one of that name from before gets this password.

        Returns:
            Its real name on this server.
        """
        role = self.name_of(name)
        with self._administer() as connection:
            there = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                    sql.SQL("CREATE" if there is None else "ALTER"), sql.Identifier(role), sql.Literal(password)
                )
            )
        return role

    def drop_what_was_made(self) -> None:
        """Drop every database this object made, for a server that goes on without us."""
        with self._administer() as connection:
            for database in self._made:
                _drop(connection, database)

    @contextlib.contextmanager
    def _administer(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """One session for all that is asked of the server: a new one costs a quarter of making a database."""
        if not self._sessions or self._sessions[0].closed:
            self._sessions[:] = [psycopg.connect(self.url, autocommit=True)]
        try:
            yield self._sessions[0]
        except psycopg.OperationalError:
            self.close()
            raise

    def close(self) -> None:
        """End the session with the server; the next question opens another one."""
        while self._sessions:
            self._sessions.pop().close()


def _drop(connection: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _check_rights(url: str) -> None:
    """See that the server can be reached and that its user may make databases and roles."""
    query = "SELECT rolsuper OR (rolcreatedb AND rolcreaterole) FROM pg_roles WHERE rolname = current_user"
    try:
        with psycopg.connect(url) as connection:
            allowed = connection.execute(query).fetchone()
    except psycopg.OperationalError as error:
        raise embedded.PostgresError(f"DATABASE_URL cannot be used: {error}") from None
    if allowed is None or not allowed[0]:
        raise embedded.PostgresError("DATABASE_URL's user needs the rights CREATEDB and CREATEROLE; grant them to it.")


@contextlib.contextmanager
def server(folder: Path | None = None, *, keep: bool = False, label: str = "") -> Iterator[Server]:
    """Give a PostgreSQL server, on loopback, and stop it however the block ends.

    With `DATABASE_URL` in the environment no server is started: the databases are made on that one, are called
    `partner_messages_sandbox_…` there, and are dropped at the end.

    Args:
        folder: Where data and log live; a temporary folder if None.
        keep: Go on with the data that is there and leave it there; otherwise each time begins with an empty server.
        label: Becomes part of the names on a `DATABASE_URL` server, so that two test processes do not meet there.

    Raises:
        embedded.PostgresError: It cannot start, or another program uses the folder.
    """
    if elsewhere := os.environ.get("DATABASE_URL"):
        url = re.sub(r"^postgres(ql)?(\+\w+)?:", "postgresql:", elsewhere)
        guest = Server(url, prefix="_".join(filter(None, [OURS_ELSEWHERE, label])))
        _check_rights(url)
        try:
            yield guest
        finally:
            if not keep:
                guest.drop_what_was_made()
                guest.close()
        return
    with contextlib.ExitStack() as ending:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="sandbox-postgres-"))
            ending.callback(shutil.rmtree, folder, ignore_errors=True)
        with contextlib.closing(Server(ending.enter_context(embedded.running(folder, keep=keep)))) as ours:
            yield ours
