"""Whom a message goes to: phone, consent, language, hours, link (pure: no Airflow, no database, no network)."""
