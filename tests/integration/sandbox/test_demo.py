"""The demo as a person runs it."""

import contextlib
import re
import signal
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest

from sandbox import embedded, processes, stack
from sandbox.demo import __main__ as demo
from sandbox.processes import ProcessFailedError
from sandbox.shop import expectations, run_id
from support.deployment import TICK


@pytest.mark.takes_a_minute
def test_the_demo_shows_what_the_tick_did_and_leaves_nothing_running(start, left_behind, tmp_path):
    program = start("-m", "sandbox.demo", SANDBOX_FOLDER=str(tmp_path))
    screen, _ = program.communicate(timeout=600)

    assert program.returncode == 0, screen
    assert len(screen.splitlines()) <= 48, screen
    assert "…" not in screen.partition("What was sent:")[2], screen
    assert [line for line in screen.splitlines() if len(line) > 120 and "/" not in line] == []
    page = Path(unquote(urlsplit(re.search(r"file://\S+", screen)[0]).path)).read_text(encoding="utf-8")
    assert "What the phones show" in page
    said = (tmp_path / "demo/report.txt").read_text(encoding="utf-8")
    assert not re.search(r"\+\d{8}|wa_token=[^…]", screen + said)
    assert not re.search(r"wa_token=[^…]", page)
    assert 0 < said.index("IN (211000000000001): 14 create") < said.index("submit: ")
    failed_kind = re.search(r"^(.+?) +\d+ +\d+ +1 ", said, re.MULTILINE)[1]
    outcomes = Counter((one.kind, one.outcome == "send") for one in expectations().values() if one.is_found)
    for kind in ("assignment_pending", "not_started", "idle"):
        to_send, to_skip = outcomes[kind, True], outcomes[kind, False]
        failed = kind.replace("_", " ") == failed_kind
        sent = f"{to_send - failed} +{'1 +' if failed else ''}"
        assert re.search(rf"^{kind.replace('_', ' ')} +{to_send + to_skip} +{sent}{to_skip} ", said, re.MULTILINE)
    for event in ("assigned", "cancelled", "completed"):
        assert re.search(rf"^{event} +1 +1$", said, re.MULTILINE)
    shown = Counter(re.findall(r"^ *\d+  (.+?) · .* · to \+\d+•••••\d{4} · (?:✓✓ read|failed)$", said, re.MULTILINE))
    assert shown == Counter(
        one.kind.replace("_", " ") for one in expectations().values() if one.outcome == "send"
    ) + Counter(["assigned", "cancelled", "completed", "follow-up", "follow-up"])
    assert (
        f"Not called idle: {run_id('STEADY200H')} of गणेश रंगाई, started 200 h ago; what it takes was last logged" in said
    )
    assert "A partner with 5 stuck runs got 5 messages; with setting digest on: 1\n" in said
    assert "*Progress:* 12.5 of 40.5 pieces produced" in said
    assert f"/production-runs/{run_id('SENT23H')}?wa_token=…" in said
    assert re.search(
        r": failed later \(131000\), so it did not count; the next tick sent it again: ✓✓ read$", screen, re.M
    )
    assert re.search(r"wrote “STOP” and was answered: .*START", said)
    assert "\n  Opted out: no more reminders go there\n" in said
    assert re.search(r"wrote “मदद” \(help\) and was answered: .+\n  A person is called for prod_run_\w+$", said, re.M)
    assert left_behind() == []


@pytest.mark.parametrize(
    ("after", "name"),
    [("Local Graph API", "SIGTERM"), ("Sample shop", "SIGINT"), ("Airflow's own database", "SIGKILL")],
)
def test_a_demo_that_is_stopped_leaves_nothing_running(start, left_behind, wait_for, folder, after, name):
    program = start("-m", "sandbox.demo", SANDBOX_FOLDER=str(folder))
    while after not in program.stdout.readline():
        assert program.poll() is None

    program.send_signal(signal.Signals[name])
    program.communicate(timeout=60)

    stopped = signal.Signals[name]
    assert program.returncode == (-stopped if stopped == signal.SIGKILL else 128 + stopped)
    wait_for(lambda: left_behind() == [])


def test_a_second_demo_at_the_same_time_is_refused(start, folder):
    (folder / "demo").mkdir()
    with embedded.running(folder / "demo" / "postgres", keep=False):
        program = start("-m", "sandbox.demo", SANDBOX_FOLDER=str(folder))
        said, _ = program.communicate(timeout=60)

    assert program.returncode == 1
    assert "is in use by process" in said
    assert "Traceback" not in said


@pytest.fixture
def airflow_with_a_run(postgres):
    """What the demo reads of Airflow's own database: tasks that are over, running, and to be tried again."""
    url = postgres.create_database("demo_metadata")
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE task_instance"
            " (dag_id text, task_id text, state text, end_date timestamptz, updated_at timestamptz)"
        )
        connection.execute(
            "INSERT INTO task_instance SELECT %s, task, state, NULL, 'infinity' FROM (VALUES"
            " ('find_stuck_runs', 'success'), ('find_stuck_runs', 'success'), ('find_stuck_runs', 'skipped'),"
            " ('plan_messages', 'running'), ('send_messages', 'success'), ('send_messages', 'up_for_retry')"
            ") AS row (task, state)",
            [stack.DAG],
        )
    return url


@pytest.fixture
def told(airflow_with_a_run, monkeypatch, tmp_path):
    """Runs the demo's tick with a command that stands in for `airflow`; returns what was told meanwhile."""

    with contextlib.ExitStack() as ending:

        def run(script):
            def start(name, arguments, *, log, changed):
                command = ["/bin/sh", "-c", script, "airflow", *arguments]
                return ending.enter_context(processes.keep(name, command, log=log, env=changed))

            monkeypatch.setattr(demo, "FOLDER", tmp_path)
            lines = []
            demo._run_dag(start, airflow_with_a_run, lines.append, stack.DAG, {"delivery": "live"}, at=TICK)
            return lines

        yield run


def test_the_tick_is_run_for_the_moment_the_shop_is_timed_around_and_live(told, tmp_path):
    told('echo "$@"')

    assert (tmp_path / f"{stack.DAG}.log").read_text() == (
        f'dags test production_run_reminders {TICK.isoformat()} --conf {{"delivery": "live"}}\n'
    )


def test_each_task_is_told_of_when_it_is_over_or_has_to_be_tried_again(told):
    assert sorted(told("true")) == ["  find_stuck_runs: skipped, 2 success", "  send_messages: success, up for retry"]


def test_a_tick_that_fails_is_shown_with_the_end_of_its_log(told):
    with pytest.raises(ProcessFailedError, match=r"production_run_reminders ended with status 1(?s:.)+the reason$"):
        told("echo the reason; exit 1")
