"""What stands in for the outside world on one machine: PostgreSQL, the sample shop, Meta's Graph API, a whole Airflow.

Nothing here is imported by `plugins/` or `dags/`, and nothing here but the bench's steps imports from them. Every
program listens on loopback only.
"""
