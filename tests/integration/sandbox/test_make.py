"""The Makefile on machines that are not as it hopes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
TARGETS = {"help", "venv", "demo", "up", "test", "lint", "bench", "clean"}
PRETENDS_TO_BE_OLD = """#!/bin/sh
exec {python} -c 'import sys; sys.version_info = (3, 10, 4); sys.version = "3.10.4 (old)"; exec(sys.argv[1])' "$2"
"""


LACKS_ENSUREPIP = """#!/bin/sh
[ "$2" = "import ensurepip" ] && exit 1
exec {python} "$@"
"""


def make(*arguments, cwd=PROJECT, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["/usr/bin/env", "make", *arguments],
        cwd=cwd,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def fresh(tmp_path):
    """A project in which nothing was installed yet."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    return tmp_path


@pytest.fixture
def bare_python(tmp_path_factory):
    """A Python without ensurepip, as Debian's is; it also makes its environment in no time."""
    script = tmp_path_factory.mktemp("bin") / "bare-python"
    script.write_text(LACKS_ENSUREPIP.format(python=sys.executable))
    script.chmod(0o755)
    return script


def test_make_alone_lists_every_target():
    listed = make().stdout

    assert set(re.findall(r"^  make (\S+) +\S", listed, re.MULTILINE)) >= TARGETS


@pytest.mark.parametrize(
    "name", ["AIRFLOW__CORE__EXECUTOR", "AIRFLOW_HOME", "_AIRFLOW_X", "PYTHONDONTWRITEBYTECODE", "PGHOST", "PIP_USER"]
)
def test_the_callers_own_variables_do_not_reach_what_make_runs(name):
    shown = make(
        "--eval=show: ; @env", "show", **{name: "1", "PYTHONPATH": "/foreign", "KEEP": "1"}
    ).stdout.splitlines()

    assert f"{name}=1" not in shown
    assert "PYTHONPATH=plugins:." in shown
    assert "KEEP=1" in shown


def test_a_python_that_is_too_old_is_named_in_one_sentence(fresh):
    old = fresh / "old-python"
    old.write_text(PRETENDS_TO_BE_OLD.format(python=sys.executable))
    old.chmod(0o755)

    ended = make("venv", f"PYTHON={old}", cwd=fresh)

    assert ended.returncode != 0
    assert f"{old} is Python 3.10.4, but 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=python3.12" in ended.stderr
    assert not (fresh / ".venv").exists()


def test_a_python_that_is_not_there_is_named_in_one_sentence(fresh):
    ended = make("venv", "PYTHON=no-such-python", cwd=fresh)

    assert ended.returncode != 0
    assert "There is no no-such-python; install Python 3.11, 3.12 or 3.13" in ended.stdout


def written_later(fresh, requirements):
    """Write the requirements, at a time after the environment was made."""
    made = (fresh / ".venv" / "ready").stat().st_mtime
    (fresh / "requirements.txt").write_text(requirements)
    os.utime(fresh / "requirements.txt", (made + 1, made + 1))


def test_the_environment_is_made_once_and_again_when_the_requirements_change(fresh, bare_python):
    def is_made():
        return "Installing" in make("venv", f"PYTHON={bare_python}", cwd=fresh).stdout

    assert is_made()
    assert not is_made()
    written_later(fresh, "")
    assert not is_made()
    written_later(fresh, "# other ones\n")
    assert is_made()
    assert not is_made()


@pytest.fixture
def linked(fresh, bare_python, tmp_path_factory):
    """A second checkout, later than the first, whose `.venv` is a link to the first one's."""
    made = make("venv", f"PYTHON={bare_python}", cwd=fresh)
    assert made.returncode == 0, made.stderr
    second = tmp_path_factory.mktemp("second")
    shutil.copy(fresh / "Makefile", second)
    (second / ".venv").symlink_to(fresh / ".venv")
    written_later(fresh, "")
    shutil.copy2(fresh / "requirements.txt", second)
    return second


def files_of(folder):
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}


def test_an_environment_that_is_linked_is_used_for_the_same_requirements(linked, fresh, bare_python):
    before = files_of(fresh)

    ended = make("venv", f"PYTHON={bare_python}", cwd=linked)

    assert ended.returncode == 0, ended.stdout
    assert "Installing" not in ended.stdout
    assert files_of(fresh) == before


def test_an_environment_that_is_linked_is_not_emptied_for_other_requirements(linked, fresh, bare_python):
    (linked / "requirements.txt").write_text("# other ones\n")
    later = (fresh / "requirements.txt").stat().st_mtime
    os.utime(linked / "requirements.txt", (later, later))
    before = files_of(fresh)

    ended = make("venv", f"PYTHON={bare_python}", cwd=linked)

    assert ended.returncode != 0
    assert f".venv is a link to {fresh}/.venv, which was not made from this requirements.txt" in ended.stdout
    assert "Installing" not in ended.stdout
    assert files_of(fresh) == before


def test_an_environment_is_not_made_through_a_link_that_leads_nowhere(fresh, bare_python):
    (fresh / ".venv").symlink_to(fresh / "away")

    ended = make("venv", f"PYTHON={bare_python}", cwd=fresh)

    assert ended.returncode != 0
    assert f".venv is a link to {fresh}/away, which was not made from this requirements.txt" in ended.stdout
    assert not (fresh / "away").exists()


def test_clean_removes_a_link_and_leaves_what_it_leads_to(linked, fresh):
    before = files_of(fresh)

    assert make("clean", cwd=linked).returncode == 0
    assert not (linked / ".venv").is_symlink()
    assert files_of(fresh) == before


def test_without_ensurepip_the_pip_of_the_python_is_used(fresh, bare_python):
    ended = make("venv", f"PYTHON={bare_python}", cwd=fresh)

    assert ended.returncode == 0, ended.stderr
    assert not (fresh / ".venv" / "bin" / "pip").exists()


def test_clean_removes_what_the_others_leave(fresh, bare_python):
    make("venv", f"PYTHON={bare_python}", cwd=fresh)
    (fresh / ".sandbox").mkdir()

    assert make("clean", cwd=fresh).returncode == 0
    assert {path.name for path in fresh.iterdir()} == {"Makefile", "requirements.txt"}
