"""An Airflow notifier that a test can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier


class WritesToAFile(BaseNotifier):
    """Writes which DAG failed."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = Path(path)

    def notify(self, context: Any) -> None:
        """Write the DAG's id."""
        self.path.write_text(f"{context['dag_run'].dag_id} failed")
