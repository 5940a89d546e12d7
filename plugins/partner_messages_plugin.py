"""What Airflow loads of this package beside its DAGs."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from partner_messages.ops import run_notes


class PartnerMessagesPlugin(AirflowPlugin):
    """Writes the note of each DAG run when it ends."""

    name = "partner_messages"
    listeners = [run_notes]  # noqa: RUF012 - Airflow's attribute, read once
