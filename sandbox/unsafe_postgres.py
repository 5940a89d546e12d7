"""An embedded PostgreSQL that is there to be killed, started again and set back to what it was a moment ago.

Unlike the server of the tests it writes safely to the disk: what it has confirmed must survive the kill.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from sandbox import embedded


@dataclass
class UnsafePostgres:
    """One server, always at the same address.

    Attributes:
        url: The connection URL of its administrator.
    """

    url: str
    _place: embedded.Place
    _settings: Mapping[str, str]
    _port: int
    _running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def start(self) -> None:
        """Start it, where it was killed: it recovers what it had confirmed."""
        (self._place.data / "postmaster.pid").unlink(missing_ok=True)
        self._running.enter_context(embedded.listening_on(self._place, self._settings, self._port))

    def kill(self) -> None:
        """Kill all of its processes at once (SIGKILL): nothing is written any more."""
        self._signal(signal.SIGKILL)
        self._running.close()

    def remember(self) -> Path:
        """Take a copy of what is on its disk at this moment, while it is held still; return where."""
        copy = self._place.data.with_name("remembered")
        shutil.rmtree(copy, ignore_errors=True)
        self._signal(signal.SIGSTOP)
        try:
            subprocess.run(["cp", "-a", self._place.data, copy], check=True)
        finally:
            self._signal(signal.SIGCONT)
        return copy

    def fall_back_to(self, copy: Path) -> None:
        """Kill it, and promote a copy in its place, as a standby that lacked the last seconds: they are lost.

        The server's settings must have a `wal_level` of `replica`, and a `restore_command` that restores nothing.
        """
        self.kill()
        shutil.rmtree(self._place.data)
        copy.rename(self._place.data)
        signal_file = self._place.data / "recovery.signal"
        signal_file.touch()
        shutil.chown(signal_file, self._place.data.owner(), self._place.data.group())
        self.start()

    def _signal(self, what: signal.Signals) -> None:
        processes: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(int((self._place.data / "postmaster.pid").read_text().split()[0]))
            # The postmaster first: it must not answer the death of another process.
            processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, what)


_NO_ANSWER_WHILE_RECOVERING = {"hot_standby": "off"}
"""A server that is up again takes what is written to it, at once."""


@contextlib.contextmanager
def unsafe_postgres(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[UnsafePostgres]:
    """Run such a server with its data in a folder, until the block ends.

    Args:
        folder: Where data and log live.
        settings: PostgreSQL's settings that differ from the durable ones.
    """
    with embedded.made(folder, keep=False) as place:
        port = embedded.free_port()
        server = UnsafePostgres(
            place.url(port), place, {**embedded.SETTINGS, **_NO_ANSWER_WHILE_RECOVERING, **(settings or {})}, port
        )
        server.start()
        try:
            yield server
        finally:
            server.kill()
