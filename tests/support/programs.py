"""Programs that a test starts, and an eye on what they leave behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.keeper import PR_SET_CHILD_SUBREAPER

PROJECT = Path(__file__).resolve().parents[2]


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start Python with the sandbox on its path."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}/plugins:{PROJECT}", **environment},
    )


@contextlib.contextmanager
def watching() -> Iterator[Callable[[], list[str]]]:
    """Say which processes started since, directly or not, still run, even those whose parent died."""
    if sys.platform != "linux":
        pytest.skip("orphans can only be followed on Linux")
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def now() -> list[str]:
        found = []
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.pid not in before and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
        return found

    yield now
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
