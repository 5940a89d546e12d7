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


class WritesTheList(BaseNotifier):
    """Appends what its templated text became to a file, a line of its own between two; fails while told to."""

    template_fields = ("text",)

    def __init__(self, path: str, text: str, fails_while: str = "") -> None:
        super().__init__()
        self.path = Path(path)
        self.text = text
        self.fails_while = fails_while

    def notify(self, context: Any) -> None:
        """Write the text."""
        if self.fails_while and Path(self.fails_while).exists():
            raise OSError("no mail server for +919829012345")
        with self.path.open("a") as file:
            file.write(f"{self.text}\n---\n")
