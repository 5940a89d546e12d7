"""What starts tasks has imported the package before them."""

import os
import subprocess
import sys

import pytest

from sandbox.airflow_env import AIRFLOW_CONFIG, PROJECT

LOADED = """
import airflow_local_settings, sys
print(*(module in sys.modules for module in ("partner_messages.sending.batch", "aiohttp")))
if "partner_messages.sending.batch" in sys.modules:
    from partner_messages.database import named_sql
    from partner_messages.templates.catalog.installed import installed_catalog
    print(installed_catalog.cache_info().currsize, len(named_sql._environment().cache) == len(named_sql.blocks()))
"""


@pytest.mark.parametrize(
    ("command", "preloads"),
    [(["scheduler"], True), (["celery", "worker"], True), (["dag-processor"], False), (["api-server"], False)],
)
def test_the_scheduler_and_the_workers_import_what_tasks_need_and_nothing_else_does(command, preloads):
    path = os.pathsep.join(str(folder) for folder in (AIRFLOW_CONFIG, PROJECT / "plugins"))

    said = subprocess.run(
        [sys.executable, "-c", LOADED, *command],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.split() == [str(preloads), "False"] + ["1", "True"] * preloads


def test_where_include_is_missing_the_scheduler_lives_and_says_what_was_not_loaded(tmp_path):
    path = os.pathsep.join(str(folder) for folder in (AIRFLOW_CONFIG, PROJECT / "plugins"))

    said = subprocess.run(
        [sys.executable, "-c", "import airflow_local_settings", "scheduler"],
        env={**os.environ, "PYTHONPATH": path, "PARTNER_MESSAGES_INCLUDE": str(tmp_path / "nowhere")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "Not loaded before the tasks: SettingsError: There is no folder" in said.stdout + said.stderr


def test_where_a_package_is_missing_the_scheduler_lives_and_names_it():
    path = os.pathsep.join(str(folder) for folder in (AIRFLOW_CONFIG, PROJECT / "plugins"))

    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.modules['holidays'] = None; import airflow_local_settings",
            "scheduler",
        ],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    assert (
        "Not loaded before the tasks: partner-messages needs holidays, which is not installed"
        in said.stdout + said.stderr
    )
