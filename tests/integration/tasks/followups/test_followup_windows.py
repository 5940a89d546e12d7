"""The 24-hour window of what follows a template: measured when it is planned, and again before the claim."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.outbox import messages_of
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.ops.summary import summarise_tick
from partner_messages.planning.plan_followups import followups_no_longer_due, plan_followups
from sandbox.shop import run_id
from support.deployment import TICK
from support.examples import tick
from support.followups import HOUR, RAJESH, SYDNEY, TEST_PHONE, dealt, followups, writes
from support.log_rows import change, row


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
