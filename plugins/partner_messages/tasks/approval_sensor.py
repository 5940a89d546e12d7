"""The task that waits for approval. DAG files import this, so it imports nothing heavy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseSensorOperator

ASKS_EVERY = dt.timedelta(minutes=1)
LONGEST = dt.timedelta(hours=24)
"""The setting `approve_until` ends it before."""


class ApprovalSensor(BaseSensorOperator):
    """Asks the message log each minute whether a tick's messages may leave, and takes no worker in between.

    Not Airflow's own operator for human input: what it does without an answer is fixed when it first asks, and an
    approval must hold for the messages that were seen.

    Args:
        tick: The run's tick (`Tick.to_xcom`).
    """

    template_fields: Sequence[str] = ("tick",)

    def __init__(self, *, tick: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(mode="reschedule", poke_interval=ASKS_EVERY, timeout=LONGEST, **kwargs)
        self.tick = tick

    def poke(self, context: Any) -> bool:
        """Whether it is decided; operations are told of it before the first time that it is not."""
        from partner_messages.deployment.endings import airflow_endings
        from partner_messages.messages.tick import Tick
        from partner_messages.tasks.approval import is_decided

        with airflow_endings():
            is_first = not context.get("task_reschedule_count")
            return is_decided(Tick.from_xcom(dict(self.tick)), context if is_first else None)
