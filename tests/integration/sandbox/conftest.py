"""What the sandbox's tests share: a folder that PostgreSQL can reach, and an eye on what is left behind."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.processes import pauses
from support import programs


@pytest.fixture(autouse=True)
def no_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the embedded server; those about another one say so."""
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users may enter, which pytest's own are not."""
    made = Path(tempfile.mkdtemp(prefix="sandbox-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def left_behind() -> Iterator[Callable[[], list[str]]]:
    """Says which processes started since, directly or not, still run, even those whose parent died."""
    with programs.watching() as now:
        yield now


@pytest.fixture
def wait_for() -> Callable[[Callable[[], Any]], Any]:
    """Waits until something is true and returns it; fails after half a minute."""

    def wait(condition: Callable[[], Any]) -> Any:
        for _ in pauses(30):
            if found := condition():
                return found
        return pytest.fail("it did not come about within 30 seconds")

    return wait


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Python with the sandbox on its path; what still runs at the test's end is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        started.append(programs.start(*arguments, **environment))
        return started[-1]

    yield run
    for program in started:
        program.kill()
        program.communicate()
