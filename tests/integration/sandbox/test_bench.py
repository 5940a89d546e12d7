"""The bench at tiny sizes: each measurement does its work, and its ratios are of what was measured."""

import contextlib
import datetime as dt
import subprocess
import sys
from types import SimpleNamespace

import psutil
import psycopg
import pytest
import requests

from partner_messages.message_log.migrations import migrate
from sandbox import postgres as databases
from sandbox import stack
from sandbox.bench import __main__ as bench
from sandbox.bench import around, find_and_plan, largest_day, listen, pages, send, tick, what_if
from sandbox.bench.memory import peak_mb, watching
from sandbox.bench.report import Row, Target
from sandbox.bench.workplace import BenchError, Sizes, Workplace
from sandbox.console import DagRun
from sandbox.graph_api import server
from support.deployment import TICK

TINY = Sizes(runs=60, stuck=6, messages=4, reminders=3, history=3, repeats=2)


@pytest.fixture
def workplace(postgres, folder):
    return Workplace(postgres, folder, TINY, tell=lambda line: None)


@pytest.fixture
def answering(monkeypatch, graph_api):
    """Lets steps answer at once with these answers instead of running."""

    def answer(**answers):
        class Steps:
            def run(self, step, **question):
                return answers.get(step, {"seconds": 0.001, "peak_mb": 1})

            def at_once(self, step, questions):
                return [self.run(step, **question) for question in questions]

        monkeypatch.setattr(Workplace, "make_shop", lambda self, **sizes: TICK)
        monkeypatch.setattr(Workplace, "steps", lambda self, *rates, **settings: Steps())
        monkeypatch.setattr(server, "running", lambda **options: contextlib.nullcontext(graph_api))

    return answer


def found(**changes):
    return {"tick": {}, "found": 6, "find_seconds": [1], "count_seconds": [1], "peak_mb": 1, **changes}


def planned(messages=6, **changes):
    return {"plan_seconds": [1], "batches": [{"message_ids": ["id"] * messages}], "peak_mb": 1, **changes}


@pytest.mark.slow
def test_finding_and_planning_are_measured_in_processes_of_their_own(workplace):
    rows = find_and_plan.measure(workplace)

    assert [row.what for row in rows] == [
        "find 6 stuck runs among 60",
        "plan 6 messages",
        "plan them again",
        "memory of find",
        "memory of plan",
    ]
    assert all(row.reached > 0 for row in rows)
    assert [row.refusals for row in rows] == [None] * 5


def test_finding_is_compared_with_counting_by_their_medians(workplace, answering):
    answering(
        find=found(find_seconds=[0.9, 0.6, 5.0], count_seconds=[0.1, 0.2, 0.3], peak_mb=150),
        plan=planned(plan_seconds=[0.002, 0.001, 0.003], peak_mb=200),
    )

    finding, planning, again, *memory = find_and_plan.measure(workplace)

    assert (finding.measured, finding.beside) == ("0.90 s (0.60 to 5.00)", "count(*): 0.20 s (0.10 to 0.30)")
    assert (finding.reached, planning.reached) == (pytest.approx(4.5), pytest.approx(3_000))
    assert again.reached == pytest.approx(0.5)
    assert [row.reached for row in memory] == [150, 200]


@pytest.mark.parametrize(("runs", "messages"), [(5, 6), (6, 5)])
def test_the_speed_of_work_that_was_not_done_is_not_told(workplace, answering, runs, messages):
    answering(find=found(found=runs), plan=planned(messages))

    with pytest.raises(BenchError, match=f"{runs} stuck runs were found and {messages} planned instead of 6"):
        find_and_plan.measure(workplace)


@pytest.mark.slow
def test_every_task_around_the_sending_is_measured_after_a_history(workplace, monkeypatch):
    monkeypatch.setattr(around, "PER_DAY", 20)

    *rows, memory = around.measure(workplace)

    assert [row.what.format(stuck=6) for row in rows] == [
        what.format(stuck=6) for what in around.STEPS.values() if what
    ]
    assert all(row.reached > 0 for row in (*rows, memory))


@pytest.mark.slow
def test_a_chunk_is_sent_through_the_operator_from_a_process_of_its_own(workplace, monkeypatch):
    monkeypatch.setattr(send, "WAYS", [send.Way(1_000, 1, in_one=True)])

    sent, memory = send.measure(workplace)

    assert sent.what == "send 4 messages in one process"
    assert sent.beside.startswith("limit: 1,000; with start and end: ")
    assert (sent.refusals, sent.reached > 0, memory.reached > 0) == (0, True, True)


@pytest.fixture
def in_one(monkeypatch):
    monkeypatch.setattr(send, "WAYS", [send.Way(80, 1, in_one=True)])
    monkeypatch.setattr(send, "arrivals_of", lambda *_: [TICK, TICK + dt.timedelta(seconds=0.025)])


def sending(**counts):
    return {"began": 7.0, "seconds": 0.1, "counts": counts, "peak_mb": 160}


def test_the_achieved_rate_is_a_share_of_the_limit(workplace, answering, in_one):
    answering(find=found(), plan=planned(4), send=sending(sent=4))

    of_80, memory = send.measure(workplace)

    assert (of_80.measured, of_80.reached, of_80.is_met) == ("40.0 messages/s", pytest.approx(50.0), False)
    assert of_80.beside == "limit: 80; with start and end: 40.0"
    assert memory.reached == 160


def test_of_several_processes_the_first_start_and_the_last_end_count(workplace, answering, in_one, monkeypatch):
    monkeypatch.setattr(send, "WAYS", [send.Way(1_000, 2, in_one=False)])
    answering(find=found(), plan=planned(4) | {"batches": [{}, {}]}, send=sending(sent=4))

    dealt, _ = send.measure(workplace)

    assert dealt.what == "send 8 messages in the 2 processes that they are dealt to"
    assert dealt.beside == "limit: 1,000; with start and end: 80.0"


def test_a_chunk_of_which_not_all_was_sent_is_no_measurement(workplace, answering, in_one):
    answering(find=found(), plan=planned(4), send=sending(sent=3, failed=1))

    with pytest.raises(BenchError, match=r"Of 4 messages at 80 a second .* \{'sent': 3, 'failed': 1\}"):
        send.measure(workplace)


def test_the_largest_day_stands_beside_a_small_one(workplace, answering, monkeypatch):
    monkeypatch.setattr(largest_day, "FEW", 6)
    monkeypatch.setattr(largest_day, "MANY", 6)
    sent = {"counts": {"sent": 6}, "peak_mb": 170}
    answering(find=found(), plan=planned(peak_mb=250), send=sent, escalate={"peak_mb": 260}, summarise={"peak_mb": 310})

    planning, again, memory = largest_day.measure(workplace)

    assert (planning.reached, planning.beside, planning.is_met) == (pytest.approx(1), "1 times 6: 1.0 s", True)
    assert again.reached == pytest.approx(0.001)
    assert (memory.what, memory.is_met) == ("memory of the tasks of 6 (the highest: summarise)", False)


def test_a_largest_day_that_was_not_begun_is_no_measurement(workplace, answering, monkeypatch):
    monkeypatch.setattr(largest_day, "FEW", 6)
    monkeypatch.setattr(largest_day, "MANY", 6)
    answering(find=found(), plan=planned(), send={"counts": {"sent": 5, "failed": 1}, "peak_mb": 1})

    with pytest.raises(BenchError, match=r"Of the first 6 messages .* \{'sent': 5, 'failed': 1\}"):
        largest_day.measure(workplace)


@pytest.mark.slow
def test_the_tasks_of_a_large_day_stay_within_their_memory(workplace, monkeypatch):
    monkeypatch.setattr(largest_day, "MANY", 20_000)

    *_, memory = largest_day.measure(workplace)

    assert memory.is_met


@pytest.mark.slow
def test_statuses_are_applied_and_webhooks_answered_beside_a_bare_route(workplace, monkeypatch):
    monkeypatch.setattr(listen, "PER_SECOND", 20)

    applied, *answers, median, late, stop = listen.measure(workplace)

    assert applied.what == "apply 20 statuses in batches of 1,000"
    assert [row.what for row in answers] == [
        f"answer at {rate} POSTs a second: {of}" for rate in (20, 40) for of in ("median", "99 %")
    ]
    assert all(row.beside.startswith("only inserted") for row in answers)
    assert [row.target.number for row in (median, late, stop)] == [250, 1, 60]
    assert all(row.reached > 0 for row in (applied, *answers))


def test_each_page_stands_beside_select_1_through_the_same_application(answering, folder):
    took = {"bare": [4.0, 5.0, 9.0], "Today": [20.0, 30.0, 500.0], "Messages": [200.0, 160.0, 150.0]}
    answering(pages={"milliseconds": took, "seconds_a_day": 0.25})
    workplace = Workplace(SimpleNamespace(create_database=lambda name: name), folder, TINY, tell=lambda line: None)

    today, messages, a_day = pages.measure(workplace)

    assert (today.what, today.measured) == ("page Today after 3,000 messages", "30 ms (20 to 500)")
    assert {today.beside, messages.beside} == {"select 1: 5 ms"}
    assert [row.is_met for row in (today, messages, a_day)] == [True, False, True]
    assert a_day.measured == "250 ms"


@pytest.mark.slow
def test_trying_settings_is_measured_beside_what_this_machine_can_do(workplace):
    tried, memory = what_if.measure(workplace)

    assert tried.what == "try two settings over 1 runs stuck for 90 days"
    assert tried.beside.startswith("Python adds 3,000,000 numbers: ")
    assert all(row.reached > 0 for row in (tried, memory))


def test_requests_that_were_too_fast_are_counted(graph_api):
    graph_api.fail_next(131000, times=1)
    graph_api.fail_next(130429, times=2)
    account = graph_api.accounts["IN"]
    for _ in range(4):
        requests.post(
            f"{graph_api.url}/v25.0/{account.phone_number_id}/messages",
            json={"messaging_product": "whatsapp"},
            headers={"Authorization": f"Bearer {account.token}"},
            timeout=10,
        )

    assert send.refusals_of(graph_api, messages=4) == 2


class InThisProcess:
    """Runs DAGs as `console.Console` does, but with every task in this process; says they took these seconds."""

    def __init__(self, run_tick, deployment, seconds):
        self.run_tick = run_tick
        self.deployment = deployment
        self.seconds = iter(seconds)
        self.tasks = []

    def set_variable(self, name, value):
        assert name == "partner_messages"
        self.deployment.set(**value)

    def run(self, dag_id, conf):
        run = self.run_tick(conf, logical_date=None, run_after=self.deployment.now)
        self.tasks.append(sum(task.startswith("send_messages[") for task in run.tasks))
        return DagRun(run.state, next(self.seconds))


@pytest.fixture
def shop_of_the_bench(workplace, deployment, graph_api):
    """A shop of the bench's and an empty message log, to which the package is connected."""
    reminders = TINY.reminders
    deployment.now = workplace.make_shop(runs=10 * reminders, stuck=reminders, partners=reminders)
    for conn_id, connection in workplace.connections(graph_api.url, tick.RATE).items():
        deployment.connect(conn_id, connection)
    with psycopg.connect(workplace.server.url_of(stack.MESSAGE_LOG)) as log:
        migrate(log)


@pytest.mark.slow
def test_the_same_tick_is_run_in_chunks_and_with_one_task_each(
    workplace, shop_of_the_bench, run_tick, deployment, graph_api
):
    airflow = InThisProcess(run_tick, deployment, seconds=[2.0, 15.0])

    row = tick.ticks(workplace, airflow, graph_api)

    assert airflow.tasks == [1, TINY.reminders]
    assert (row.measured, row.beside) == ("2.0 s", "one task each: 15.0 s")
    assert (row.reached, row.refusals, row.is_met) == (7.5, 0, True)


def test_a_tick_that_did_not_send_everything_is_no_measurement(workplace, shop_of_the_bench, graph_api):
    class SendsNothing:
        def set_variable(self, name, value):
            pass

        def run(self, dag_id, conf):
            return DagRun("success", 1.0)

    with pytest.raises(BenchError, match="The tick in chunks ended success and sent 0 reminders instead of 3"):
        tick.ticks(workplace, SendsNothing(), graph_api)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps what a process took at its highest")
def test_memory_that_was_given_back_counts():
    script = "block = bytearray(200 * 2**20); del block; print('ready', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        process = psutil.Process(child.pid)
        peak, now = peak_mb(process), process.memory_info().rss / 2**20
        with watching(psutil.Process(), lambda one: one.pid == child.pid) as peaks:
            pass
        child.communicate(b"\n")

    assert now < 100
    assert peak > 200
    assert peaks == [peak]


def test_the_program_measures_the_parts_it_is_asked_for_and_prints_the_table(monkeypatch, folder, capsys):
    asked = []

    def measure(workplace):
        asked.append(workplace.sizes)
        return [Row("something", "1 s", 1.0, Target("under", 10, "x"))]

    monkeypatch.setattr(databases, "server", lambda folder: contextlib.nullcontext())
    monkeypatch.setattr(bench, "FOLDER", folder)
    monkeypatch.setattr(bench, "PARTS", {"one": measure, "other": pytest.fail})

    status = bench.main(["--quick", "--only", "one"])

    assert status == 0
    assert asked == [Sizes(runs=50_000, stuck=500, messages=100, reminders=25, history=50, divisor=20)]
    assert "| something | 1 s " in capsys.readouterr().out
