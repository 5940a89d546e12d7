"""Where the package's text files are: `include/` stands beside `plugins/`, in a checkout and an Airflow home alike."""

from __future__ import annotations

from pathlib import Path

INCLUDE = Path(__file__).resolve().parents[2] / "include"
SQL = INCLUDE / "sql"
MIGRATIONS = SQL / "migrations"
TEMPLATES = INCLUDE / "templates" / "whatsapp"
