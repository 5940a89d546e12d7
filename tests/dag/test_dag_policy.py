"""What every DAG of this project keeps to, and what the weekday tick promises in the UI."""

from __future__ import annotations

import copy
import datetime as dt
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pendulum
import pytest
import structlog
from airflow.sdk.exceptions import ParamValidationError
from airflow.sdk.execution_time import task_runner
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction

from partner_messages.planning.reminders.hours import UPKEEP_EVERY
from partner_messages.tasks.flow import owner_links

PROJECT = Path(__file__).resolve().parents[2]
DAG_FILES = sorted(path.stem for path in (PROJECT / "dags").glob("*.py"))


@pytest.fixture(params=DAG_FILES)
def dag(request, dags):
    return dags[request.param]


@pytest.fixture
def tick_dag(dags):
    return dags["production_run_reminders"]


def test_a_dag_explains_itself_and_names_its_owner(dag):
    assert dag.doc_md.strip().startswith("###")
    assert dag.tags
    assert {task.owner for task in dag.tasks} == {"operations"}


def test_operations_read_words_instead_of_ids(dag):
    assert dag.description
    assert dag.dag_display_name != dag.dag_id
    for task in dag.tasks:
        assert task.task_display_name != task.task_id, task.task_id


def test_every_param_has_a_title_a_section_and_words(dag):
    for name in dag.params:
        schema = dag.params.get_param(name).schema
        assert {"title", "section", "description_md"} <= schema.keys(), name
        assert schema.get("values_display", {}).keys() == set(schema.get("enum", schema.get("values_display", ()))), (
            name
        )


def test_a_form_that_nobody_has_touched_can_be_triggered(dag):
    for name, value in dag.params.items():
        schema = dag.params.get_param(name).schema
        # Airflow's form takes an empty text for no value.
        assert "null" in schema["type"] or value not in (None, ""), name


def test_what_most_people_come_for_stands_in_the_section_that_airflow_opens(dag):
    sections = {name: dag.params.get_param(name).schema["section"] for name in dag.params}
    at_once = [name for name, section in sections.items() if section == "Run Parameters"]

    assert at_once == list(sections)[: len(at_once)]
    assert (
        at_once[0]
        == {
            "production_run_reminders": "delivery",
            "production_run_events": "event",
            "message_log_upkeep": "sending",
            "whatsapp_templates": "mode",
        }[dag.dag_id]
    )


@pytest.mark.parametrize(
    ("address", "link"),
    [("ops@example.com", "mailto:ops@example.com"), ("https://chat.example.com/ops", "https://chat.example.com/ops")],
)
def test_the_owner_s_name_leads_to_where_operations_are(monkeypatch, address, link):
    monkeypatch.setenv("PARTNER_MESSAGES_OWNER_LINK", address)

    assert owner_links() == {"operations": link}


def test_a_dag_that_can_send_starts_paused_without_catch_up(dag):
    # The one that sends nothing runs only when it is triggered by hand: its runs would wait in the queue for ever.
    assert dag.is_paused_upon_creation is (dag.dag_id != "whatsapp_templates")
    assert dag.catchup is False


def test_runs_that_would_meet_come_one_at_a_time(dag):
    # Upkeep's may meet: an act by hand must not wait for those that are sending, started by the clock or by answers.
    at_once = {"production_run_events": 16, "message_log_upkeep": 16}
    assert dag.max_active_runs == at_once.get(dag.dag_id, 1)


def test_a_halt_waits_for_no_other_task_and_stops_its_own_run_where_it_fails(dags):
    dag = dags["message_log_upkeep"]
    halt = dag.get_task("halt_sending")

    assert halt.upstream_task_ids == set()
    assert halt.weight_rule == "absolute"
    assert halt.priority_weight > max(task.priority_weight for task in dag.tasks if task is not halt)
    assert dag.get_task("sweep").trigger_rule == "none_failed"


SEND_AND_SAY = ["mirror_to_shop", "plan_followups", "send_followups", "send_messages", "summarise"]


def test_every_dag_that_sends_ends_in_the_same_tasks(dag):
    sends = dag.dag_id != "whatsapp_templates"
    assert (set(SEND_AND_SAY) <= set(dag.task_ids)) is sends
    if sends:
        assert [task.task_id for task in dag.leaves] == ["summarise"]


def test_every_task_ends_by_itself_and_is_retried_with_back_off(dag):
    for task in dag.tasks:
        assert task.execution_timeout, task.task_id
        assert task.retry_exponential_backoff, task.task_id  # For a process that dies: nobody asks the policy then.
        for tries_before_the_clear in (0, 4, 40):
            waits = [_seconds_to_the_next_try(task, tries_before_the_clear, number) for number in (1, 2, 3)]
            assert waits == [60, 120, 240], task.task_id
        assert task.retries == 3, task.task_id


def _seconds_to_the_next_try(task, tries_before_the_clear, number):
    """What Airflow is told when this try fails, after a clear (the number of the try goes on, retries are added)."""
    server_says = SimpleNamespace(max_tries=tries_before_the_clear + task.retries, should_retry=True)
    failed = SimpleNamespace(
        task=task,
        try_number=tries_before_the_clear + number,
        _ti_context_from_server=server_says,
        _failure_metrics_emitted=True,
    )
    told, _ = task_runner._handle_current_task_failed(failed, TimeoutError(), structlog.get_logger(), {"task": task})
    return told.retry_delay_seconds


def test_no_task_keeps_each_key_of_its_value_once_more(dag):
    for task in dag.tasks:
        assert not getattr(task, "multiple_outputs", False), task.task_id
        assert not getattr(task, "op_kwargs_expand_input", None) or not task.partial_kwargs.get("multiple_outputs")


def test_people_are_called_when_the_reminders_are_sent_and_the_summary_is_made_after_everything(dags):
    for dag_id, called in (("production_run_reminders", {"escalate"}), ("production_run_events", set())):
        dag = dags[dag_id]
        # Of these one may be skipped before anything is sent.
        everything = {"send_messages", "send_followups", "mirror_to_shop"} | called
        assert everything <= dag.get_task("summarise").upstream_task_ids
        assert all(dag.get_task(task_id).upstream_task_ids == {"preflight", "send_messages"} for task_id in called)


def test_every_task_says_what_it_does(dag):
    for task in dag.tasks:
        function = getattr(task, "python_callable", None)
        assert function is None or function.__doc__, task.task_id


def test_upkeep_looks_on_every_day_as_often_as_what_waits_relies_on(dags):
    timetable = DagSerialization.from_dict(DagSerialization.to_dict(dags["message_log_upkeep"])).timetable
    midnight = pendulum.datetime(2026, 11, 21, tz=ZoneInfo("Asia/Kolkata"))  # Saturday
    looks = [midnight + number * UPKEEP_EVERY for number in range(3 * 24 * 4)]

    for look, following in pairwise(looks):
        restriction = TimeRestriction(earliest=look.add(seconds=1), latest=None, catchup=True)
        info = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
        assert info.run_after == following


@pytest.mark.parametrize(
    ("after", "next_tick"),
    [
        ("2026-11-20 10:01", "2026-11-23 10:00"),  # Friday after the tick: Monday
        ("2026-11-21 12:00", "2026-11-23 10:00"),  # Saturday
        ("2026-11-23 09:59", "2026-11-23 10:00"),  # Monday before the tick
        ("2026-11-23 10:01", "2026-11-24 10:00"),
    ],
)
def test_the_tick_is_at_ten_in_india_from_monday_to_friday(tick_dag, after, next_tick):
    stored = DagSerialization.from_dict(DagSerialization.to_dict(tick_dag))
    india = ZoneInfo("Asia/Kolkata")
    moment = pendulum.instance(dt.datetime.fromisoformat(after).replace(tzinfo=india))

    tick = stored.timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(earliest=moment, latest=None, catchup=True)
    )

    assert f"{tick.run_after.astimezone(india):%Y-%m-%d %H:%M}" == next_tick


@pytest.mark.parametrize(
    "conf",
    [
        {"delivery": "yes"},
        {"redirect_to": "98123 45678"},
        {"kinds": ["late"]},
        {"partner_ids": [""]},
        {"production_run_ids": ["ok", ""]},
        {"limit": 0},
        {"ignore_send_window": "perhaps"},
    ],
)
def test_the_form_refuses_what_cannot_be(tick_dag, conf):
    params = copy.deepcopy(tick_dag.params)

    with pytest.raises(ParamValidationError):
        params.update(conf)


GOOD_EVENT = {"event": "production_run.cancelled", "production_run_id": "prod_run_1"}


@pytest.mark.parametrize(
    "conf",
    [
        {"event": "Production Run"},
        {"production_run_id": ""},
        {"event_id": ""},
        {"partner_id": "a:b"},
        {"events": [{"event": "production_run.cancelled"}]},
        {"events": [{"production_run_id": "prod_run_1"}]},
        {"events": [{**GOOD_EVENT, "production_run_id": ""}]},
        {"events": ["production_run.cancelled"]},
        {"events": [GOOD_EVENT] * 1001},
        {"delivery": "perhaps"},
    ],
)
def test_the_form_of_events_refuses_what_cannot_be(dags, conf):
    params = copy.deepcopy(dags["production_run_events"].params)

    with pytest.raises(ParamValidationError):
        params.update(conf)


@pytest.mark.parametrize(
    "conf",
    [
        GOOD_EVENT,
        {**GOOD_EVENT, "partner_id": None, "occurred_at": "2026-11-23T10:00:00+05:30"},
        {"events": [GOOD_EVENT] * 1000},
        {"events": [{**GOOD_EVENT, "partner_id": None, "more": {"of": "the shop's own"}}]},
    ],
)
def test_the_form_of_events_takes_what_the_shop_sends(dags, conf):
    params = copy.deepcopy(dags["production_run_events"].params)

    params.update(conf)

    assert params.validate()


def test_the_form_has_the_params_that_others_rely_on(tick_dag):
    assert list(tick_dag.params) == [
        "delivery",
        "redirect_to",
        "kinds",
        "partner_ids",
        "production_run_ids",
        "limit",
        "ignore_send_window",
        "confirmed",
    ]


def test_parsing_a_dag_file_imports_nothing_heavy():
    # The DAG processor parses every file again and again; what only tasks need must wait for a task.
    program = (
        "import sys, airflow.sdk, airflow.sdk.definitions.dag, pendulum\n"
        "before = set(sys.modules)\n"
        "import runpy\n"
        f"for name in {DAG_FILES!r}:\n"
        f"    runpy.run_path(f'{PROJECT}/dags/{{name}}.py')\n"
        "heavy = {'psycopg', 'phonenumbers', 'requests', 'jinja2.sandbox', 'partner_messages.config.settings'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT}/plugins"}
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert result.stdout.strip().splitlines()[-1] == "[]"
