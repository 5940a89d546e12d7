"""Nothing that the sandbox starts outlives the program that asked for it."""

import os
import signal
import sys

import psutil
import pytest

from sandbox import processes

DETACHED_FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)


def runs(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def keep(code, log, **options):
    return processes.keep("The part", [sys.executable, "-c", code], log=log, env=os.environ, **options)


def test_a_command_ends_with_the_block_and_with_it_a_grandchild_that_moved_to_a_session_of_its_own(tmp_path, wait_for):
    with keep(DETACHED_FAMILY, tmp_path / "log") as part:
        grandchild = int(wait_for((tmp_path / "log").read_text))
        assert runs(grandchild)

    assert not runs(grandchild)
    assert part.status() is not None


def test_a_command_that_ignores_the_request_to_end_is_killed(tmp_path, wait_for):
    with keep(STUBBORN, tmp_path / "log", grace=0.1) as part:
        wait_for((tmp_path / "log").read_text)

    assert part.status() == 128 + signal.SIGKILL


def test_a_command_gets_the_signal_that_was_chosen_for_it(tmp_path, wait_for):
    code = "import signal, sys, time; signal.signal(signal.SIGINT, lambda *_: sys.exit(7)); print('ready', flush=True)"
    with keep(f"{code}; time.sleep(600)", tmp_path / "log", stop_signal=signal.SIGINT) as part:
        wait_for((tmp_path / "log").read_text)

    assert part.status() == 7


def test_a_command_that_ended_by_itself_leaves_its_status_and_its_last_words(tmp_path):
    with keep("print('first'); print('last words'); raise SystemExit(3)", tmp_path / "log") as part:
        assert part.wait(30) == 3

    assert "The part ended with status 3" in str(part.failure())
    assert part.last_lines(1) == "last words"


def test_a_command_that_should_have_ended_by_now_is_named_as_such(tmp_path):
    with keep(STUBBORN, tmp_path / "log", grace=0.1) as part:
        assert "The part did not end in time" in str(part.failure())


def test_the_family_of_a_program_that_is_killed_outright_ends_too(start, tmp_path, wait_for):
    log = tmp_path / "log"
    program = start(
        "-c",
        f"import os, sys, time; from pathlib import Path; from sandbox import processes\n"
        f"command = [sys.executable, '-c', {DETACHED_FAMILY!r}]\n"
        f"with processes.keep('x', command, log=Path({str(log)!r}), env=os.environ):\n"
        f"    time.sleep(600)",
    )
    grandchild = int(wait_for(lambda: log.exists() and log.read_text()))

    program.kill()

    wait_for(lambda: not runs(grandchild))


PROGRAM = """
import sys, time
from sandbox import processes
def program():
    try:
        print("ready", flush=True)
        time.sleep(600)
    finally:
        print("ending", flush=True)
        sys.stdin.readline()
        print("ended", flush=True)
sys.exit(processes.run(program))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_unwinds_the_program_and_a_second_one_does_not_cut_that_off(start, name):
    program = start("-c", PROGRAM)
    assert program.stdout.readline() == "ready\n"

    program.send_signal(signal.Signals[name])
    while program.stdout.readline() != "ending\n":
        pass
    program.send_signal(signal.Signals[name])
    said, _ = program.communicate("go on\n")

    assert said.startswith("ended\nStopped")
    assert program.returncode == 128 + signal.Signals[name]


def test_what_can_be_expected_to_go_wrong_is_said_without_a_traceback(capsys):
    def program():
        raise processes.SandboxError("The port is taken; choose another one.")

    assert processes.run(program) == 1
    assert capsys.readouterr().err == "\nError: The port is taken; choose another one.\n"
