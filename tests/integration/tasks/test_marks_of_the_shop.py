"""The shop marks a run when it emits its reminder event, before anything is sent: the mark is no message."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.database.session import Session
from partner_messages.message_log.queueing import write_drafts
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import reminder_context_id
from sandbox.shop import partner_id
from support.deployment import TICK, Deployment
from support.event_examples import OTHER_RUN, REMINDER, RUN, conf, set_run, told
from support.event_runs import plan_events, tell, weekday_tick
from support.examples import DAY, draft
from support.log_rows import Log
from support.sending import taken
from support.submitted import submit_templates

pytestmark = pytest.mark.usefixtures("one_sender")


def mark(shop: Session, run: str = RUN, moment: dt.datetime = TICK) -> None:
    """What the shop's own flow does in the step in which it emits the event."""
    set_run(shop, run, last_reminded_at=moment, reminder_count=1, reminder_kind="assignment_pending")


def write(shop: Session, status: str = "sent", run: str = RUN, moment: dt.datetime | str = TICK) -> None:
    """What the shop's own flow writes after it has sent a reminder."""
    shop.execute(
        "INSERT INTO messaging_message"
        " (id, conversation_id, direction, content, status, context_type, context_id, created_at)"
        " VALUES (gen_random_uuid(), %s, 'outbound', 'Hi', %s, 'production_run', %s, %s)",
        [partner_id("MEERATAK"), status, reminder_context_id(run, DAY), moment],
    )


def test_an_event_asks_for_a_reminder_though_the_shop_has_marked_the_run(
    log: Log, shop: Session, graph_api: Any
) -> None:
    mark(shop)

    tell(conf(REMINDER))

    assert told(log) == [("run 1", "sent")]
    assert len(taken(graph_api)) == 1


@pytest.mark.parametrize(
    ("status", "end"), [("sent", "already_in_shop"), ("pending", "already_in_shop"), ("failed", "sent")]
)
def test_a_message_that_the_shop_did_send_counts_against_an_event(
    log: Log, shop: Session, graph_api: Any, status: str, end: str
) -> None:
    mark(shop)
    write(shop, status)

    tell(conf(REMINDER))

    assert told(log) == [("run 1", end)]
    assert len(taken(graph_api)) == (end == "sent")


@pytest.mark.parametrize(
    ("status", "end"), [(None, "already_in_shop"), ("sent", "already_in_shop"), ("failed", "sent")]
)
def test_for_the_tick_a_mark_counts_unless_its_message_failed(
    log: Log, shop: Session, graph_api: Any, status: str | None, end: str
) -> None:
    mark(shop)
    if status:
        write(shop, status)

    weekday_tick(RUN).send()

    assert told(log) == [("tick 1", end)]
    assert len(taken(graph_api)) == (end == "sent")


@pytest.mark.parametrize("moment", ["infinity", "294276-12-31 23:59:59+00", "-infinity"])
def test_a_failed_message_of_a_time_that_cannot_be_takes_no_mark_away(log: Log, shop: Session, moment: str) -> None:
    mark(shop)
    write(shop, "failed", moment=moment)

    weekday_tick(RUN).send()

    assert told(log) == [("tick 1", "already_in_shop")]


@pytest.mark.parametrize(("asked", "end"), [(True, "sent"), (False, "already_in_shop")])
def test_a_mark_made_since_planning_counts_unless_an_event_asked(
    log: Log, shop: Session, asked: bool, end: str
) -> None:
    planned = plan_events(conf(REMINDER)) if asked else weekday_tick(RUN)
    mark(shop)

    planned.send()

    assert [one for _, one in told(log)] == [end]


def test_a_message_that_the_shop_sent_since_planning_counts_though_an_event_asked(log: Log, shop: Session) -> None:
    planned = plan_events(conf(REMINDER))
    mark(shop)
    write(shop)

    planned.send()

    assert told(log) == [("run 1", "already_in_shop")]


def test_a_tick_takes_over_what_an_event_has_queued_for_a_run_that_is_marked(
    log: Log, shop: Session, graph_api: Any
) -> None:
    mark(shop)
    left = plan_events(conf(REMINDER, event_id="E1"))

    weekday_tick(RUN).send()
    left.send()

    assert told(log) == [("tick 1", "sent")]
    assert taken(graph_api) == left.message_ids


def test_a_tick_that_did_not_see_the_event_does_not_withdraw_what_it_has_queued(
    log: Log, shop: Session, graph_api: Any
) -> None:
    tick_of_the_day = weekday_tick(OTHER_RUN).tick
    mark(shop)
    asked = plan_events(conf(REMINDER))
    nothing: dict[str, Any] = dict.fromkeys(("sender", "to_phone", "language", "template_name", "variables"))
    late = draft(RUN, day=DAY, **nothing, skip_reason=SkipReason.ALREADY_IN_SHOP)

    write_drafts(log, tick_of_the_day, [late])
    asked.send()

    assert ("run 1", "sent") in told(log)


def test_a_digest_keeps_a_run_of_which_an_event_asks_while_it_waits(
    log: Log, shop: Session, graph_api: Any, deployment: Deployment
) -> None:
    deployment.set(digest=True)
    submit_templates(["jyt_production_run_digest_v1"])
    shop.execute("UPDATE production_runs SET partner_id = %s WHERE id = %s", [partner_id("RAJESH"), OTHER_RUN])
    digest = weekday_tick(RUN, OTHER_RUN)
    mark(shop)
    mark(shop, OTHER_RUN)
    tell(conf(REMINDER))

    digest.send()

    assert told(log) == [("run 1", "duplicate"), ("tick 1", "already_in_shop"), ("tick 1", "sent")]
    assert len(taken(graph_api)) == 1
