"""Read by Airflow at the start of each of its processes, for what its configuration file cannot say.

Tasks are forked from the scheduler (LocalExecutor) or from a Celery worker: what those have done, no task does again,
and most of a short task's time goes into its start. After an update of the package they are to be restarted.
"""

import logging
import sys

if "scheduler" in sys.argv or {"celery", "worker"} <= {*sys.argv}:
    try:
        from partner_messages.tasks.preloading import preload
    except RuntimeError as refused:  # Something is too old or missing: our DAGs say so, too, and others go on.
        logging.getLogger(__name__).warning("Not loaded before the tasks: %s", refused)
    else:
        preload()
