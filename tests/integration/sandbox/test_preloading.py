"""What starts tasks has imported the package before them."""

import os
import subprocess
import sys

import pytest

from sandbox.airflow_env import AIRFLOW_CONFIG, PROJECT

LOADED = """
import airflow_local_settings, sys
print(*(module in sys.modules for module in ("partner_messages.sending.batch", "aiohttp")))
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

    assert said.stdout.split() == [str(preloads), "False"]
