"""An Airflow that is too old, and packages that are missing, are named in a sentence, whatever is started first."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import runpy
import sys
import tomllib
import types
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
OURS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
PROVIDER = tomllib.loads((PROJECT / "plugins/whatsapp_provider/pyproject.toml").read_text())["project"]
OF_AIRFLOW = [str(path.relative_to(PROJECT)) for path in sorted((PROJECT / "dags").glob("*.py"))]
OF_AIRFLOW.append("plugins/partner_messages_plugin.py")
TWINS = {
    "partner_messages": ["halt", "--by", "me", "--why", "a drill"],
    "partner_messages.webhook": ["--help"],
    "whatsapp_provider": ["check"],
}
WHEELS = {"partner_messages": "partner-messages", "whatsapp_provider": "airflow-provider-whatsapp"}
COPIED_BESIDE = {"holidays": "holidays", "jwt": "PyJWT", "phonenumbers": "phonenumbers"}
"""What the README has people install where the folders are copied, by the name under which it is imported."""


def start(path_or_module):
    """Start a file or `python -m`, as Airflow or a person does, and return the sentence with which it is refused."""
    if path_or_module.endswith(".py"):
        with pytest.raises(RuntimeError) as refused:
            runpy.run_path(str(PROJECT / path_or_module))
    else:
        sys.argv[1:] = TWINS[path_or_module]
        with pytest.raises(SystemExit) as refused:
            runpy.run_module(path_or_module, run_name="__main__", alter_sys=False)
    return str(refused.value)


@pytest.fixture
def without_airflow_s_sdk(monkeypatch, imported):
    """An Airflow 3.1, of whose SDK nothing can be imported: what it lacks is then not the first thing to be seen."""
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "3.1.8")
    for name in [name for name in sys.modules if name.startswith("airflow.sdk.")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "airflow.sdk", types.ModuleType("airflow.sdk"))
    monkeypatch.setattr(sys, "argv", ["started"])


@pytest.mark.parametrize("started", [*OF_AIRFLOW, *TWINS])
def test_an_old_airflow_is_refused_before_what_it_lacks_is_imported(without_airflow_s_sdk, started):
    refused = start(started)

    package = WHEELS["whatsapp_provider" if started == "whatsapp_provider" else "partner_messages"]
    assert refused.startswith(f"{package} needs Apache Airflow 3.")
    assert refused.endswith(f" or later, and this is 3.1.8: upgrade Airflow, or uninstall {package}.")


def test_a_hook_refuses_an_old_airflow_before_what_it_lacks_is_imported(without_airflow_s_sdk):
    with pytest.raises(RuntimeError, match=r"^airflow-provider-whatsapp needs Apache Airflow 3\.2 or later"):
        importlib.import_module("whatsapp_provider.connections")


@pytest.mark.parametrize("started", [*OF_AIRFLOW, *TWINS])
def test_packages_that_are_missing_are_named_with_what_installs_them(monkeypatch, imported, started):
    monkeypatch.setattr(sys, "argv", ["started"])
    for name in COPIED_BESIDE:
        monkeypatch.setitem(sys.modules, name, None)

    refused = start(started)

    assert refused == (
        "airflow-provider-whatsapp needs phonenumbers, which is not installed: pip install phonenumbers."
        if started == "whatsapp_provider"
        else "partner-messages needs holidays, PyJWT, phonenumbers, which are not installed:"
        " pip install holidays PyJWT phonenumbers."
    )


@pytest.mark.parametrize("provider", ["http", "postgres"])
def test_a_provider_of_airflow_that_is_missing_is_named_too(monkeypatch, imported, provider):
    for name in [f"airflow.providers.{provider}", *sys.modules]:
        if name.startswith(f"airflow.providers.{provider}"):
            monkeypatch.setitem(sys.modules, name, None)

    assert start(OF_AIRFLOW[0]) == (
        f"partner-messages needs apache-airflow-providers-{provider}, which is not installed:"
        f" pip install apache-airflow-providers-{provider}."
    )


def test_where_no_provider_of_airflow_is_installed_they_are_missing(monkeypatch):
    from whatsapp_provider.needed_airflow import check_airflow

    with pytest.raises(RuntimeError, match=r"^a wheel needs one, two, which are not installed: pip install one two\.$"):
        check_airflow("a wheel", packages={"no_such_folder.one": "one", "no_such_package": "two"})


def test_readme_and_docs_name_what_is_looked_for():
    from partner_messages.deployment.needed import PACKAGES

    beside = {name: package for name, package in PACKAGES.items() if not name.startswith("airflow.")}
    assert beside == COPIED_BESIDE
    for page in ("README.md", "docs/deployment.md"):
        (line,) = [line for line in (PROJECT / page).read_text().splitlines() if "phonenumbers" in line]
        assert [package for package in COPIED_BESIDE.values() if package not in line] == []
    needed = {re.split(r"[\[=<>]", one)[0].lower() for one in OURS["dependencies"]}
    assert {package.lower() for package in PACKAGES.values()} <= needed


@pytest.mark.parametrize("project", [OURS, PROVIDER], ids=lambda project: project["name"])
def test_pin_refusal_and_docs_name_the_same_airflow(project):
    from partner_messages.deployment import needed
    from whatsapp_provider import needed_airflow

    (pin,) = [one for one in project["dependencies"] if one.startswith("apache-airflow>")]
    oldest = {OURS["name"]: needed.OLDEST, PROVIDER["name"]: needed_airflow.OLDEST}[project["name"]]
    version = ".".join(map(str, oldest))
    assert pin == f"apache-airflow>={version}"
    said = (PROJECT / "docs/provider.md").read_text()
    assert re.search(rf"(?:provider is|`partner-messages`) for (?:Airflow )?{re.escape(version)} and later", said)
