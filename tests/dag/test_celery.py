"""Celery's workers on a real Redis, with the settings of docker-compose.yaml."""

from __future__ import annotations

import importlib.util
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox import airflow_env, broker, whole_airflow
from sandbox.processes import pauses
from support.fault_table import Tally
from support.needed import is_missing
from support.real_airflow import LONG, RealAirflow, celery_settings, real_airflow
from support.rough_weather import MESSAGES, count


@pytest.fixture(autouse=True)
def celery() -> None:
    """Celery and its broker are here."""
    if reason := broker.why_not():
        is_missing(reason)
    if importlib.util.find_spec("airflow.providers.celery") is None:
        is_missing("the extra `celery` is not installed")


def test_a_worker_has_compose_s_settings_and_the_package_before_its_tasks(postgres: Any, tmp_path: Path) -> None:
    from celery import Celery

    postgres.create_database("celery_results")
    environment = airflow_env.airflow_environment(tmp_path / "home", postgres, airflow_env.new_secrets(), port=1)
    with broker.running(tmp_path) as url:
        environment |= celery_settings(url, postgres, "celery_results")
        with whole_airflow.worker(tmp_path, "one", environment) as worker:
            for _ in pauses(LONG):
                assert worker.status() is None, worker.last_lines()
                if told := Celery(broker=url).control.inspect(timeout=1).conf():
                    break
            (said,) = told.values()
            pool = psutil.Process(worker.keeper.pid).children(recursive=True)

            assert int(said["broker_transport_options"]["visibility_timeout"]) == int(
                environment["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"]
            )
            assert said["task_acks_late"] is True
            forked = [one for one in pool if "psycopg_binary" in str(one.memory_maps())]
            assert len(forked) > 2, "what tasks are forked from has not imported the package"


@pytest.fixture
def airflow() -> Iterator[RealAirflow]:
    """A whole Airflow with two workers; it gives a task up that has not been heard of for half a minute."""
    folder = Path(tempfile.mkdtemp(prefix="celery-"))
    folder.chmod(0o755)  # PostgreSQL's user must get in.
    with real_airflow(folder, workers=2) as running:
        yield running
    shutil.rmtree(folder)


@pytest.mark.slow
def test_the_worker_that_sends_is_killed_and_the_other_one_sends_the_rest(airflow: RealAirflow, tally: Tally) -> None:
    dice = random.Random(1)
    run_id = airflow.begin(dice)
    airflow.some_way_in(dice)
    airflow.kill_who_sends()

    run = airflow.until_over(run_id)

    count(tally, airflow.log, airflow.graph_api, airflow.ids())
    assert run.state == ("failed" if tally.unknown[-1] else "success")
    assert (tally.messages, tally.duplicates, tally.lost) == (MESSAGES, 0, 0)
