"""A whole tick with `digest` on: a partner with several due runs gets one message."""

from __future__ import annotations

import pytest
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session

from sandbox.shop.expectations import run_id
from support.submitted import submit_templates

RUNS = [run_id(one) for one in ("SENT25H", "SENT10D", "ACCEPT25H", "START73H")]
ALONE = run_id("START80H")


@pytest.mark.usefixtures("a_task_each")
def test_a_tick_sends_one_message_for_several_runs_and_a_run_s_own_for_one(run_tick, shop, deployment, graph_api, log):
    shop.execute("DELETE FROM production_runs WHERE NOT id = ANY (%s)", [[*RUNS, ALONE]])
    deployment.set(digest=True)
    submit_templates(["jyt_production_run_digest_v1"])

    tick = run_tick()

    assert tick.state == "success"
    assert tick.ends == {None: "sent", ALONE: "sent"}
    assert (tick.returned["found"], tick.returned["dispatched"], tick.returned["skipped"]) == (5, 2, {})
    assert sorted(message["template_name"] for message in graph_api.outbox()) == [
        "jyt_production_run_digest_v1",
        "jyt_production_run_reminder_idle_v1",
    ]
    spoken_of = log.execute("SELECT production_run_id FROM message_run WHERE message_kind = 'digest' AND holds_slot")
    assert {row["production_run_id"] for row in spoken_of} == {*RUNS}
    with create_session() as session:
        labels = session.query(TaskInstance.rendered_map_index).filter(
            TaskInstance.run_id == tick.run_id, TaskInstance.task_id == "send_messages"
        )
        assert sorted(label.rpartition(" · ")[2] for (label,) in labels) == ["digest", "idle"]
    not_followed = {row["production_run_id"]: row["not_followed"] for row in tick.rows}
    assert tick.followups == []
    assert not_followed == {None: None, ALONE: "outside_24h_window"}, "the button of a digest has the link"
