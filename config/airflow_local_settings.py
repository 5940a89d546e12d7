"""Read by Airflow at the start of each of its processes, for what its configuration file cannot say.

Tasks are forked from the scheduler (LocalExecutor) or from a Celery worker: what those have imported, no task imports
again, and most of a short task's time goes into its imports. After an update of the package they are to be restarted.
"""

import importlib
import sys

TASK_IMPORTS = (
    "airflow.providers.common.compat.sdk",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.standard.decorators.python",
    "airflow.sdk",
    "partner_messages.tasks.event_tasks",
    "partner_messages.sending.recheck",
    "partner_messages.tasks.reminder_tasks",
    "partner_messages.tasks.sending",
    "partner_messages.tasks.upkeep_tasks",
    "partner_messages.sending.batch",
)

if "scheduler" in sys.argv or {"celery", "worker"} <= {*sys.argv}:
    for module in TASK_IMPORTS:
        importlib.import_module(module)
    for lazy in ("BaseHook", "BaseOperator", "DAG", "Param", "dag", "task"):
        getattr(sys.modules["airflow.sdk"], lazy)
