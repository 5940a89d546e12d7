"""The two wheels go together: one version, and one lock that has what both need."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

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


READ_BY_EVERY_COMMAND = {
    *("whatsapp_provider", "whatsapp_provider.provider_info", "whatsapp_provider.commands"),
    *("partner_messages", "partner_messages.commands"),
}
HEAVY = {
    *("fastapi", "holidays", "jinja2", "pendulum", "phonenumbers", "psycopg", "pydantic", "requests", "sqlalchemy"),
    *("starlette", "urllib3"),
}
"""What takes long to import, and is Airflow's own matter where Airflow has imported it."""


def test_what_every_airflow_command_reads_are_five_modules_that_import_nothing(imported):
    from airflow.cli.cli_config import GroupCommand

    importlib.import_module("whatsapp_provider.provider_info").get_provider_info()
    (group,) = importlib.import_module("whatsapp_provider.commands").airflow_commands()
    more = importlib.import_module("partner_messages.commands").own()

    assert {*imported()} == READ_BY_EVERY_COMMAND
    assert all(isinstance(one, GroupCommand) or callable(one.func) for one in (*group.subcommands, *more))
    heads = {name: [*_imports_of(module)] for name, module in imported().items()}
    assert {root for of_module in heads.values() for root in of_module} <= {"__future__", "typing"}


def test_what_every_task_of_any_dag_imports_brings_nothing_heavy(imported):
    importlib.import_module("partner_messages_plugin")

    brought = {(name, root) for name, module in imported().items() for root in _imports_of(module)}
    assert len(imported()) < 40
    assert {(name, root) for name, root in brought if root in HEAVY} == set()


def _imports_of(module):
    """What a module imports where it is imported itself, by the first part of its name."""
    for one in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
        if isinstance(one, ast.ImportFrom):
            yield one.module.partition(".")[0]
        elif isinstance(one, ast.Import):
            yield from (name.name.partition(".")[0] for name in one.names)


@pytest.mark.parametrize(
    ("installed", "refused"),
    [("3.1.8", True), ("2.11.0", True), ("3.2.0", False), ("3.10.1", False), ("4.0.0rc1", False)],
)
def test_an_airflow_that_is_too_old_is_refused_in_a_sentence(monkeypatch, imported, installed, refused):
    monkeypatch.setattr(importlib.metadata, "version", lambda _: installed)
    if not refused:
        importlib.import_module("whatsapp_provider.operators.whatsapp")
        return
    for module in ("operators.whatsapp", "hooks.whatsapp", "notifications.whatsapp"):
        with pytest.raises(RuntimeError) as error:
            importlib.import_module(f"whatsapp_provider.{module}")
        assert str(error.value) == (
            f"airflow-provider-whatsapp needs Apache Airflow 3.2 or later, and this is {installed}: upgrade Airflow, or"
            " uninstall airflow-provider-whatsapp."
        )
    importlib.import_module("whatsapp_provider.provider_info")  # Every `airflow` command reads it, and goes on.


def test_the_provider_is_listed_as_one():
    assert {"Framework :: Apache Airflow", "Framework :: Apache Airflow :: Provider"} <= set(PROVIDER["classifiers"])
    assert (PROJECT / "plugins/whatsapp_provider/LICENSE").read_text() == (PROJECT / "LICENSE").read_text()
