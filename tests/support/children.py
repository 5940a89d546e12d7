"""A task's work in a real process of its own, which dies where a test wants it to.

The processes are forked from one that has imported everything, as Airflow's own task processes are.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import multiprocessing
import os
import pkgutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import pytest

SECONDS = 60.0
"""How long any of this may take before the test has failed."""


@dataclass(frozen=True)
class Death:
    """Where a process is killed (SIGKILL, by itself: no finally, no farewell).

    Attributes:
        function: Dotted path of the module attribute, such as `partner_messages.message_log.outbox.claim`.
        when: Just before it is called, or just after it has returned.
        call: Of which call; the first is 1.

    Raises:
        AttributeError: There is no such function (any more): at once, not in a round that happens to choose it.
    """

    function: str
    when: str
    call: int = 1

    def __post_init__(self) -> None:
        pkgutil.resolve_name(self.function)

    def arm(self) -> None:
        """Make it so in this process."""
        module_name, _, name = self.function.rpartition(".")
        module = importlib.import_module(module_name)
        original: Callable[..., Any] = getattr(module, name)
        calls = 0

        def deadly(*given: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == self.call and self.when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*given, **more)
            if calls == self.call:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(module, name, deadly)


@dataclass
class Child:
    """A process at work.

    Attributes:
        process: The process.
        pid: Its id.
    """

    process: BaseProcess
    _results: Connection = field(repr=False)

    @property
    def pid(self) -> int:
        """Its id."""
        assert self.process.pid is not None
        return self.process.pid

    def kill(self) -> None:
        """Kill it now, and return when it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        self.ended()

    def ended(self) -> int:
        """Wait for its end; return its exit code, negative for a signal."""
        self.process.join(SECONDS)
        code = self.process.exitcode
        assert code is not None, "the process did not end"
        return code

    def result(self) -> Any:
        """Wait for what its work returned or raised."""
        assert self._results.poll(SECONDS), "the process never finished its work"
        try:
            returned, raised = self._results.recv()
        except EOFError:
            raise AssertionError(f"the process ended with {self.ended()}") from None
        self.ended()
        if raised is not None:
            raise raised
        return returned


@contextlib.contextmanager
def children(now: dt.datetime) -> Iterator[Callable[..., Child]]:
    """Start processes that see this one's environment and this wall clock; they end with the block.

    Yields:
        `start(work, *arguments, dies=None, with_barrier=None)`: `work` is a function of an importable module.
    """
    context = _forking()
    started: list[BaseProcess] = []

    def start(work: Callable[..., Any], *arguments: Any, dies: Death | None = None) -> Child:
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=_live, args=(sending, dict(os.environ), now, dies, work, arguments))
        process.start()
        sending.close()
        started.append(process)
        return Child(process, receiving)

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.join()
            process.close()


def _forking() -> Any:
    """Start the process that all others are forked from, if it does not run yet."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.task_work"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # It is not told of our path otherwise.
        forkserver.ensure_running()
    return context


def _live(
    results: Connection,
    environment: dict[str, str],
    now: dt.datetime,
    dies: Death | None,
    work: Callable[..., Any],
    arguments: Sequence[Any],
) -> None:
    from partner_messages.deployment import run_context

    os.environ.clear()
    os.environ.update(environment)
    run_context.wall_clock = lambda: now
    if dies:
        dies.arm()
    try:
        results.send((work(*arguments), None))
    except Exception as error:
        results.send((None, error))
