"""The two wheels go together: one version, and one lock that has what both need."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import whatsapp_provider

PROJECT = Path(__file__).resolve().parents[2]
OURS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
PROVIDER = tomllib.loads((PROJECT / "plugins/whatsapp_provider/pyproject.toml").read_text())["project"]
_NAME = re.compile(r"^[A-Za-z0-9-]+")


def names(requirements):
    return {match.group() for one in requirements if (match := _NAME.match(one))}


def test_both_have_one_version():
    assert f"{PROVIDER['name']}=={whatsapp_provider.__version__}" in OURS["dependencies"]
    assert "version" in OURS["dynamic"]
    assert "version" in PROVIDER["dynamic"]


def test_the_lock_has_what_the_provider_needs():
    assert names(PROVIDER["dependencies"]) <= names(OURS["dependencies"])


def test_nothing_that_airflow_pins_is_held_down():
    bounds = [one for one in (*OURS["dependencies"], *PROVIDER["dependencies"]) if "<" in one]

    assert bounds == []


def test_what_every_airflow_command_reads_imports_nothing():
    package = PROJECT / "plugins/whatsapp_provider"
    imported = {
        name: [one.module for one in ast.parse((package / name).read_text()).body if isinstance(one, ast.ImportFrom)]
        for name in ("__init__.py", "provider_info.py", "commands.py")
    }

    assert imported == {"__init__.py": [], "provider_info.py": [], "commands.py": ["__future__", "typing"]}


def test_the_provider_is_listed_as_one():
    assert {"Framework :: Apache Airflow", "Framework :: Apache Airflow :: Provider"} <= set(PROVIDER["classifiers"])
    assert (PROJECT / "plugins/whatsapp_provider/LICENSE").read_text() == (PROJECT / "LICENSE").read_text()
