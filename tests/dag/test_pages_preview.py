"""One preview to a test phone: of a message of the tick or of a template; it counts for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.utils.session import create_session
from sqlalchemy import delete, select

from partner_messages.message_log import acts
from partner_messages.message_log.before import standing_holds
from partner_messages.pages import previews
from sandbox.shop import run_id
from support.dag_tasks import REMINDERS, UPKEEP
from support.deployment import TICK, Deployment, airflow_run
from support.event_runs import context
from support.examples import DAY
from support.log_rows import Log, everything
from support.pages import Visitor, visitor
from support.submitted import LIFECYCLE_TEMPLATES, submit_templates
from support.ticks import go_through

PHONE = "+919812345678"
RUN = run_id("SENT10D")


@pytest.fixture
def op(
    dags: object, deployment: Deployment, log: Log, few_runs: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Visitor]:
    monkeypatch.setattr(previews, "is_paused", lambda _dag: False)
    deployment.set(test_phones=[PHONE])
    submit_templates()
    REMINDERS.preflight({"dag_run": airflow_run("earlier"), "params": {}})  # It reads what Meta has approved.
    yield visitor("op")
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.run_id.like("preview%")))


def press(op: Visitor, address: str, **changed: str) -> str:
    phone = re.findall(r'<option value="(\w+)"', op.get(address))[0]
    return op.press(address, "Send the preview", **{"phone": phone, "why": "to see it", **changed}).text


def begun() -> list[tuple[str, dict[str, Any]]]:
    with create_session() as session:
        found = session.scalars(select(DagRun).where(DagRun.run_id.like("preview%")).order_by(DagRun.id)).all()
        return [(one.run_id, one.conf) for one in found]


def carry_out() -> None:
    """What the DAG runs do that were begun."""
    for run, conf in begun():
        UPKEEP.send_preview(context("message_log_upkeep", run, conf))


def test_a_message_of_the_tick_goes_to_the_test_phone_once_and_counts_for_nothing(
    op: Visitor, log: Log, graph_api: Any
) -> None:
    (address,) = re.findall(rf'href="/partner-messages(/preview\?of=run&id={RUN})"', op.get("/before"))
    html = op.get(address)
    assert PHONE not in html
    assert "is no reminder" in html
    assert "Handed to Airflow: one message to +91" in press(op, address)
    ((run, conf),) = begun()
    assert PHONE not in str(conf)
    assert (conf["preview_by"], conf["preview_id"]) == ("op of ours", RUN)

    carry_out()
    with pytest.raises(AirflowSkipException):
        carry_out()

    (message,) = graph_api.outbox(type="template")
    assert message["to"] == PHONE
    (row,) = everything(log)
    assert (row["delivery"], row["status"], row["to_phone"], row["dag_run_id"]) == ("redirect", "sent", PHONE, run)
    assert log.execute("SELECT 1 FROM message_run").fetchall() == []
    kept = log.execute("SELECT who, act, subject FROM audit").fetchall()
    assert [tuple(one.values()) for one in kept] == [("op of ours", acts.SEND_PREVIEW, run)]
    listed = op.get(f"/messages?delivery=redirect&dag=message_log_upkeep&dag_run={run}")
    assert "Preview to a test phone: " in listed

    tick = go_through(log)
    assert tick.ends[RUN] == "sent"
    redirected = go_through(log, {"delivery": "redirect", "redirect_to": PHONE, "production_run_ids": [RUN]})
    assert redirected.ends[RUN] == "sent"


def test_a_template_goes_out_with_its_examples_where_it_is_approved(op: Visitor, log: Log, graph_api: Any) -> None:
    name = LIFECYCLE_TEMPLATES[0]
    found = re.findall(r'href="/partner-messages(/preview\?of=template&id=[^"]+/in)"', op.get("/templates"))
    address = next(one for one in found if f"{name}/hi" in one)
    press(op, address)
    carry_out()
    (message,) = graph_api.outbox(type="template")
    assert message["to"] == PHONE
    assert [row["template_name"] for row in everything(log)] == [name]
    assert "There is no template" in op.get("/preview?of=template&id=none/hi/in", status=400)


def test_only_a_phone_of_the_settings_is_written_to_and_only_while_nothing_is_halted(
    op: Visitor, deployment: Deployment, log: Log, graph_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/preview?of=run&id={RUN}"
    assert "is none of setting test_phones" in press(op, address, phone="+919800000000")
    monkeypatch.setattr(previews, "is_paused", lambda _dag: True)
    assert "is paused in Airflow" in press(op, address)
    monkeypatch.setattr(previews, "is_paused", lambda _dag: False)
    assert begun() == []
    assert "<button" not in visitor("viewer").get(address)
    asked = {"preview_of": "run", "preview_id": RUN, "preview_by": "ops", "preview_why": "to see it"}
    for phone in ("+919800000000", PHONE):
        acts.halt(log, who="Asha", why="wrong texts", now=TICK)
        with pytest.raises(AirflowFailException):
            UPKEEP.send_preview(context("message_log_upkeep", f"to {phone}", {**asked, "preview_phone": phone}))
    assert graph_api.outbox() == []
    deployment.set(test_phones=[])
    assert "No test phone is set" in op.get(address)


def test_a_tick_is_held_and_goes_on_by_the_params_of_upkeep(op: Visitor, log: Log) -> None:
    def hold(what: str, day: str = "2026-11-23") -> str:
        asked = {"hold": what, "hold_day": day, "hold_by": "Asha", "hold_why": "wrong prices"}
        return UPKEEP.hold_tick(context("message_log_upkeep", "by hand", asked))

    assert hold("hold") == "hold"
    assert "The tick is held by Asha since 2026-11-23 10:01 IST: wrong prices" in op.get("/before")
    assert hold("hold") == "hold", "the same said again is no error"
    for refused in (lambda: hold("hold", "2026-11-20"), lambda: hold("go_on", "2026-11-24")):
        with pytest.raises(AirflowFailException):
            refused()
    assert hold("go_on") == "go_on"
    assert standing_holds(log, DAY, DAY) == {}
    assert [row["act"] for row in log.execute("SELECT act FROM audit ORDER BY id")] == ["hold_tick", "let_tick_go_on"]
    with pytest.raises(AirflowSkipException):
        UPKEEP.hold_tick(context("message_log_upkeep", "plain", {}))
