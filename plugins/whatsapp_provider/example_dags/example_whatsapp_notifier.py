"""Tells somebody over WhatsApp when a task has failed."""

from __future__ import annotations

from airflow.sdk import dag, task

from whatsapp_provider.example_dags import TEMPLATES
from whatsapp_provider.notifications.whatsapp import send_whatsapp_notification


@dag(schedule=None, catchup=False, tags=["example", "whatsapp"], doc_md=__doc__)
def example_whatsapp_notifier() -> None:
    """A task that fails, and whoever is told."""

    @task(
        on_failure_callback=send_whatsapp_notification(
            to="+919812345678",
            template="task_failed",
            parameters={"dag": "{{ dag.dag_id }}", "task": "{{ ti.task_id }}"},
            catalog=TEMPLATES,
        )
    )
    def load_orders() -> None:
        raise ValueError("There are no orders.")

    load_orders()


the_dag = example_whatsapp_notifier()
