"""DAG runs that the pages begin: sending is the work of a DAG run, never of the web process."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping
from typing import Any

from partner_messages.config.ends import RepairNeeded


class NotTriggered(RepairNeeded):
    """Airflow does not have the DAG that was to begin."""


def trigger(dag_id: str, run_id: str, conf: Mapping[str, Any], *, who: str) -> bool:
    """Begin a DAG run, as somebody does by Airflow's own button; return whether there was none of that id yet.

    Args:
        dag_id: The DAG.
        run_id: The DAG run's id: what has begun once does not begin again.
        conf: Its params.
        who: Who asks for it, as Airflow shows it.

    Raises:
        NotTriggered: There is no such DAG.
    """
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.exceptions import DagNotFound, DagRunAlreadyExists
    from airflow.utils.types import DagRunTriggeredByType
    from sqlalchemy.exc import IntegrityError

    try:
        trigger_dag(
            dag_id, triggered_by=DagRunTriggeredByType.UI, triggering_user_name=who, run_id=run_id, conf=dict(conf)
        )
    except (DagRunAlreadyExists, IntegrityError):  # The latter where two begin it at the same moment.
        return False
    except DagNotFound as error:
        raise NotTriggered(
            f"Airflow does not know the DAG {dag_id}, so nothing was begun: call an engineer."
        ) from error
    return True


def state_of_dag_run(dag_id: str, run_id: str) -> str | None:
    """How Airflow says that a DAG run stands, such as `queued`; None where it knows none, or not any more."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        return str(found.state) if found else None


def last_change(*, dag_id: str | None = None, variable: str | None = None) -> tuple[str, dt.datetime] | None:
    """Who has last changed a DAG (paused it or not) or a Variable by Airflow's pages or API, and when; None: not known.

    Args:
        dag_id: The DAG.
        variable: The Variable, in place of a DAG.
    """
    from airflow.models.log import Log
    from airflow.utils.session import create_session
    from sqlalchemy import select

    of_dag = (Log.dag_id == dag_id, Log.event.in_(("patch_dag", "patch_dags")))
    of_variable = (Log.event.in_(("patch_variable", "post_variable")), Log.extra.contains(f'"{variable}"'))
    last = select(Log.owner, Log.dttm).where(*(of_dag if dag_id else of_variable)).order_by(Log.dttm.desc()).limit(1)
    with contextlib.suppress(Exception), create_session() as session:  # As with is_paused.
        found = session.execute(last).first()
        return (found.owner or "somebody", found.dttm) if found and found.dttm else None
    return None


def is_paused(dag_id: str) -> bool | None:
    """Whether a DAG is paused in Airflow; None where that is not known."""
    from airflow.models.dag import DagModel

    with contextlib.suppress(Exception):  # Airflow's database is not ours, and a page is shown without it.
        found = DagModel.get_dagmodel(dag_id)
        return bool(found.is_paused) if found else None
    return None
