"""Imports and reads what every task needs, once, in the process from which Airflow forks the tasks.

The scheduler (LocalExecutor) and Celery's workers call this at their start, from `config/airflow_local_settings.py`.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable

log = logging.getLogger(__name__)

_IMPORTS = (
    "airflow.providers.common.compat.sdk",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.standard.decorators.python",
    "airflow.sdk",
    "partner_messages.ops.said_by_hand",
    "partner_messages.ops.settle_by_hand",
    "partner_messages.planning.plan_events",
    "partner_messages.planning.plan_followups",
    "partner_messages.sending.batch",
    "partner_messages.sending.recheck",
    "partner_messages.tasks.mirror",
    "partner_messages.tasks.preflight",
    "partner_messages.tasks.summarise_run",
)
_LAZY = ("BaseHook", "BaseOperator", "DAG", "Param", "Variable", "dag", "task")
"""What `airflow.sdk` imports when it is first asked for it."""


def preload() -> None:
    """Import what tasks import, and read and compile the text files that they read.

    What cannot be done is said in the log, and left to the tasks: Airflow has other DAGs than ours.
    """
    for name in _IMPORTS:
        importlib.import_module(name)
    for name in _LAZY:
        getattr(sys.modules["airflow.sdk"], name)
    for warm in (_the_catalog, _the_queries, _the_phone_numbers):
        _try(warm)


def _try(warm: Callable[[], object]) -> None:
    try:
        warm()
    except Exception as error:
        log.warning("Not loaded before the tasks: %s: %s", type(error).__name__, error)


def _the_catalog() -> None:
    from partner_messages.templates.catalog.installed import installed_catalog

    installed_catalog()


def _the_queries() -> None:
    from partner_messages.database.named_sql import compile_all

    compile_all()


def _the_phone_numbers() -> None:
    from partner_messages.recipients.phone import to_e164

    for number in ("+919829012345", "+61412345678", "+393331234567"):
        to_e164(number, None)
