"""The folder of a test process: what killed ones left is removed, and nobody else's."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import workplace as places
from support.workplace import workplace


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """A folder in which there is room."""
    monkeypatch.setattr(places, "ENOUGH", 0)
    return tmp_path


def folder(memory, name):
    """What a process that is gone has left."""
    left = memory / f"{places.PREFIX}{name}"
    left.mkdir()
    (left / places.LOCK).touch()
    return left


def test_what_a_process_left_that_is_gone_is_removed_and_what_another_one_has_is_not(memory):
    left, others = folder(memory, "left"), folder(memory, "others")
    strange = memory / "strange"
    strange.mkdir()

    with (others / places.LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = workplace(memory)

    assert made.parent == memory
    assert [left.exists(), others.exists(), strange.exists(), made.exists()] == [False, True, True, True]


def test_a_process_s_folder_is_locked_while_it_lives_and_goes_with_it(memory):
    program = (
        "import sys; from pathlib import Path; from support import workplace as places; places.ENOUGH = 0\n"
        "print(places.workplace(Path(sys.argv[1])), flush=True); input()"
    )
    support = Path(places.__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", program, memory],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(support)},
    ) as process:
        made = Path(process.stdout.readline().strip())
        with (made / places.LOCK).open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process.communicate("\n")

    assert not made.exists()


@pytest.mark.parametrize("lacks", ["room", "the folder"])
def test_where_there_is_no_room_in_memory_it_is_among_the_temporary_files(memory, tmp_path, monkeypatch, lacks):
    other = tmp_path / "temporary"
    other.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(other))
    if lacks == "room":
        monkeypatch.setattr(places, "ENOUGH", 1 << 60)

    assert workplace(memory if lacks == "room" else tmp_path / "gone").parent == other
