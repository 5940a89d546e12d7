"""Failed messages that were shown are sent again by a DAG run, each with its reason where it is not; nothing twice."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import delete, select

from partner_messages.message_log import acts
from partner_messages.planning import resending
from sandbox.shop import run_id
from support.deployment import TICK, Deployment
from support.event_examples import conf
from support.event_runs import tell
from support.log_rows import Log, change, everything, put
from support.pages import Visitor, visitor
from support.submitted import submit_templates
from support.ticks import go_through

AGAIN = TICK + dt.timedelta(minutes=10)


@pytest.fixture
def op(
    dags: object, deployment: Deployment, log: Log, few_runs: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Visitor]:
    monkeypatch.setattr(resending, "is_paused", lambda _dag: False)
    yield visitor("op")
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.run_id.like("resend%")))


def begun(dag_id: str = "production_run_reminders") -> list[Any]:
    """The params of the DAG runs that were begun to send something again, with who began them."""
    with create_session() as session:
        found = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id.like("resend%"))).all()
        return [(one.conf, one.triggering_user_name) for one in found]


def failed_tick(log: Log, graph_api: Any, code: int = 131021) -> list[Any]:
    """A tick of which every message failed; its messages."""
    graph_api.fail_next(code, times=20, operation="send_message")
    tick = go_through(log)
    graph_api.clear_faults()
    failed = [row for row in tick.rows if row["status"] == "failed"]
    assert failed
    return failed


def address_of(html: str) -> str:
    """Where the link leads that asks for all failed ones of the page."""
    found = re.search(r'href="/partner-messages(/resend\?[^"]+)"', html)
    assert found is not None
    return found.group(1)


def form_of(op: Visitor, address: str) -> dict[str, Any]:
    """The fields of the form that asks for a confirmation."""
    html = op.get(address)
    fields: dict[str, Any] = dict(re.findall(r'name="(_token|form)" value="([^"]+)"', html))
    return {**fields, "id": re.findall(r'name="id" value="([^"]+)"', html)}


def test_what_failed_goes_out_again_once_what_moved_on_does_not_and_each_is_told_of(
    op: Visitor, deployment: Deployment, log: Log, shop: Any, graph_api: Any
) -> None:
    failed = failed_tick(log, graph_api)
    deployment.now = AGAIN
    listed = op.get("/messages?status=failed")
    assert listed.count('type="checkbox"') == 4
    assert "All 4 failed ones shown here" in listed
    address = address_of(listed)
    assert "4 of 4 messages may be sent again" in op.get(address)

    moved = failed[0]["production_run_id"]
    shop.execute("UPDATE production_runs SET deleted_at = now() WHERE id = %s", [moved])
    html = op.get(address)
    assert "3 of 4 messages may be sent again" in html
    assert "no: moved on" in html
    fields = form_of(op, address)
    said = op.send("/resend", {**fields, "why": "the numbers are repaired"})
    assert "3 messages handed to Airflow" in said.text
    assert "3 not decided yet, 1 left alone: moved on." in said.text
    assert "op of ours asked for it" in said.text
    ((params, who),) = begun()
    assert who == "op of ours"
    assert set(params["production_run_ids"]) == {row["production_run_id"] for row in failed} - {moved}

    again = op.send("/resend", {**fields, "why": "pressed twice"})
    assert "asked for already; nothing is sent a second time" in again.text
    others = visitor("admin")
    both = form_of(others, address)
    assert others.send("/resend", {**both, "why": "I did not know"}).status_code == 200

    for params, _ in begun():
        go_through(log, params, logical_date=None, run_after=AGAIN)
    assert len(graph_api.outbox(type="template")) == 3
    report = op.get(str(said.url.path).removeprefix("/partner-messages"))
    assert "3 resent, 1 left alone: moved on." in report
    kept = log.execute("SELECT who, why, detail FROM audit WHERE act = 'resend_messages' ORDER BY id").fetchall()
    assert [(one["who"], one["why"]) for one in kept] == [
        ("op of ours", "the numbers are repaired"),
        ("admin of ours", "I did not know"),
    ]
    assert "0 of 4 messages may be sent again" in op.get(address)
    assert len(begun()) == 2


def test_what_keeps_everything_from_leaving_is_said_beforehand_and_begins_nothing(
    op: Visitor, deployment: Deployment, log: Log, graph_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "/resend?" + "&".join(f"id={row['id']}" for row in failed_tick(log, graph_api))
    fields = form_of(op, address)
    acts.halt(log, who="Asha", why="wrong texts", now=TICK)
    assert "Sending is halted (by Asha" in op.get(address)
    assert "None of them may be sent again now: not now" in op.send("/resend", {**fields, "why": "now"}).text
    acts.go_on(log, who="Asha", why="mended", now=AGAIN, asked_at=AGAIN)
    deployment.set(delivery="dry_run")
    assert "Setting delivery is dry_run" in op.get(address)
    deployment.set(delivery="live")
    deployment.now = TICK.replace(hour=20)
    assert "outside the send window" in op.get(address)
    deployment.now = AGAIN
    monkeypatch.setattr(resending, "is_paused", lambda _dag: True)
    assert "is paused in Airflow" in op.get(address)
    assert begun() == []


def test_what_meta_refused_for_the_recipient_s_sake_may_go_the_next_sending_day(
    op: Visitor, deployment: Deployment, log: Log, graph_api: Any
) -> None:
    failed = failed_tick(log, graph_api, code=131026)
    html = op.get("/resend?" + "&".join(f"id={row['id']}" for row in failed))
    assert f"0 of {len(failed)} messages may be sent again" in html
    assert html.count("no: refused today") == len(failed)
    assert "From Tue 24 Nov 2026 on." in html


def test_what_is_none_to_be_sent_again_says_why(op: Visitor, log: Log) -> None:
    ids = [
        put(log, "sent", "R1", meta_message_id="wamid.1", sent_at=TICK),
        put(log, "failed", "R2", message_kind="followup"),
        put(log, "failed", "R3", delivery="redirect"),
    ]
    html = op.get("/resend?" + "&".join(f"id={id_}" for id_ in ids))
    for said in ("It has not failed", "follows its message", "one to a test phone"):
        assert said in html
    assert "No message was chosen" in op.get("/resend", status=400)
    assert "<button" not in visitor("viewer").get(f"/resend?id={ids[1]}")


def test_an_event_is_told_again_as_the_same_event(op: Visitor, log: Log, graph_api: Any) -> None:
    submit_templates()
    graph_api.fail_next(131021, operation="send_message")
    tell(conf(production_run_id=run_id("SENT10D"), event_id="evt1"), "told")
    (row,) = everything(log)
    assert row["status"] == "failed"
    change(log, row["id"], created_at=TICK)  # The database's clock is not the test's.

    said = op.press(f"/resend?id={row['id']}", "Send 1 message again", why="repaired").text
    assert "1 message handed to Airflow" in said

    assert begun() == []
    ((params, _),) = begun("production_run_events")
    assert (params["events"][0]["event_id"], params["events"][0]["partner_id"]) == ("evt1", row["partner_id"])
    tell(params, "again")
    tell(params, "once more")
    ends = sorted(one["skip_reason"] or one["status"] for one in everything(log))
    assert ends == ["duplicate", "failed", "sent"]
