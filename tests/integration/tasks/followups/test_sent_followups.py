"""What follows a template, as it is sent to Meta."""

from __future__ import annotations

import json
import logging
import uuid
from typing import Any

import jwt
import pytest

from partner_messages.deployment.live_settings import load_settings
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.planning.plan_followups import followups_no_longer_due, plan_followups
from sandbox.connections import PORTAL, PORTAL_SECRET
from sandbox.shop import partner_id
from support.deployment import TICK
from support.examples import tick
from support.followups import CAPTION, HOUR, MEERA, RUN, SYDNEY, TEST_PHONE, dealt, followups, writes
from support.log_rows import Log, row
from support.sending import PHONE_NUMBER_ID, messages, requested, statuses


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
