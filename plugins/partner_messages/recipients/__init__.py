"""Whom a message goes to: phone, consent, language (pure: no Airflow, no database, no network)."""
