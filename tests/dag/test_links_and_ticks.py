"""The links know when the next tick is without asking Airflow; here the two are compared."""

from __future__ import annotations

import datetime as dt

import pendulum
import pytest
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction

from partner_messages.recipients.deeplink import next_tick


@pytest.mark.parametrize("hours", range(1, 24 * 7, 7))
def test_the_next_tick_that_a_link_outlives_is_the_one_of_the_dag(dags, hours):
    timetable = DagSerialization.from_dict(DagSerialization.to_dict(dags["production_run_reminders"])).timetable
    moment = dt.datetime(2026, 11, 20, 4, 31, tzinfo=dt.UTC) + dt.timedelta(hours=hours)

    of_the_dag = timetable.next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=pendulum.instance(moment), latest=None, catchup=True),
    )

    assert next_tick(moment) == of_the_dag.run_after
