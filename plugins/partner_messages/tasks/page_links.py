"""The buttons under "Extra Links" on a task's page in Airflow's UI, each to one of our pages.

The one of the tasks that send is registered by the plugin: the API server makes it, whatever becomes of the task. Those
of plain functions are known by the DAG alone (a plugin's would be on the page of every function's task there is), and
Airflow keeps where they lead as an XCom when the task ends.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperatorLink

from partner_messages.deployment.page_addresses import page_in_airflow
from partner_messages.sending.template_operator import WhatsAppTemplateOperator


class _PageLink(BaseOperatorLink):
    """A button to one of our pages."""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002 - Airflow's signature
        """Where it leads (Airflow calls this)."""
        return self.leads_to(ti_key)

    def leads_to(self, ti: Any) -> str:
        """The page of one task instance."""
        raise NotImplementedError


class TheseMessages(_PageLink):
    """What was dealt to a task that sends."""

    name = "These messages"
    operators = [WhatsAppTemplateOperator]  # noqa: RUF012 - Airflow's attribute, read once

    def leads_to(self, ti: Any) -> str:
        """The messages of its batch; those of all batches where it was given none."""
        batch = ti.map_index if ti.map_index >= 0 else None
        return page_in_airflow("/messages", dag=ti.dag_id, dag_run=ti.run_id, task=ti.task_id, batch=batch)


class WhoAndWhy(_PageLink):
    """What a DAG run has decided: messages, and who gets none and why."""

    name = "Who and why"

    def leads_to(self, ti: Any) -> str:
        """All rows of the DAG run."""
        return page_in_airflow("/messages", dag=ti.dag_id, dag_run=ti.run_id)


class NeedsAPerson(_PageLink):
    """For what a DAG run has called people."""

    name = "Needs a person"

    def leads_to(self, ti: Any) -> str:
        """What it has opened and nobody has closed."""
        return page_in_airflow("/people", dag_run=ti.run_id)


def linked(value: Any, link: BaseOperatorLink) -> Any:
    """Give the task of which this is the value to come a button."""
    value.operator.operator_extra_links = (link,)
    return value
