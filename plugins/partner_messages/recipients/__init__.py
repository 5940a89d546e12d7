"""The recipient of a message: phone, consent, language, hours, deep link (pure: no Airflow, database or network)."""
