"""What Airflow calls: a DAG's tasks, the checks before them, and the work on templates."""
