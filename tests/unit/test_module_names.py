"""No module of the package has a name that somebody else's Python may import.

Airflow without the package's `.airflowignore` imports every file under `plugins/` as a top-level module named by the
file's stem, in the place of whatever had that name (`tests/integration/deploying/test_plugins_folder.py`).
"""

from __future__ import annotations

import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
STEMS = sorted({path.stem for path in (PROJECT / "plugins").rglob("*.py")} - {"__init__"})
ELSEWHERE = {"sql"}
"""Names that packages have which are often beside Airflow, but not here: python-sql, jupysql."""


@pytest.fixture(scope="module")
def taken():
    dags = {path.stem for path in (PROJECT / "dags").glob("*.py")}
    installed = {name.partition(".")[0] for name in packages_distributions()}
    return set(sys.stdlib_module_names) | installed | ELSEWHERE | dags | {"sandbox"}


def test_no_module_is_named_like_one_of_python_of_an_installed_package_or_of_a_dag(taken):
    assert STEMS
    assert [stem for stem in STEMS if stem in taken] == []


def test_names_that_would_break_airflow_are_known_to_be_taken(taken):
    assert {"operator", "calendar", "queue", "airflow", "holidays", "production_run_events"} <= taken
