"""When a task that has failed is tried again: after 1, 2 and 4 minutes, after a clear as at first."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy


class SameAfterAClear(RetryPolicy):
    """Doubles the task's `retry_delay` with each try since the task was last cleared, up to its `max_retry_delay`.

    Airflow's own back-off counts the tries before a clear as well (a cleared task would wait ten minutes at once), and
    adds up to as much again at random. It still holds where a process dies without a word, because then nobody asks.
    """

    def evaluate(
        self,
        exception: BaseException,  # noqa: ARG002 - Airflow's signature
        try_number: int,
        max_tries: int,
        context: Any = None,
    ) -> RetryDecision:
        """How long this failure waits for its next try; whether there is one, Airflow decides."""
        task = context["task"]
        # A clear leaves the number of the try, and sets the last one to it and the task's retries.
        before = min(max(try_number - 1 - (max_tries - task.retries), 0), task.retries)
        delay: dt.timedelta = task.retry_delay * 2**before
        return RetryDecision.retry(delay=min(delay, task.max_retry_delay or delay))
