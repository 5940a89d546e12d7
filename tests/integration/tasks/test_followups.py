"""What follows a template: planned from the log and the shop, looked at again before the claim, sent to Meta."""

from __future__ import annotations

import datetime as dt
import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

import jwt
import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from partner_messages.database.session import Session
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log import history
from partner_messages.message_log.history import slot_holders
from partner_messages.message_log.outbox import messages_of
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.ops.summary import summarise_tick
from partner_messages.planning.plan_followups import followups_no_longer_due, plan_followups
from sandbox.connections import PORTAL, PORTAL_SECRET
from sandbox.shop import partner_id, run_id
from support.at_once import at_once
from support.deployment import TICK, Deployment
from support.examples import tick
from support.log_rows import Log, change, put, row
from support.picture_files import jpeg
from support.picture_server import HOST, Pages, picture
from support.sending import PHONE_NUMBER_ID, SendTask, messages, requested, statuses

SentTo = Callable[..., uuid.UUID]

MEERA = "+919829012346"
"""Wrote two hours before TICK and later (sample shop)."""
SYDNEY = "+61412345678"
"""Wrote 30 hours before TICK (sample shop)."""
RAJESH = "+919829012345"
"""Never wrote (sample shop)."""
TEST_PHONE = "+919812399999"

ASSIGNED = "production_run.sent_to_partner"
HOUR = dt.timedelta(hours=1)
RUN = run_id("R1")
CAPTION = f"Block Print Kameez — Run {RUN}"


@pytest.fixture
def reminded(log: Log) -> SentTo:
    """Puts a reminder that Meta took into the log: `reminded("MEERA", MEERA)` speaks of RUN, whose design is KAMEEZ."""

    def put_sent(name: str = "MEERA", phone: str = MEERA, run: str = RUN, **columns: Any) -> uuid.UUID:
        plain = {
            "partner_id": partner_id(name),
            "to_phone": phone,
            "design_id": partner_id("KAMEEZ"),
            "variables": Jsonb({"partner_name": name.title(), "design_name": "Block Print Kameez", "run_id": run}),
            "meta_message_id": "wamid.TAKEN",
        }
        return put(log, columns.pop("status", "sent"), run, **{**plain, **columns})

    return put_sent


@pytest.fixture
def pages(deployment: Deployment, shop: Session, serve_pictures: Callable[..., Pages]) -> Pages:
    """The server of the design's picture."""
    served = serve_pictures(picture(jpeg()))
    deployment.set(pictures={"allowed_hosts": [HOST]})
    shop.execute("UPDATE design SET thumbnail_url = %s WHERE id = %s", [served["/kameez.jpg"], partner_id("KAMEEZ")])
    return served


@pytest.fixture
def no_picture(deployment: Deployment, shop: Session) -> None:
    """The shop has no picture of any design."""
    shop.execute("UPDATE design SET thumbnail_url = NULL, media_files = NULL, moodboard = NULL, design_files = NULL")


@pytest.fixture
def send(deployment: Deployment, graph_api: Any) -> SendTask:
    """Sends as a mapped task does; Meta knows that Meera has written."""
    graph_api.open_window(PHONE_NUMBER_ID, MEERA)
    return SendTask(deployment)


def followups(log: Log) -> list[DictRow]:
    return log.execute("SELECT * FROM message_log WHERE message_kind = 'followup' ORDER BY created_at, id").fetchall()


def dealt(batches: list[dict[str, Any]]) -> list[uuid.UUID]:
    return [uuid.UUID(id_) for batch in batches for id_ in batch["message_ids"]]


def writes(shop: Session, conversation: str, at: dt.datetime) -> None:
    """A partner writes to us."""
    shop.execute(
        "INSERT INTO messaging_message (id, conversation_id, direction, content, created_at)"
        " VALUES (gen_random_uuid()::text, %s, 'inbound', 'ok', %s)",
        [partner_id(conversation), at],
    )


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


@pytest.mark.parametrize(("name", "phone"), [("SYDNEY", SYDNEY), ("RAJESH", RAJESH)])
def test_outside_the_window_the_message_s_own_row_says_so_and_no_picture_is_looked_at(
    pages, log, reminded, name, phone
):
    parent = reminded(name, phone)

    assert plan_followups(tick()) == []

    assert followups(log) == []
    assert pages.asked == []
    assert (row(log, parent)["status"], row(log, parent)["not_followed"]) == ("sent", "outside_24h_window")
    assert summarise_tick(log, tick(), {}, TICK).followups == {"outside_24h_window": 1}


@pytest.mark.usefixtures("no_picture")
def test_what_an_earlier_pass_has_queued_is_withdrawn_once_the_window_has_closed(deployment, shop, log, reminded):
    parent = reminded()
    assert len(plan_followups(tick())) == 1
    deployment.now = TICK + 48 * HOUR

    assert plan_followups(tick(id_=2, dag_run_id="run 1")) == []

    assert [one["skip_reason"] for one in followups(log)] == ["outside_24h_window"]
    assert row(log, parent)["not_followed"] == "outside_24h_window"


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


@pytest.mark.usefixtures("no_picture")
@pytest.mark.parametrize(("ago", "status"), [(dt.timedelta(hours=23, minutes=54), "queued"), (24 * HOUR, None)])
def test_the_window_of_a_live_run_is_measured_at_the_wall_clock(deployment, shop, log, reminded, ago, status):
    reminded("SYDNEY", SYDNEY)
    deployment.now = TICK + 3 * HOUR
    writes(shop, "SYDNEYTK", deployment.now - ago)

    plan_followups(tick())

    assert [one["status"] for one in followups(log)] == [status] * bool(status)


@pytest.mark.usefixtures("no_picture")
@pytest.mark.parametrize(("after_the_tick", "status"), [(-HOUR, "queued"), (HOUR, None), (-25 * HOUR, None)])
def test_the_window_of_a_rehearsal_is_that_of_its_own_moment(deployment, shop, log, reminded, after_the_tick, status):
    last_week = tick(delivery="dry_run", asked="dry_run", now=TICK - 7 * 24 * HOUR)
    reminded("SYDNEY", SYDNEY, status="rehearsed", delivery="dry_run", meta_message_id=None)
    writes(shop, "SYDNEYTK", last_week.now + after_the_tick)

    plan_followups(last_week)

    assert [one["status"] for one in followups(log)] == [status] * bool(status)


def test_in_a_dry_run_it_is_rehearsed_and_meta_is_asked_nothing(pages, log, reminded, send, graph_api):
    rehearsal = tick(delivery="dry_run", asked="dry_run")
    parent = reminded(status="rehearsed", delivery="dry_run", meta_message_id=None)

    ids = dealt(plan_followups(rehearsal))
    outcome = send(ids, delivery="dry_run")

    assert outcome.counts == {"rehearsed": 1}
    (planned,) = followups(log)
    assert (planned["parent_id"], planned["delivery"], planned["image_url"]) == (
        parent,
        "dry_run",
        pages["/kameez.jpg"],
    )
    assert requested(graph_api) == 0


@pytest.mark.usefixtures("no_picture")
def test_a_redirected_one_goes_to_the_test_phone_if_that_has_just_written(shop, log, reminded, send, graph_api):
    redirect = tick(delivery="redirect", asked="redirect")
    reminded("RAJESH", TEST_PHONE, delivery="redirect")
    # The testers' own thread, under whichever partner the shop keeps it.
    shop.execute(
        "UPDATE messaging_conversation SET phone_number = %s WHERE id = %s",
        [TEST_PHONE.lstrip("+"), partner_id("KARANEST")],
    )
    writes(shop, "KARANEST", TICK - HOUR)
    graph_api.open_window(PHONE_NUMBER_ID, TEST_PHONE)

    ids = dealt(plan_followups(redirect))

    assert send(ids, delivery="redirect").counts == {"sent": 1}
    (message,) = graph_api.outbox()
    assert (message["to"], message["text"]) == (TEST_PHONE, f"{CAPTION}\n{PORTAL}/production-runs/{RUN}")


@pytest.mark.usefixtures("no_picture")
def test_that_the_partner_has_written_opens_nothing_for_a_test_phone(log, reminded):
    reminded("MEERA", TEST_PHONE, delivery="redirect")

    assert plan_followups(tick(delivery="redirect", asked="redirect")) == []
    assert followups(log) == []


@pytest.mark.usefixtures("no_picture")
def test_just_before_the_claim_the_window_is_measured_again(deployment, shop, log, reminded):
    reminded()
    reminded("SYDNEY", SYDNEY, run_id("R2"))
    writes(shop, "SYDNEYTK", TICK - 20 * HOUR)
    queued = messages_of(log, dealt(plan_followups(tick())), TICK)
    sydneys = next(message.id for message in queued if message.to_phone == SYDNEY)
    assert len(queued) == 2

    def due_at(now: dt.datetime) -> dict[uuid.UUID, SkipReason]:
        return followups_no_longer_due(queued, load_settings(), now)

    assert due_at(TICK + HOUR) == {}
    assert due_at(TICK + 4 * HOUR) == {sydneys: SkipReason.OUTSIDE_24H_WINDOW}
    writes(shop, "SYDNEYTK", TICK + 3 * HOUR)
    assert due_at(TICK + 4 * HOUR) == {}


@pytest.mark.usefixtures("no_picture")
def test_just_before_the_claim_a_parent_that_failed_takes_its_follow_up_with_it(deployment, log, reminded):
    parent = reminded()
    reminded(run=run_id("R2"))
    queued = messages_of(log, dealt(plan_followups(tick())), TICK)
    change(log, parent, status="failed")

    withdrawn = followups_no_longer_due(queued, load_settings(), deployment.now)

    assert withdrawn == {message.id: SkipReason.MOVED_ON for message in queued if message.parent_id == parent}
    assert len(withdrawn) == 1


def test_of_no_follow_ups_nothing_is_asked(deployment):
    settings = load_settings()
    deployment.disconnect("production_db")
    deployment.disconnect("message_log_db")

    assert followups_no_longer_due([], settings, TICK) == {}


def token_in(text: str) -> str:
    caption, link = text.split("\n")
    assert caption == CAPTION
    start = f"{PORTAL}/production-runs/{RUN}?wa_token="
    assert link.startswith(start)
    return link.removeprefix(start)


def test_the_picture_goes_out_with_caption_and_signed_in_link(pages, log, reminded, send, graph_api, caplog):
    caplog.set_level(logging.DEBUG)
    reminded()

    ids = dealt(plan_followups(tick()))
    assert send(ids).counts == {"sent": 1}

    (message,) = graph_api.outbox()
    assert (message["type"], message["to"], message["status"]) == ("image", MEERA, "sent")
    assert message["header"] == {"type": "image", "link": pages["/kameez.jpg"]}
    assert message["biz_opaque_callback_data"] == str(ids[0])
    token = token_in(message["text"])
    claims = jwt.decode(token, PORTAL_SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
    assert (claims["sub"], claims["run_id"], claims["iss"]) == (partner_id("MEERA"), RUN, "jyt-whatsapp")
    assert len(message["text"]) <= 1024
    assert_nowhere(token, log, caplog)


@pytest.mark.usefixtures("no_picture")
def test_the_text_goes_out_with_the_signed_in_link(log, reminded, send, graph_api, caplog):
    caplog.set_level(logging.DEBUG)
    reminded()

    ids = dealt(plan_followups(tick()))
    assert send(ids).counts == {"sent": 1}

    (message,) = graph_api.outbox()
    assert (message["type"], message["to"], message["header"]) == ("text", MEERA, None)
    assert_nowhere(token_in(message["text"]), log, caplog)


def assert_nowhere(token: str, log: Log, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a link nor the signature of its token is in any row or log line."""
    kept = json.dumps(log.execute("SELECT * FROM message_log").fetchall(), default=str, ensure_ascii=False)
    assert CAPTION in kept
    for secret in ("wa_token", token.rsplit(".", 1)[1]):
        assert secret not in kept
        assert secret not in caplog.text


@pytest.mark.usefixtures("no_picture")
def test_a_follow_up_that_fails_leaves_its_reminder_as_it_was(log, reminded, send, graph_api):
    parent = reminded()
    before = row(log, parent)
    ids = dealt(plan_followups(tick()))
    graph_api.fail_next(131047)

    assert send(ids).counts == {"failed": 1}

    assert [one["error_code"] for one in messages(log, ids)] == [131047]
    assert row(log, parent) == before
    assert plan_followups(tick()) == []


@pytest.mark.usefixtures("no_picture")
def test_what_the_window_closed_upon_is_withdrawn_without_a_request(deployment, shop, log, reminded, send, graph_api):
    parent = reminded("SYDNEY", SYDNEY)
    writes(shop, "SYDNEYTK", TICK - 20 * HOUR)
    ids = dealt(plan_followups(tick()))
    deployment.now = TICK + 4 * HOUR

    def look(_tick: Any, rows: Any, *_: Any) -> dict[uuid.UUID, SkipReason]:
        return followups_no_longer_due(rows, load_settings(), deployment.now)

    assert send(ids, no_longer_due=look).nothing_sent

    assert [one["skip_reason"] for one in messages(log, ids)] == ["outside_24h_window"]
    assert requested(graph_api) == 0
    assert statuses(log, [parent]) == ["sent"]
