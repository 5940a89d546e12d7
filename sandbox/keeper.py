"""Runs one command and lets nothing of it outlive the program that asked for it.

Started by `processes.keep`, never by hand. The command is ended, with everything it started, when the asking program
says so (it writes to our standard input or closes it) or is gone, even by `kill -9`. On Linux the keeper is a "child
subreaper": a process whose parent died becomes the keeper's own child, so every grandchild is found, whatever process
group or session it moved to. It imports nothing of this project, so that it runs by its path in Python's isolated mode.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import pwd
import select
import signal
import subprocess
import sys
import time
from typing import Any

import psutil  # type: ignore[import-untyped]

PARENT_CHECK_SECONDS = 1.0
REAP_PAUSE_SECONDS = 0.02
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def main() -> int:
    """Run the command to its end, or end it when it is time.

    Returns:
        The command's exit status; 128 + n when signal n ended it, as shells say it.
    """
    parser = argparse.ArgumentParser(prog="keeper", description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="process id of the program that asked")
    parser.add_argument(
        "--stop-signal", type=int, default=signal.SIGTERM, help="the signal that asks the command to end"
    )
    parser.add_argument("--grace", type=float, default=10, help="seconds the command has to end before it is killed")
    parser.add_argument("--user", help="system user to run the command as")
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args()

    adopt_orphans()
    wake_up, told_to_end = wake_up_on_signals()
    child = subprocess.Popen(
        asked.command, stdin=subprocess.DEVNULL, process_group=0, **as_user(asked.user) if asked.user else {}
    )
    while child.poll() is None and not told_to_end and os.getppid() == asked.parent:
        readable, _, _ = select.select([sys.stdin, wake_up], [], [], PARENT_CHECK_SECONDS)
        if sys.stdin in readable:
            break
        if wake_up in readable:
            os.read(wake_up, 512)
    end(child, asked.stop_signal, asked.grace)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def adopt_orphans() -> None:
    """Become the parent of each descendant whose own parent dies; where that is not possible (not Linux) it escapes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wake_up_on_signals() -> tuple[int, list[int]]:
    """Let signals end a wait.

    Returns:
        A file descriptor that becomes readable on every signal, and a list that a SIGTERM to the keeper fills.
    """
    told_to_end: list[int] = []
    receiving, sending = os.pipe()
    os.set_blocking(sending, False)
    signal.set_wakeup_fd(sending)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda signum, _: told_to_end.append(signum))
    for name in (signal.SIGINT, signal.SIGHUP):  # meant for the asking program, which will tell us
        signal.signal(name, signal.SIG_IGN)
    return receiving, told_to_end


def as_user(name: str) -> dict[str, Any]:
    """The arguments that make `Popen` start a command as that system user, with its own group and no other."""
    account = pwd.getpwnam(name)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def end(child: subprocess.Popen[bytes], stop_signal: int, grace: float) -> None:
    """Ask the command to end, wait, then kill whatever is left of it and of all it started."""
    if child.poll() is None:
        child.send_signal(stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    while family := psutil.Process().children(recursive=True):
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        child.poll()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(REAP_PAUSE_SECONDS)
    child.wait()


if __name__ == "__main__":
    sys.exit(main())
