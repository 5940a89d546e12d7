"""Airflow's plugin manager over a copy of `plugins/` that lost its hidden files on the way, and over a whole one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from airflow._shared.module_loading import find_path_from_directory

PROJECT = Path(__file__).resolve().parents[3]
DAGS = {path.stem for path in (PROJECT / "dags").glob("*.py")}

PROGRAM = """
import json, sys
from pathlib import Path
from airflow import plugins_manager as of_core
from airflow.sdk import plugins_manager as of_tasks

folder = Path(sys.argv[1])
plugins, errors = of_core._get_plugins()
errors |= of_tasks._get_plugins()[1]
files = {name: Path(getattr(module, "__file__", None) or "/") for name, module in sys.modules.items()}
ours = {name for name, file in files.items() if folder in file.parents}

from airflow.dag_processing.dagbag import DagBag

bag = DagBag(dag_folder=sys.argv[2])
from partner_messages.sending import template_operator

print(json.dumps({
    "errors": errors,
    "plugins": [plugin.name for plugin in plugins if "PLUGINS_FOLDER" in str(plugin.source)],
    "replaced": sorted(ours & set(sys.stdlib_module_names)),
    "by_their_stem": sorted(name for name in ours if not name.startswith(("partner_messages", "whatsapp_provider"))),
    "package": template_operator.__file__,
    "dag_errors": bag.import_errors,
    "dags": sorted(bag.dags),
    "sends_with_the_package": [
        task.operator_class is template_operator.WhatsAppTemplateOperator
        for dag in bag.dags.values() for task in dag.tasks if task.task_id == "send_messages"
    ],
}))
"""


def airflow_over(plugins: Path) -> dict:
    """What Airflow makes of the folder, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(plugins), str(PROJECT / "dags")],
        env={**environment, "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def copied(to: Path, *left_out: str) -> Path:
    """A copy of `plugins/` without what was left out."""
    return Path(shutil.copytree(PROJECT / "plugins", to, ignore=shutil.ignore_patterns("__pycache__", *left_out)))


def test_airflow_lives_with_every_file_imported_by_its_stem(tmp_path):
    plugins = copied(tmp_path / "plugins", ".*")

    seen = airflow_over(plugins)

    assert len(seen["by_their_stem"]) > 90
    assert seen["errors"] == {}
    assert seen["replaced"] == []
    assert len(seen["plugins"]) == len(set(seen["plugins"])) == len(list(plugins.glob("*.py")))
    assert Path(seen["package"]).is_relative_to(plugins)
    assert seen["dag_errors"] == {}
    assert set(seen["dags"]) == DAGS
    assert seen["sends_with_the_package"] == [True] * 3


@pytest.mark.parametrize("syntax", ["glob", "regexp"])
def test_the_package_carries_what_tells_airflow_to_leave_its_files_alone(tmp_path, syntax):
    plugins = copied(tmp_path / "plugins")

    found = {Path(path) for path in find_path_from_directory(plugins, ".airflowignore", syntax)}

    assert found == set(plugins.glob("*.py"))
