"""The folder that has all files of a test process: in memory, where there is room: the kernel works a quarter less."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system, not a file that others could guess
ENOUGH = 4 << 30
"""Bytes that must be free there: a whole run needs a third."""
PREFIX = "partner-messages-tests-"
LOCK = "lock"


def workplace(memory: Path = MEMORY) -> Path:
    """Make the folder; it goes when this process ends.

    What killed processes left goes first, as nobody would miss it in memory. A folder's owner holds its lock, however
    it ends.
    """
    base = memory if _has_room(memory) else Path(tempfile.gettempdir())
    for lock in base.glob(f"{PREFIX}*/{LOCK}"):
        with contextlib.suppress(OSError), lock.open() as free:
            fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    folder.chmod(0o711)  # As root, PostgreSQL runs as another user.
    draft = folder / "draft"
    fcntl.flock(os.open(draft, os.O_CREAT | os.O_RDWR), fcntl.LOCK_EX)  # Until this process ends: nobody closes it.
    draft.rename(folder / LOCK)
    # Not before: multiprocessing, imported later, has a folder there that it must find at the end.
    atexit.register(_remove, folder, os.getpid())
    return folder


def _has_room(place: Path) -> bool:
    try:
        found = os.statvfs(place)
    except OSError:
        return False
    runs_programs = not found.f_flag & os.ST_NOEXEC
    return runs_programs and os.access(place, os.W_OK) and found.f_bavail * found.f_frsize >= ENOUGH


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # A fork ends like its parent.
        shutil.rmtree(folder, ignore_errors=True)
