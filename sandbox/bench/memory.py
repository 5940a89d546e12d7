"""How much memory processes take at their highest."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]

LOOK_SECONDS = 0.25


def peak_mb(process: psutil.Process) -> float:
    """The most memory (RSS) that a process has ever had, in MB; where the system does not keep that, what it has now.

    Not `ru_maxrss`, which begins with the memory of the process that started this one.

    Raises:
        psutil.NoSuchProcess: It has ended.
    """
    if sys.platform == "linux":
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            high_water = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
            if high_water:
                return int(high_water[1]) / 1024
    return float(process.memory_info().rss) / 2**20


@contextlib.contextmanager
def watching(root: psutil.Process, is_watched: Callable[[psutil.Process], bool]) -> Iterator[list[float]]:
    """Look at a process's descendants four times a second while the block runs.

    Args:
        root: Their common ancestor.
        is_watched: Which of them count.

    Yields:
        A list that holds, once the block has ended, the peak of each process that was seen, in MB.
    """
    peaks: dict[int, float] = {}
    found: list[float] = []
    over = threading.Event()

    def look() -> None:
        for process in root.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if is_watched(process):
                    peaks[process.pid] = max(peaks.get(process.pid, 0.0), peak_mb(process))

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            look()

    watcher = threading.Thread(target=watch, name="memory")
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()
        look()
        found.extend(peaks.values())
