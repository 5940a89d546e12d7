"""The page Templates: each text as on a phone, and having what is missing submitted by a DAG run."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import delete, select

from partner_messages.pages import templates
from partner_messages.templates.catalog.installed import installed_catalog
from support.dag_tasks import REMINDERS
from support.deployment import Deployment, airflow_run
from support.log_rows import Log
from support.pages import Visitor, visitor
from support.submitted import LIFECYCLE_TEMPLATES, submit_templates


@pytest.fixture
def op(dags: object, deployment: Deployment, log: Log, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    monkeypatch.setattr(templates, "is_paused", lambda _dag: False)
    deployment.set(senders=["in"])
    submit_templates()
    REMINDERS.preflight({"dag_run": airflow_run("earlier"), "params": {}})  # It reads what Meta has approved.
    yield visitor("op")
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.run_id.like("by_hand%")))


def test_each_text_is_shown_as_on_a_phone(op: Visitor) -> None:
    html = op.get("/templates")
    template = installed_catalog().get(LIFECYCLE_TEMPLATES[0])
    assert template is not None
    first = template.text("hi", template.translations["hi"].examples).partition("\n")[0]
    assert first in html
    pictured = next(one for one in installed_catalog() if one.picture)
    assert op.client.get(f"/partner-messages/templates/{pictured.name}/picture").headers["content-type"] in (
        "image/png",
        "image/jpeg",
    )
    assert "has no picture of a template none" in op.get("/templates/none/picture", status=400)


def test_a_quality_that_is_no_good_one_stands_out(op: Visitor, log: Log) -> None:
    log.execute("UPDATE template_approval SET quality = 'GREEN'")
    assert "<td>GREEN</td>" in op.get("/templates")
    log.execute("UPDATE template_approval SET quality = 'RED'")
    assert '<span class="badge failed">RED</span>' in op.get("/templates")


def test_what_is_missing_is_submitted_once_by_a_dag_run(op: Visitor, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = dict(re.findall(r'name="(_token|form)" value="([^"]+)"', op.get("/templates")))
    asked = {**fields, "do": "upsert", "why": "the new family"}
    assert "Handed to Airflow" in op.send("/templates", asked).text
    assert "asked for already" in op.send("/templates", asked).text
    with create_session() as session:
        (run,) = session.scalars(select(DagRun).where(DagRun.run_id.like("by_hand%"))).all()
        assert (run.dag_id, run.conf) == ("whatsapp_templates", {"mode": "upsert"})
    kept = log.execute("SELECT who, act, why FROM audit").fetchall()
    assert [tuple(one.values()) for one in kept] == [("op of ours", "submit_templates", "the new family")]
    monkeypatch.setattr(templates, "is_paused", lambda _dag: True)
    assert "is paused in Airflow" in op.send("/templates", asked).text
    assert "<button" not in visitor("viewer").get("/templates")


def test_the_templates_are_shown_by_account(viewer: Visitor, log: Log) -> None:
    assert "Nothing has been read from Meta yet" in viewer.get("/templates")
    log.execute(
        "INSERT INTO template_account (waba_id, tried_at, listed_at) VALUES ('W1', now(), now()), ('W2', now(), NULL)"
    )
    log.execute(
        "INSERT INTO template_approval (waba_id, name, language, status, reason, seen_at)"
        " VALUES ('W1', 'reminder_v1', 'hi', 'REJECTED', 'INCORRECT_CATEGORY', now())"
    )
    html = viewer.get("/templates")
    assert html.count("<section>") == 2
    assert "rejected" in html
    assert "INCORRECT_CATEGORY" in html
    assert "Last read never" in html
