"""What happens to a run under a real Airflow: its scheduler is told to end, or it loses sight of the task that sends.

Only in `make faults`: a round takes most of a minute.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from support.fault_table import Tally
from support.real_airflow import LONG, RealAirflow, real_airflow
from support.rough_weather import MESSAGES, count
from support.sending import statuses


@pytest.fixture(scope="module")
def airflow(pytestconfig: pytest.Config) -> Iterator[RealAirflow]:
    if not pytestconfig.option.rounds:
        pytest.skip("slow: make faults has it")
    folder = Path(tempfile.mkdtemp(prefix="real-scheduler-"))
    folder.chmod(0o755)  # PostgreSQL's user must get in.
    with real_airflow(folder) as running:
        yield running
    shutil.rmtree(folder)


@pytest.mark.parametrize("with_its_tasks", [False, True], ids=["alone", "with its tasks"])
def test_the_scheduler_is_told_to_end(
    airflow: RealAirflow, slow_rounds: range, tally: Tally, with_its_tasks: bool
) -> None:
    for number in slow_rounds:
        dice = random.Random(number)
        run_id = airflow.begin(dice)
        airflow.some_way_in(dice)
        airflow.end_scheduler(with_its_tasks=with_its_tasks)

        run = airflow.until_over(run_id)

        count(tally, airflow.log, airflow.graph_api, airflow.ids())
        assert run.state == ("failed" if tally.unknown[-1] else "success")
    assert (tally.duplicates, tally.lost) == (0, 0)
    assert tally.messages == MESSAGES * len(slow_rounds)


def test_a_task_is_stopped_past_airflow_s_heartbeat(airflow: RealAirflow, slow_rounds: range, tally: Tally) -> None:
    for number in slow_rounds:
        dice = random.Random(number)
        run_id = airflow.begin(dice)
        airflow.some_way_in(dice)
        sleepers = airflow.sending()
        airflow.put_to_sleep(sleepers)
        run = airflow.until_over(run_id)
        in_doubt = statuses(airflow.log, airflow.ids()).count("unknown")

        for sleeper in sleepers:
            sleeper.resume()
        _, its_own = sleepers
        _, awake = psutil.wait_procs([its_own], timeout=LONG)

        assert awake == []
        count(tally, airflow.log, airflow.graph_api, airflow.ids())
        assert run.state == ("failed" if in_doubt else "success")
        assert tally.unknown[-1] <= in_doubt, "what the sleeper has heard is news, late as it is"
    assert (tally.duplicates, tally.lost) == (0, 0)
    assert tally.messages == MESSAGES * len(slow_rounds)
