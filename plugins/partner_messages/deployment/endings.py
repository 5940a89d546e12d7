"""How the work of a task ends in Airflow: the one place that decides it, for every task of every DAG."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from airflow.sdk.exceptions import AirflowSkipException

from partner_messages.config.ends import NothingToDo
from partner_messages.deployment.installed_copies import copies_in_the_way
from partner_messages.deployment.last_words import saying_why
from whatsapp_provider import sending
from whatsapp_provider.connections import read_each_once


@contextlib.contextmanager
def airflow_endings(*, of_first: bool = False) -> Iterator[None]:
    """What somebody must repair fails without a retry, what may pass is retried, where nothing is to do is skipped.

    Whatever else is raised, Airflow retries too. Within this block a connection is asked for once. Where the first task
    of a run lets nothing pass, packages that are there twice are named, too: they may be why.
    """
    with read_each_once(), saying_why(copies_in_the_way if of_first else tuple):
        try:
            with sending.airflow_endings():
                yield
        except NothingToDo as error:
            raise AirflowSkipException(str(error)) from None
