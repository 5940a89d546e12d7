"""Which messages a task was given to send: Airflow knows that, the message log does not."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from partner_messages.config.ends import RepairNeeded

PLANNED_BY: Mapping[str, tuple[str, ...]] = {
    "send_messages": ("plan_messages", "release"),
    "send_followups": ("plan_followups",),
}
"""The tasks that send, each with those of which one has dealt its batches, by DAG."""


class DealtUnknown(RepairNeeded):
    """Airflow does not know any more what it dealt to a task."""


def messages_dealt(dag: str, dag_run: str, task: str, batch: int | None) -> list[uuid.UUID]:
    """The ids of the messages of one mapped instance of a task; of all of them where none is named.

    Raises:
        DealtUnknown: Airflow does not know the DAG run, or not any more, or there is no such instance.
    """
    batches = _batches(dag, dag_run, PLANNED_BY[task])
    if batches is None or (batch is not None and batch >= len(batches)):
        which = task if batch is None else f"{task} [{batch}]"
        raise DealtUnknown(
            f"Airflow does not know what was dealt to {which} of the DAG run {dag_run}: it has forgotten that run, or"
            " planned anew. All messages of the DAG run are found without the filters task and batch."
        )
    chosen = batches if batch is None else batches[batch : batch + 1]
    return [uuid.UUID(id_) for one in chosen for id_ in one["message_ids"]]


def _batches(dag: str, dag_run: str, planned_by: tuple[str, ...]) -> list[dict[str, Any]] | None:
    from airflow.models.xcom import XCOM_RETURN_KEY, XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.execute(
            XComModel.get_many(key=XCOM_RETURN_KEY, run_id=dag_run, dag_ids=dag, task_ids=planned_by)
        ).scalars()
        for kept in found:
            batches = XComModel.deserialize_value(kept)
            if isinstance(batches, list):
                return batches
    return None
