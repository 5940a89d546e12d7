"""A Redis server on loopback for as long as a `with` block lasts: what hands tasks to Celery's workers."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from sandbox import embedded, processes

PROGRAM = "redis-server"
"""Debian's package of that name has it."""
START_SECONDS = 30.0


def why_not() -> str | None:
    """Why no broker can be started here; None if one can."""
    return None if shutil.which(PROGRAM) else f"there is no {PROGRAM} here: Debian's package of that name has it"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Start Redis with nothing in it; yield its URL.

    Args:
        folder: Takes its log.

    Raises:
        processes.ProcessFailedError: It ended, or did not listen in time.
    """
    port = embedded.free_port()
    options = {"--bind": embedded.HOST, "--port": str(port), "--save": "", "--dir": str(folder)}
    command = [PROGRAM, *(part for option in options.items() for part in option)]
    with processes.keep("Redis", command, env=embedded.ENVIRONMENT, log=folder / "redis.log") as server:
        for _ in processes.pauses(START_SECONDS):
            if server.status() is not None:
                raise server.failure()
            with contextlib.suppress(OSError), socket.create_connection((embedded.HOST, port), timeout=1):
                break
        else:
            raise server.failure()
        yield f"redis://{embedded.HOST}:{port}/0"
