"""What Airflow calls: a DAG's tasks, the checks before them, and the work on templates."""

from whatsapp_provider.needed_airflow import check_airflow

check_airflow("partner-messages", (3, 3))  # Before what an older one has not; every DAG comes by here.
