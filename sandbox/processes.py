"""Child processes that never outlive us, and signals that unwind the program instead of cutting it off."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

KEEPER = Path(__file__).with_name("keeper.py")
FIRST_POLL_SECONDS = 0.01


class SandboxError(RuntimeError):
    """What can be expected to go wrong; the message is for the person at the terminal."""


class ProcessFailedError(SandboxError):
    """A child process ended when it should not have; the message names it and shows the end of its log."""


class StoppedError(Exception):
    """A signal asked this program to stop.

    Attributes:
        signum: The signal's number; a shell expects the exit status 128 + signum.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}")
        self.signum = signum


@contextlib.contextmanager
def stopping_cleanly() -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into `StoppedError`, so that `with` blocks end what they started.

    Later signals are ignored: the ending itself is not to be cut off (each part of it has its own time limit). Main
    thread only, as signal handlers are.
    """
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(signum: int, _frame: FrameType | None) -> None:
        for name in names:
            signal.signal(name, signal.SIG_IGN)
        os.write(sys.stdout.fileno(), b"\nStopping ...\n")  # not print, which the signal may have interrupted
        raise StoppedError(signum)

    before = {name: signal.signal(name, stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def run(program: Callable[[], None]) -> int:
    """Run a whole program: signals unwind it, and what can be expected to go wrong is said without a traceback.

    Args:
        program: Does everything; when it returns, all went well.

    Returns:
        The exit status: 0, 1 after a `SandboxError`, 128 + n after signal n.
    """
    try:
        with stopping_cleanly():
            program()
    except StoppedError as stop:
        print("Stopped; everything that was started has ended.", flush=True)
        return 128 + stop.signum
    except SandboxError as error:
        print(f"\nError: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


@dataclass(frozen=True)
class Running:
    """A command that was begun.

    Attributes:
        name: What people call it, for messages.
        log: The file its output goes to.
    """

    name: str
    log: Path

    def status(self) -> int | None:
        """The command's exit status, None while it runs."""
        raise NotImplementedError

    def last_lines(self, count: int = 20) -> str:
        """The end of its log, for people."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def failure(self) -> ProcessFailedError:
        """The error to raise when it has ended as it should not, or should have ended by now."""
        status = self.status()
        happened = "did not end in time" if status is None else f"ended with status {status}"
        return ProcessFailedError(f"{self.name} {happened}; its log is {self.log} and ends:\n{self.last_lines()}")


@dataclass(frozen=True)
class Kept(Running):
    """A running command under its keeper.

    Attributes:
        keeper: The keeper's process; it ends with the command's exit status.
    """

    keeper: subprocess.Popen[bytes]

    def status(self) -> int | None:
        """The command's exit status, None while it runs."""
        return self.keeper.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the command to end by itself.

        Args:
            timeout: Seconds; None waits for ever.

        Returns:
            Its exit status.

        Raises:
            subprocess.TimeoutExpired: It still runs.
        """
        return self.keeper.wait(timeout)

    def ask_to_stop(self) -> None:
        """Tell the keeper to end the command and all it started; returns at once."""
        if self.keeper.stdin and not self.keeper.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self.keeper.stdin.write(b"\n")  # not only a close: a forked copy of us would hold the pipe open
                self.keeper.stdin.close()

    def stop(self) -> int:
        """End the command and all it started, and wait until that is done.

        Returns:
            Its exit status.
        """
        self.ask_to_stop()
        return self.keeper.wait()


@contextlib.contextmanager
def keep(
    name: str,
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    grace: float = 10,
    user: str | None = None,
) -> Iterator[Kept]:
    """Run a command for as long as the `with` block lasts; nothing of it is left behind, even if we are killed.

    Args:
        name: What people call it, for messages.
        command: Program and arguments.
        log: File that takes its output (written over).
        env: Its whole environment.
        cwd: Its working folder; ours if None.
        stop_signal: The signal that asks it to end.
        grace: Seconds it has to end before it is killed.
        user: System user to run it as (only root may ask for another one).
    """
    options = ["--parent", str(os.getpid()), "--stop-signal", str(int(stop_signal)), "--grace", str(grace)]
    if user is not None:
        options += ["--user", user]
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-I", KEEPER, *options, "--", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,  # Ctrl-C in the terminal is for us alone; we tell the keepers
        )
    kept = Kept(name, log, keeper)
    try:
        yield kept
    finally:
        kept.stop()


def pauses(timeout: float, longest: float = 0.25) -> Iterator[float]:
    """Pause between looks at something that will soon be there, a little longer each time.

    Args:
        timeout: Seconds after which the iteration ends.
        longest: Seconds of the longest pause.

    Yields:
        Seconds since the start; the first time at once.
    """
    start = time.monotonic()
    pause = FIRST_POLL_SECONDS
    while (elapsed := time.monotonic() - start) < timeout:
        yield elapsed
        time.sleep(pause)
        pause = min(pause * 1.5, longest)
