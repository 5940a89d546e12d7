"""What this package needs of the place where it runs: the Airflow, and what is to be installed beside it."""

from __future__ import annotations

from whatsapp_provider import needed_airflow

OLDEST = (3, 3, 2)
"""3.2 has no retry policies: a task that was cleared would wait ten minutes, and the tick with it."""
PACKAGES = {
    "airflow.providers.http": "apache-airflow-providers-http",
    "airflow.providers.postgres": "apache-airflow-providers-postgres",
    "holidays": "holidays",
    "jwt": "PyJWT",
    "phonenumbers": "phonenumbers",
}
"""By the name under which each is imported; Airflow and its two providers bring the rest."""


def check_needed() -> None:
    """See that it is all there.

    Raises:
        RuntimeError: It is not; the message is one sentence.
    """
    needed_airflow.check_airflow("partner-messages", OLDEST, PACKAGES)
