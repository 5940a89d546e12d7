"""What Airflow gives this package: its Variable and connections, a DAG's params, the DAG run."""
