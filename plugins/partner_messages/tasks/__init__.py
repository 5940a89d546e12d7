"""What Airflow calls: a DAG's tasks, the checks before them, and the work on templates."""

from partner_messages.deployment.needed import check_needed

check_needed()  # Every DAG and the plugin import this before anything that an older Airflow has not.
