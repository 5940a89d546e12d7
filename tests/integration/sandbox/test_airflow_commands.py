"""Commands that are copies of one process."""

import pytest

from sandbox import airflow_commands, airflow_env
from sandbox.processes import ProcessFailedError


def test_where_airflow_cannot_even_be_imported_the_command_says_why(folder, tmp_path, monkeypatch):
    broken = tmp_path / "forks.py"
    broken.write_text("raise SystemExit('No such configuration')")
    monkeypatch.setattr(airflow_commands, "FORKS", broken)

    with (
        airflow_commands.running(folder, airflow_env.base_environment(), dag_runs=False) as airflow,
        pytest.raises(ProcessFailedError, match=r"command line ended with status 1(?s:.)+No such configuration"),
    ):
        airflow.run(["db", "migrate"], folder / "migrate.log")

    assert sorted(left.name for left in folder.iterdir()) == ["airflow.log", "migrate.log"]
