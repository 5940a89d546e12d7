"""A DAG run is red once for what nobody knows, and never green over what the message log lacks."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any

import pytest

from partner_messages.config.ends import RepairNeeded
from partner_messages.messages.kinds import ReminderKind
from partner_messages.ops.summarise import NeedsAnEngineer, TaskResults, summarise
from partner_messages.planning import plan_reminders
from partner_messages.sending.template_operator import raise_for
from support.deployment import Deployment, run_pass
from support.event_examples import OTHER_RUN, RUN
from support.event_runs import SendingRun, upkeep, weekday_tick
from support.log_rows import Log, change, everything, put
from support.sending import SendTask, queue_messages, taken

pytestmark = pytest.mark.usefixtures("one_sender")
KINDS = tuple(ReminderKind)


@pytest.fixture
def send(deployment: Deployment) -> SendTask:
    """Sends as a mapped task does."""
    return SendTask(deployment)


def say(run: SendingRun, clear_number: int = 0, *, told: TaskResults | None = None, **more: Any) -> dict[str, Any]:
    this_pass = run_pass(run.tick.dag_run_id, dag_id=run.tick.dag_id, clear_number=clear_number)
    told = told or TaskResults(found={}, dealt=run.message_ids, kinds=KINDS)
    return summarise(run.tick, this_pass, [], "Reminder run", told=told, **{"finds": True, **more})


def lose_the_answer(run: SendingRun, graph_api: Any) -> None:
    graph_api.drop_next()
    run.send()


def test_a_run_fails_once_for_what_is_unknown(log: Log, graph_api: Any) -> None:
    run = weekday_tick(RUN)
    lose_the_answer(run, graph_api)

    for _ in range(2):  # A try that died after it had written this down was heard by nobody.
        with pytest.raises(NeedsAnEngineer, match=r"^1 messages are unknown .* trigger message_log_upkeep"):
            say(run)

    assert say(run, 1)["unknown"] == say(run, 2)["unknown"] == 1


def test_a_task_fails_once_for_what_is_unknown(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = queue_messages(log)
    graph_api.drop_next()
    for _ in range(2):
        with pytest.raises(RepairNeeded, match="1 unknown"):
            raise_for(send(ids))
    change(log, ids[0], unknown_told_by="run 1", unknown_told_in=0)

    raise_for(send(ids, clear_number=1))

    assert taken(graph_api) == []


@pytest.mark.parametrize("again", [{}, {"run_id": "tick 2"}], ids=["cleared", "triggered again"])
def test_a_later_pass_is_not_green_over_what_an_earlier_one_left_unknown(
    log: Log, graph_api: Any, again: dict[str, str]
) -> None:
    lose_the_answer(weekday_tick(RUN), graph_api)

    later = weekday_tick(RUN, **again)
    later.send()

    with pytest.raises(NeedsAnEngineer, match="1 messages are unknown"):
        say(later, 1)
    counts = say(later, 2)
    assert counts["skipped"] == {"duplicate of unknown": 1}
    assert counts["unknown"] == (1 if not again else 0)


def test_a_later_pass_is_not_green_over_what_an_earlier_one_left_claimed(log: Log) -> None:
    first = weekday_tick(RUN)
    log.execute("UPDATE message_log SET status = 'sending', claimed_at = clock_timestamp()")

    later = weekday_tick(RUN)

    assert first.tick.dag_run_id == later.tick.dag_run_id
    with pytest.raises(NeedsAnEngineer, match="1 messages are still queued"):
        say(later)


def test_the_upkeep_tells_once_of_what_no_run_has_told_of(log: Log, deployment: Deployment) -> None:
    now = dt.datetime.now(dt.UTC)
    for run_id, hours, told_by in (("R1", 2, None), ("R2", 0, None), ("R3", 2, "run 1")):
        put(log, "unknown", run_id, claimed_at=now - dt.timedelta(hours=hours), unknown_told_by=told_by)
    tell = functools.partial(say, told=TaskResults(), finds=False, of_all=True)

    with pytest.raises(NeedsAnEngineer, match=r"^1 messages are unknown .*, some of them of run 1"):
        tell(upkeep("upkeep 1"))

    tell(upkeep("upkeep 2"))


def test_a_batch_whose_rows_are_gone_fails_before_anything_is_claimed(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = queue_messages(log, 3)
    log.execute("DELETE FROM message_log WHERE id = %s", [ids[0]])

    with pytest.raises(Exception, match="1 of the 3 messages that were dealt to this task are not in the message log"):
        send(ids)

    assert taken(graph_api) == []
    assert [one["status"] for one in everything(log)] == ["queued"] * 2


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("DELETE FROM message_log", "2 of 2 messages that were dealt out are not in the message log"),
        ("DELETE FROM message_log", "about 2 of 2 stuck runs nothing was decided"),
        ("DELETE FROM stuck_run", "2 runs were found stuck in assignment_pending, and the message log has 0"),
        ("DELETE FROM tick", "does not say that planning came to its end"),
    ],
)
def test_a_run_whose_tasks_say_what_the_log_does_not_have_is_red(log: Log, lost: str, said: str) -> None:
    run = weekday_tick(RUN, OTHER_RUN)
    run.send()
    found = {ReminderKind.ASSIGNMENT_PENDING: 2, ReminderKind.IDLE: 0}
    told = TaskResults(found=found, dealt=run.message_ids, kinds=KINDS)
    assert say(run, told=told)["dispatched"] == 2

    log.execute(lost)

    with pytest.raises(NeedsAnEngineer, match=said):
        say(run, told=told)


def test_only_kinds_that_were_to_be_reminded_of_must_be_decided(log: Log) -> None:
    run = weekday_tick(RUN)
    run.send()
    log.execute("UPDATE stuck_run SET production_run_id = 'R9', kind = 'idle'")

    assert say(run, told=TaskResults(kinds=[ReminderKind.NOT_STARTED]))["found"] == 1


@pytest.mark.parametrize("said", ["held_for_quality_assessment", "paused"])
def test_what_meta_says_of_a_message_that_it_took_is_kept_in_its_row(log: Log, graph_api: Any, said: str) -> None:
    run = weekday_tick(RUN)
    graph_api.hold_next(said)

    run.send()

    (found,) = everything(log)
    assert (found["status"], found["message_status"]) == ("sent", said)


def test_a_message_that_meta_has_paused_is_red_and_one_that_it_looks_at_is_not(log: Log) -> None:
    run = weekday_tick(RUN)
    run.send()
    log.execute("UPDATE message_log SET message_status = 'held_for_quality_assessment'")
    assert say(run)["held_back"] == {"held_for_quality_assessment": 1}

    log.execute("UPDATE message_log SET message_status = 'paused'")

    with pytest.raises(NeedsAnEngineer, match="1 messages were taken and are paused"):
        say(run)


def test_a_whole_tick_whose_rows_vanish_between_planning_and_sending_is_red(
    run_tick: Callable[..., Any], few_runs: None, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_messages = plan_reminders.plan_messages

    def then_lost(*given: Any) -> Any:
        batches = plan_messages(*given)
        log.execute("DELETE FROM message_log")
        return batches

    monkeypatch.setattr(plan_reminders, "plan_messages", then_lost)

    tick = run_tick()

    assert tick.rows == []
    assert tick.tasks["send_messages[0]"] == tick.tasks["summarise"] == "failed"
