"""Read by Airflow at the start of each of its processes, for what its configuration file cannot say.

LocalExecutor's workers are forked from the scheduler: what the scheduler has imported, no task imports again.
"""

import importlib
import sys

TASK_IMPORTS = (
    "airflow.providers.common.compat.sdk",
    "airflow.providers.http.hooks.http",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.standard.decorators.python",
    "airflow.sdk",
)

if "scheduler" in sys.argv:
    for module in TASK_IMPORTS:
        importlib.import_module(module)
    for lazy in ("BaseHook", "BaseOperator", "DAG", "Param", "dag", "task"):
        getattr(sys.modules["airflow.sdk"], lazy)
