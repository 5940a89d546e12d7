"""Enters connections and settings into an Airflow's own database, where people see and change them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from partner_messages.config.settings import VARIABLE


def enter(
    airflow: Callable[[list[str]], None],
    folder: Path,
    connections: Mapping[str, str | Mapping[str, Any]],
    settings: str | Mapping[str, Any] | None,
    *,
    overwrite: bool,
) -> None:
    """Enter what is given; the settings only where there are none yet.

    Args:
        airflow: Runs one `airflow` command with these arguments.
        folder: Where files may lie while Airflow reads them.
        connections: By id, each as Airflow's fields or as its URI.
        settings: The Variable `partner_messages`; None for none.
        overwrite: Whether connections take the place of those that are there.
    """
    if connections:
        importable = {name: one if isinstance(one, str) else _with_text(one) for name, one in connections.items()}
        _import(airflow, folder, ["connections", "import", *(["--overwrite"] if overwrite else [])], importable)
    if settings is not None:
        command = ["variables", "import", "--action-on-existing-key", "skip"]
        _import(airflow, folder, command, {VARIABLE: settings})


def _with_text(connection: Mapping[str, Any]) -> dict[str, Any]:
    # Airflow keeps `extra` as a text.
    return {**connection, "extra": json.dumps(connection.get("extra", {}))}


def _import(airflow: Callable[[list[str]], None], folder: Path, command: list[str], content: Mapping[str, Any]) -> None:
    """Give Airflow a JSON file to import; it holds tokens, so nobody else may read it and it does not stay."""
    file = folder / f"{command[0]}.json"
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    try:
        file.write_text(json.dumps(content))
        airflow([*command, str(file)])
    finally:
        file.unlink()
