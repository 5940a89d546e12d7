"""Nothing is claimed where nothing may leave, and what was claimed before is written down."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from partner_messages.config.settings import SettingsError
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import NotNow
from partner_messages.sending import batch
from support.deployment import TICK, Deployment
from support.event_runs import act_on_sending
from support.log_rows import Log
from support.sending import SendTask, messages, queue_messages, requested, statuses, taken

EVENING = TICK + dt.timedelta(hours=9, minutes=1)
TOMORROW = TICK + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("settings", "now", "said"),
    [
        pytest.param({"halt": True}, TICK, "setting halt", id="halted"),
        pytest.param({"delivery": "dry_run"}, TICK, "Setting delivery is dry_run", id="disarmed"),
        pytest.param({}, EVENING, "outside the send window", id="too late"),
        pytest.param({"send_window": ["10:30", "11:00"]}, TICK, "outside the send window", id="too early"),
    ],
)
def test_a_closed_guard_claims_nothing(
    send: SendTask,
    log: Log,
    graph_api: Any,
    deployment: Deployment,
    settings: dict[str, Any],
    now: dt.datetime,
    said: str,
) -> None:
    deployment.set(**settings)
    deployment.now = now
    ids = queue_messages(log, 3)

    with pytest.raises(NotNow, match=said):
        send(ids)

    assert [(row["status"], row["attempts"]) for row in messages(log, ids)] == [("queued", 0)] * 3
    assert requested(graph_api) == 0


def test_outside_the_window_is_no_hindrance_where_the_run_says_so(
    send: SendTask, log: Log, deployment: Deployment
) -> None:
    deployment.now = EVENING

    assert send(queue_messages(log), params={"ignore_send_window": True}).counts == {"sent": 1}


def halt(deployment: Deployment) -> None:
    deployment.set(halt=True)


def halt_by_hand(_deployment: Deployment) -> None:
    act_on_sending("halt")


def close_the_window(deployment: Deployment) -> None:
    deployment.now = EVENING


def pass_midnight(deployment: Deployment) -> None:
    deployment.now = TOMORROW


def break_the_variable(deployment: Deployment) -> None:
    deployment.set(hlat=True)


@pytest.mark.parametrize(
    ("change", "ending", "carried_out"),
    [
        (halt, NotNow, True),
        (halt_by_hand, NotNow, True),
        (close_the_window, NotNow, False),
        (pass_midnight, NotNow, True),
        (break_the_variable, SettingsError, False),
    ],
)
def test_a_guard_that_closes_in_the_middle_stops_claiming_and_what_is_under_way_is_settled(
    send: SendTask,
    log: Log,
    graph_api: Any,
    deployment: Deployment,
    change: Callable[[Deployment], None],
    ending: type[Exception],
    carried_out: bool,
) -> None:
    send.set_rate(20)
    deployment.set(read_timeout=5)
    graph_api.hang_next(times=10, taken=carried_out)
    ids = queue_messages(log, 12)
    with ThreadPoolExecutor() as pool:
        task = pool.submit(send, ids)
        assert graph_api.wait_for_hanging(10) == 10
        change(deployment)
        graph_api.release()
        with pytest.raises(ending):
            task.result(timeout=30)

    assert sorted(statuses(log, ids)) == ["queued"] * 2 + ["sent"] * 10
    assert len(taken(graph_api)) == len(set(taken(graph_api))) == 10


def test_what_a_guard_left_queued_goes_out_when_the_task_is_cleared(
    send: SendTask, log: Log, deployment: Deployment
) -> None:
    ids = queue_messages(log, 3)
    deployment.set(halt=True)
    with pytest.raises(NotNow):
        send(ids)

    deployment.set(halt=False)
    assert send(ids, clear_number=1).counts == {"sent": 3}


def test_what_a_halt_by_hand_left_queued_goes_out_when_sending_goes_on(
    send: SendTask, log: Log, deployment: Deployment
) -> None:
    ids = queue_messages(log, 3)
    act_on_sending("halt")
    with pytest.raises(NotNow, match=r"by ops since 2026-11-23 .* IST: wrong text"):
        send(ids)

    act_on_sending("go_on")
    assert send(ids, clear_number=1).counts == {"sent": 3}


def test_messages_of_another_day_expire(send: SendTask, log: Log, graph_api: Any, deployment: Deployment) -> None:
    ids = queue_messages(log, 2)
    deployment.now = TOMORROW

    outcome = send(ids)

    assert outcome.nothing_sent
    assert [row["skip_reason"] for row in messages(log, ids)] == ["expired"] * 2
    assert requested(graph_api) == 0


def test_expired_messages_expire_though_sending_is_halted(send: SendTask, log: Log, deployment: Deployment) -> None:
    ids = queue_messages(log)
    deployment.now = TOMORROW
    deployment.set(halt=True)

    assert send(ids).nothing_sent


def test_a_test_system_may_send_on_another_day_and_at_any_hour(
    send: SendTask, log: Log, deployment: Deployment
) -> None:
    deployment.now = TOMORROW + dt.timedelta(hours=12)
    deployment.set(allow_any_time=True)

    assert send(queue_messages(log)).counts == {"sent": 1}


def test_what_moved_on_is_withdrawn_and_the_rest_is_sent(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = queue_messages(log, 3)

    outcome = send(ids, withdrawn={ids[0]: SkipReason.MOVED_ON, ids[2]: SkipReason.NO_CONSENT})

    assert outcome.counts == {"skipped": 2, "sent": 1}
    assert [row["skip_reason"] for row in messages(log, ids)] == ["moved_on", None, "no_consent"]
    assert taken(graph_api) == [str(ids[1])]


def test_where_everything_moved_on_nothing_is_asked(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = queue_messages(log, 2)

    outcome = send(ids, withdrawn=dict.fromkeys(ids, SkipReason.MOVED_ON))

    assert outcome.nothing_sent
    assert requested(graph_api) == 0


def test_only_what_is_queued_is_judged_again(send: SendTask, log: Log) -> None:
    ids = queue_messages(log, 2)
    send(ids[:1])
    judged: list[uuid.UUID] = []

    def note(_tick: Any, rows: Any, *_: Any) -> dict[uuid.UUID, SkipReason]:
        judged.extend(row.id for row in rows)
        return {}

    send(ids, no_longer_due=note)

    assert judged == ids[1:]


def test_after_a_minutes_worth_of_messages_the_rest_is_judged_again(
    send: SendTask, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "LOT_SECONDS", 2 / 80)
    ids = queue_messages(log, 5)
    seen: list[list[str]] = []

    def moves_on_while_the_first_ones_leave(_tick: Any, rows: Any, *_: Any) -> dict[uuid.UUID, SkipReason]:
        seen.append(statuses(log, ids))
        return {rows[0].id: SkipReason.MOVED_ON} if len(seen) == 2 else {}

    assert send(ids, no_longer_due=moves_on_while_the_first_ones_leave).counts == {"sent": 4, "skipped": 1}
    assert [one.count("queued") for one in seen] == [5, 3, 1]


def test_a_dry_run_asks_nothing_of_meta(send: SendTask, log: Log, graph_api: Any, deployment: Deployment) -> None:
    deployment.set(halt=True)
    deployment.now = TOMORROW + dt.timedelta(hours=12)
    ids = queue_messages(log, 3, delivery="dry_run")

    assert send(ids, delivery="dry_run").counts == {"rehearsed": 3}
    assert graph_api.requests()["total"] == 0


def test_a_dry_run_fails_the_row_that_could_not_become_a_request(send: SendTask, log: Log) -> None:
    ids = [*queue_messages(log, 2, delivery="dry_run"), *queue_messages(log, delivery="dry_run", template_name="gone")]

    outcome = send(ids, delivery="dry_run")

    assert (dict(outcome.counts), outcome.broken) == ({"rehearsed": 2, "failed": 1}, 1)
    assert messages(log, ids)[2]["error_detail"] == "No request could be built: the catalog has no template gone"


def test_a_redirected_message_goes_where_its_row_says(send: SendTask, log: Log, graph_api: Any) -> None:
    ids = queue_messages(log, 2, delivery="redirect", to_phone="+919812345678")

    assert send(ids, delivery="redirect").counts == {"sent": 2}
    assert {message["to"] for message in graph_api.outbox()} == {"+919812345678"}


def test_a_connection_that_is_wrong_claims_nothing(send: SendTask, log: Log, deployment: Deployment) -> None:
    deployment.connect("whatsapp_in", {**deployment.connection("whatsapp_in"), "password": "a token\nof two lines"})
    ids = queue_messages(log)

    with pytest.raises(SettingsError, match="whatsapp_in: the password"):
        send(ids)

    assert [(row["status"], row["attempts"]) for row in messages(log, ids)] == [("queued", 0)]
