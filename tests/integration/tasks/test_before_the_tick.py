"""A scheduled tick is held, or waits for approval: nothing of it leaves by any way before somebody has said so."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowRescheduleException, AirflowSkipException

from partner_messages.config.settings import SettingsError, parse_settings
from partner_messages.message_log import before, outbox
from partner_messages.message_log.before import Approval
from partner_messages.messages.tick import Halt, NotNow, Tick
from partner_messages.planning.marks import mark_of
from partner_messages.planning.preview import preview
from partner_messages.tasks.approval import decide, is_decided, is_left_out
from partner_messages.tasks.approval_sensor import ApprovalSensor
from sandbox.shop import partner_id, run_id
from support.dag_tasks import REMINDERS
from support.deployment import TICK, Deployment, airflow_run
from support.event_runs import SendingRun, upkeep
from support.examples import DAY
from support.log_rows import Log, put
from support.sending import taken

RAJESH, RUN = partner_id("RAJESH"), run_id("SENT10D")
SAID: dict[str, Any] = {"who": "Asha", "why": "wrong prices", "now": TICK}


@pytest.fixture(autouse=True)
def one_partner(one_sender: None, deployment: Deployment, shop: Any) -> None:
    """A shop in which only Rajesh's runs are stuck."""
    shop.execute("UPDATE production_runs SET deleted_at = now() WHERE partner_id IS DISTINCT FROM %s", [RAJESH])
    deployment.set(approve_first=True)


def planned(run_type: str = "scheduled", run: str = "tick") -> SendingRun:
    """A run of the reminders up to where it sends."""
    context = {"dag_run": airflow_run(f"{run_type} {run}", run_type=run_type), "params": {}}
    tick = REMINDERS.preflight(context)
    for kind in ("assignment_pending", "not_started", "idle"):
        REMINDERS.find_stuck_runs(context, tick, kind)
    return SendingRun(Tick.from_xcom(tick), REMINDERS.plan_messages(context, tick))


def ends(log: Log) -> list[str]:
    return sorted(one["skip_reason"] or one["status"] for one in log.execute("SELECT * FROM message_log").fetchall())


def marks(log: Log, run: SendingRun) -> list[str]:
    return [mark_of(row) for row in before.waiting_messages(log, run.tick.dag_run_id, run.tick.id)]


def at(hour: int, minute: int = 0) -> dt.datetime:
    return TICK + dt.timedelta(hours=hour - 10, minutes=minute)


def test_nothing_of_a_tick_that_waits_is_claimed_by_any_way(log: Log, graph_api: Any, deployment: Deployment) -> None:
    run = planned()
    number = len(run.message_ids)
    assert number > 1
    log.execute("UPDATE message_log SET not_before = %s WHERE id = %s", [TICK, run.message_ids[0]])  # As by the hours.

    with pytest.raises(NotNow, match=r"waits for approval \(setting approve_first\)"):
        run.send()
    assert outbox.claim(log, [uuid.UUID(id_) for id_ in run.message_ids], uuid.uuid4(), TICK) == []
    assert upkeep().batches == []
    assert not is_decided(run.tick)
    assert (ends(log), taken(graph_api)) == (["queued"] * number, [])


def test_only_what_was_seen_leaves_and_the_rest_is_explained(log: Log, graph_api: Any) -> None:
    run = planned()
    first, *others = marks(log, run)
    before.approve(log, DAY, [first], **SAID)

    assert is_decided(run.tick)
    run.send()

    assert ends(log) == ["not_approved"] * len(others) + ["sent"]
    assert len(taken(graph_api)) == 1
    (one,) = log.execute("SELECT who, act, subject, detail FROM audit").fetchall()
    assert tuple(one.values()) == ("Asha", "approve_tick", "2026-11-23", {"messages": 1})


def test_what_was_seen_before_the_tick_is_what_the_tick_sends_and_looking_writes_nothing(
    log: Log, deployment: Deployment, shop: Any, graph_api: Any
) -> None:
    deployment.set(cadence=[1, 3, 7])
    REMINDERS.preflight({"dag_run": airflow_run("earlier"), "params": {}})  # It reads what Meta has approved.
    log.execute("UPDATE template_account SET listed_at = listed_at - interval '3 days'")
    log.execute("DELETE FROM tick")
    deployment.now = at(9, 30)
    seen = preview(log, parse_settings(deployment.settings), DAY, deployment.now)
    for table in ("message_log", "stuck_run", "tick", "produced_quantity_seen"):
        assert log.execute(f"SELECT FROM {table}").fetchall() == [], table
    before.approve(log, DAY, [mark_of(asdict(one)) for one in seen.messages], **SAID)

    deployment.now = at(10, 1)
    run = planned()

    assert len(run.message_ids) == len(seen.messages) > 0
    assert is_decided(run.tick)
    assert set(ends(log)) >= {"queued"}
    assert "not_approved" not in ends(log)

    log.execute("DELETE FROM message_run; DELETE FROM message_log")
    shop.execute("UPDATE partner SET name = 'Another name' WHERE id = %s", [RAJESH])
    again = planned(run="again")
    assert is_decided(again.tick)
    assert "queued" not in ends(log), "another text is another message"


@pytest.mark.parametrize(("otherwise", "end"), [("skip", "not_approved"), ("send", "sent")])
def test_when_its_time_is_over_the_setting_decides(log: Log, deployment: Deployment, otherwise: str, end: str) -> None:
    deployment.set(approve_else=otherwise, approve_until="11:30")
    run = planned()
    deployment.now = at(11, 29)
    assert not is_decided(run.tick)
    deployment.now = at(11, 30)
    assert is_decided(run.tick)
    run.send()
    assert set(ends(log)) == {end}


def test_a_run_by_hand_waits_for_nobody_and_takes_over_what_waits(log: Log, graph_api: Any) -> None:
    scheduled = planned()
    by_hand = planned("manual")
    assert is_left_out(by_hand.tick.to_xcom())
    assert not is_left_out(scheduled.tick.to_xcom())
    by_hand.send()
    assert set(ends(log)) == {"sent"}
    assert len(taken(graph_api)) == len(set(taken(graph_api))) == len(by_hand.message_ids)


def test_where_the_setting_is_off_or_nothing_leaves_nobody_is_waited_for(deployment: Deployment) -> None:
    deployment.set(delivery="dry_run")
    assert not planned().tick.awaits_approval
    deployment.set(delivery="live", approve_first=False)
    assert not planned(run="2").tick.awaits_approval


def test_a_tick_that_is_held_is_skipped_and_says_by_whom(
    log: Log, deployment: Deployment, caplog: pytest.LogCaptureFixture, graph_api: Any
) -> None:
    assert before.hold_tick(log, DAY, **SAID)
    assert not before.hold_tick(log, DAY, **SAID), "one hold is enough"
    with pytest.raises(AirflowSkipException, match=r"is held by Asha since 2026-11-23 10:00 IST: wrong prices"):
        planned()
    by_hand = planned("manual")
    assert "is held by Asha since 2026-11-23 10:00 IST: wrong prices. This run was started by hand" in caplog.text
    by_hand.send()
    assert set(ends(log)) == {"sent"}


def test_a_hold_stops_what_is_planned_and_what_upkeep_would_release_until_it_is_ended(
    log: Log, deployment: Deployment, graph_api: Any
) -> None:
    deployment.set(approve_first=False)
    run = planned()
    late, *_ = run.message_ids
    log.execute("UPDATE message_log SET not_before = %s WHERE id = %s", [TICK, late])
    before.hold_tick(log, DAY, **SAID)

    with pytest.raises(NotNow, match="is held by Asha"):
        run.send()
    assert upkeep().batches == []
    log.execute("UPDATE message_log SET tick_id = %s WHERE id = %s", [_of_upkeep(log), late])
    assert outbox.claim(log, [uuid.UUID(id_) for id_ in run.message_ids], uuid.uuid4(), TICK) == []

    assert before.let_tick_go_on(log, DAY, **SAID)
    assert not before.let_tick_go_on(log, DAY, **SAID)
    log.execute("UPDATE message_log SET tick_id = %s, not_before = NULL", [run.tick.id])
    run.send()
    assert set(ends(log)) == {"sent"}
    assert len(taken(graph_api)) == len(set(taken(graph_api)))


def _of_upkeep(log: Log) -> Any:
    found = log.execute("SELECT id FROM tick WHERE dag_id = 'message_log_upkeep'").fetchone()
    assert found is not None
    return found["id"]


def test_a_hold_keeps_no_event_back(log: Log, deployment: Deployment) -> None:
    upkeep()
    before.hold_tick(log, DAY, **SAID)
    event = put(
        log, "queued", message_kind="event", event_name="production_run.sent_to_partner", tick_id=_of_upkeep(log)
    )
    assert [one.id for one in outbox.claim(log, [event], uuid.uuid4(), TICK)] == [event]


HELD = Halt("Asha", "wrong prices", TICK)
COLUMNS = ("partner_id", "message_kind", "sender", "to_phone", "language", "template_name", "body_text")
ROW: dict[str, Any] = {"id": 1, "production_run_ids": ["R1"], **dict.fromkeys(COLUMNS, "x")}
SEEN = Approval(TICK, "Asha", "right", frozenset({mark_of(ROW)}))
OTHER = Approval(TICK, "Bala", "right", frozenset({"another"}))


@pytest.mark.parametrize(
    ("settings", "approvals", "hold", "hour", "unapproved"),
    [
        ({}, [], None, 10, None),
        ({}, [SEEN], None, 10, []),
        ({}, [OTHER], None, 10, [1]),
        ({}, [OTHER, SEEN], None, 10, []),
        ({}, [SEEN], HELD, 10, None),
        ({}, [SEEN], HELD, 12, [1]),
        ({"approve_else": "send"}, [], HELD, 12, [1]),
        ({"approve_else": "send"}, [], None, 12, []),
        ({"approve_else": "send"}, [OTHER], None, 12, [1]),
        ({}, [], None, 12, [1]),
        ({"approve_first": False}, [], None, 10, []),
        ({"approve_first": False}, [], HELD, 10, None),
    ],
)
def test_who_decides(settings: Any, approvals: Any, hold: Halt | None, hour: int, unapproved: Any) -> None:
    asked = parse_settings({"approve_first": True, **settings})
    assert decide([ROW], approvals, hold, asked, DAY, at(hour)) == unapproved
    assert decide([], approvals, hold, asked, DAY, at(hour)) == []


def test_a_mark_is_of_all_that_is_seen() -> None:
    changed = {name: ["R1", "R2"] if name == "production_run_ids" else "y" for name in ROW}
    different = {mark_of({**ROW, name: changed[name]}) for name in ROW if name != "id"}
    assert len(different | {mark_of(ROW)}) == len(ROW)
    assert mark_of({**ROW, "id": 2}) == mark_of(ROW)


def test_until_when_it_waits_must_be_a_time_at_which_it_can_be_sent() -> None:
    for until in ("09:30", "19:30"):
        with pytest.raises(SettingsError, match="approve_until must come after the tick"):
            parse_settings({"approve_first": True, "approve_until": until})
        assert parse_settings({"approve_until": until}).approve_first is False


def test_the_task_gives_its_worker_back_while_it_waits(log: Log, deployment: Deployment) -> None:
    run = planned()
    context: Any = {
        "dag_run": airflow_run(run.tick.dag_run_id, run_type="scheduled"),
        "ti": SimpleNamespace(get_first_reschedule_date=lambda _: None, try_number=1),
    }
    waits = ApprovalSensor(task_id="wait_for_approval", tick=run.tick.to_xcom())
    with pytest.raises(AirflowRescheduleException):
        waits.execute(context)
    before.approve(log, DAY, marks(log, run), **SAID)
    waits.execute(context)
    assert set(ends(log)) == {"queued"}


def test_operations_are_told_once_that_a_tick_waits_until_when_and_what_then(
    log: Log, deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "{{ summary_title }}|{{ summary_key }}|{{ summary_address }}|{{ summary_text }}"
    args = {"path": str(tmp_path / "told"), "fails_while": str(tmp_path / "fails"), "text": text}
    deployment.set(on_summary={"class": "support.notifier.WritesTheList", "args": args})
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com")
    run = planned()
    sensor = ApprovalSensor(task_id="wait_for_approval", tick=run.tick.to_xcom())
    first = {"dag_run": airflow_run(run.tick.dag_run_id, run_type="scheduled"), "ti": SimpleNamespace(try_number=1)}

    (tmp_path / "fails").touch()
    with pytest.raises(AirflowException, match="nobody was told"):
        sensor.poke(first)
    assert not sensor.poke({**first, "ti": SimpleNamespace(try_number=4)}), "the last try waits, told or not"
    (tmp_path / "fails").unlink()
    assert not sensor.poke({**first, "ti": SimpleNamespace(try_number=2)})
    assert not sensor.poke({**first, "task_reschedule_count": 1})

    (said,) = (tmp_path / "told").read_text().split("\n---\n")[:-1]
    title, _, address, text = said.strip().split("|")
    assert title == f"Mon 23 Nov: {len(run.message_ids)} messages wait for approval until 12:00 IST"
    assert "If nobody has approved them by then, none of them is sent (setting approve_else)." in text
    assert address == "https://airflow.example.com/plugin/partner-messages/partner-messages/before"
    assert address in text
    before.hold_tick(log, DAY, **SAID)
    deployment.set(approve_else="send")
    assert not sensor.poke(first)
    later = (tmp_path / "told").read_text().split("\n---\n")[1]
    assert "The tick is held by Asha" in later
    assert "they are sent all the same" in later
