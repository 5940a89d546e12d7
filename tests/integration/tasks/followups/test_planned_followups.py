"""What follows a template, planned from the log and the shop."""

from __future__ import annotations

import datetime as dt
import uuid

import psycopg
import pytest

from partner_messages.message_log import history
from partner_messages.message_log.history import slot_holders
from partner_messages.planning.plan_followups import plan_followups
from sandbox.shop import partner_id, run_id
from support.at_once import at_once
from support.deployment import TICK
from support.examples import tick
from support.followups import ASSIGNED, CAPTION, HOUR, MEERA, RAJESH, RUN, SYDNEY, SentTo, dealt, followups
from support.log_rows import Log, change, put


@pytest.mark.usefixtures("a_task_each")
def test_the_picture_follows_a_reminder_to_somebody_who_has_just_written(pages, log, reminded):
    parent = reminded()

    (batch,) = plan_followups(tick())

    (planned,) = followups(log)
    assert (batch["label"], batch["sender"], batch["message_ids"]) == ("Meera · follow-up", "in", [str(planned["id"])])
    assert (planned["status"], planned["parent_id"], planned["template_name"]) == ("queued", parent, None)
    assert (planned["context_type"], planned["context_id"]) == (
        "production_run",
        f"{RUN}:reminder:2026-11-23:image",
    )
    assert (planned["partner_id"], planned["to_phone"]) == (partner_id("MEERA"), MEERA)
    assert (planned["production_run_id"], planned["design_id"], planned["language"]) == (
        RUN,
        partner_id("KAMEEZ"),
        "hi",
    )
    assert (planned["body_text"], planned["variables"]["caption"]) == (CAPTION, CAPTION)
    assert planned["image_url"] == pages["/kameez.jpg"]
    assert pages.asked == ["/kameez.jpg"]


@pytest.mark.usefixtures("no_picture")
def test_in_however_many_pieces_a_day_is_looked_at_each_message_is_followed_once(
    log: Log, reminded: SentTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = {reminded(run=run_id(f"R{number}")) for number in range(3)}
    outside = {reminded("RAJESH", RAJESH, run=run_id(f"S{number}")) for number in range(4)}
    monkeypatch.setattr(history, "FOLLOWED_AT_ONCE", 2)

    planned = dealt(plan_followups(tick()))

    assert {one["id"] for one in followups(log)} == set(planned)
    assert {one["parent_id"] for one in followups(log)} == followed
    noted = log.execute("SELECT id FROM message_log WHERE not_followed = 'outside_24h_window'").fetchall()
    assert {one["id"] for one in noted} == outside
    assert dealt(plan_followups(tick())) == planned
    assert len(followups(log)) == 3


@pytest.mark.usefixtures("no_picture")
def test_a_text_follows_where_there_is_no_picture(log, reminded):
    reminded()

    assert len(plan_followups(tick())) == 1

    (planned,) = followups(log)
    assert (planned["status"], planned["image_url"], planned["body_text"]) == ("queued", None, CAPTION)


def test_only_the_pictures_of_those_who_can_be_written_to_are_looked_at(pages, shop, log, reminded):
    shop.execute("UPDATE design SET thumbnail_url = %s WHERE id = %s", [pages["/saree.jpg"], partner_id("SAREE")])
    reminded()
    reminded("SYDNEY", SYDNEY, run_id("R2"), design_id=partner_id("SAREE"))

    plan_followups(tick())

    assert pages.asked == ["/kameez.jpg"]
    assert [one["status"] for one in followups(log)] == ["queued"]


def test_a_run_of_nothing_that_can_be_followed_plans_nothing(deployment, log):
    deployment.disconnect("production_db")

    assert plan_followups(tick()) == []
    assert followups(log) == []


@pytest.mark.usefixtures("no_picture")
@pytest.mark.parametrize(
    ("status", "followed"),
    [
        ("sent", True),
        ("delivered", True),
        ("read", True),
        ("queued", False),
        ("sending", False),
        ("unknown", False),
        ("failed", False),
        ("skipped", False),
    ],
)
def test_only_what_meta_took_is_followed(log, reminded, status, followed):
    reminded(status=status, meta_message_id=None)

    assert bool(plan_followups(tick())) is followed
    assert bool(followups(log)) is followed


@pytest.mark.usefixtures("no_picture")
def test_nothing_follows_a_duplicate(log, reminded):
    first = reminded(by=2)
    reminded(status="skipped", skip_reason="duplicate", duplicate_of=first, meta_message_id=None)

    assert plan_followups(tick()) == []
    assert followups(log) == []


@pytest.mark.usefixtures("no_picture")
@pytest.mark.parametrize(
    ("columns", "followed"),
    [
        ({"template_name": "jyt_production_run_reminder_idle_v1"}, True),
        ({"template_name": "jyt_production_run_reminder_idle_v2"}, False),  # has the picture in it
        ({"template_name": "gone_v1"}, False),
        ({"message_kind": "event", "event_name": ASSIGNED, "template_name": "jyt_production_run_assigned_v1"}, True),
        (
            {
                "message_kind": "event",
                "event_name": "production_run.cancelled",
                "template_name": "jyt_production_run_cancelled_v1",
            },
            False,
        ),
        ({"event_name": "production_run.reminder_idle"}, True),
        ({"message_kind": "digest", "production_run_id": None}, False),
    ],
)
def test_reminders_and_assignments_without_a_picture_are_followed(log, reminded, columns, followed):
    reminded(**columns)

    assert bool(plan_followups(tick())) is followed
    assert bool(followups(log)) is followed


@pytest.mark.usefixtures("no_picture")
def test_each_assignment_of_a_run_is_followed_and_keeps_its_events_hours(log, reminded):
    event = {
        "message_kind": "event",
        "event_name": ASSIGNED,
        "context_id": f"{RUN}:{ASSIGNED}:{partner_id('MEERA')}",
        "template_name": "jyt_production_run_assigned_v1",
    }
    first = reminded(**event)
    plan_followups(tick())
    hours_later = psycopg.types.range.TimestamptzRange(TICK + 3 * HOUR, TICK + 4 * HOUR)
    second = reminded(**event, event_hour=hours_later)

    plan_followups(tick())

    assert [(one["parent_id"], one["event_name"], one["context_id"], one["status"]) for one in followups(log)] == [
        (first, ASSIGNED, f"{event['context_id']}:image:{first}", "queued"),
        (second, ASSIGNED, f"{event['context_id']}:image:{second}", "queued"),
    ]


@pytest.mark.usefixtures("no_picture")
def test_however_often_it_is_planned_it_is_planned_once(log, reminded):
    reminded()
    reminded("SYDNEY", SYDNEY, run_id("R2"))
    first = plan_followups(tick())

    assert plan_followups(tick()) == first != []
    assert len(followups(log)) == 1

    (id_,) = dealt(first)
    change(log, id_, status="sending")
    change(log, id_, status="failed")
    assert plan_followups(tick()) == []
    assert len(followups(log)) == 1


@pytest.mark.usefixtures("no_picture")
def test_two_plannings_at_once_queue_it_once(log, reminded):
    reminded()

    def plan() -> None:
        plan_followups(tick())

    at_once(plan, plan)

    assert [one["status"] for one in followups(log)].count("queued") == 1


@pytest.mark.usefixtures("no_picture")
def test_only_this_runs_follow_ups_are_planned_and_dealt_whichever_pass_sent_what_they_follow(log, reminded):
    reminded()
    reminded(run=run_id("R2"), by=2)
    reminded(run=run_id("R4"), tick_id=tick(2).id)  # An earlier pass of this run, before it was cleared.
    reminded(run=run_id("R5"), tick_id=tick(2).id, day=tick().day - dt.timedelta(days=1))
    put(log, "queued", run_id("R3"))  # A reminder of this tick that was left queued.

    batches = plan_followups(tick())

    assert {one["production_run_id"] for one in followups(log)} == {RUN, run_id("R4")}
    assert sorted(dealt(batches)) == sorted(one["id"] for one in followups(log))


@pytest.mark.usefixtures("no_picture")
@pytest.mark.parametrize("of_all", [False, True])
def test_a_follow_up_that_an_earlier_pass_has_queued_is_taken_over_and_sent_once(log, reminded, of_all):
    reminded(sent_at=dt.datetime.now(dt.UTC) - HOUR)
    earlier = plan_followups(tick())

    later = plan_followups(tick(id_=2, dag_run_id="upkeep" if of_all else "run 1"), of_all=of_all)

    assert dealt(later) == dealt(earlier)
    assert [one["tick_id"] for one in followups(log)] == [uuid.UUID(tick(2).id)]


@pytest.mark.usefixtures("no_picture")
@pytest.mark.parametrize(
    ("ago", "settings", "clock", "planned"),
    [
        pytest.param(HOUR, {}, TICK, 1, id="its run broke off"),
        pytest.param(HOUR / 3, {}, TICK, 0, id="its run may be at work"),
        pytest.param(HOUR, {"halt": True}, TICK, 0, id="sending is halted"),
        pytest.param(HOUR, {"delivery": "dry_run"}, TICK, 0, id="not live"),
        pytest.param(HOUR, {}, TICK + 12 * HOUR, 0, id="outside the send window"),
    ],
)
def test_the_upkeep_follows_what_other_runs_have_left(deployment, log, reminded, ago, settings, clock, planned):
    reminded(by=2, sent_at=dt.datetime.now(dt.UTC) - ago)
    deployment.set(**settings)
    deployment.now = clock

    assert len(plan_followups(tick(), of_all=True)) == planned
    assert len(followups(log)) == planned


@pytest.mark.usefixtures("no_picture")
def test_many_are_dealt_into_chunks(deployment, log, reminded):
    deployment.set(task_each_up_to=2, chunk_size=2)
    for number in range(5):
        reminded(run=run_id(f"R{number}"))

    batches = plan_followups(tick())

    assert [len(batch["message_ids"]) for batch in batches] == [2, 2, 1]
    assert set(dealt(batches)) == {one["id"] for one in followups(log)}


@pytest.mark.usefixtures("no_picture")
def test_the_reminder_keeps_its_slot(log, reminded):
    parent = reminded()

    plan_followups(tick())

    assert slot_holders(log, tick(), [RUN], TICK)[RUN].id == parent
