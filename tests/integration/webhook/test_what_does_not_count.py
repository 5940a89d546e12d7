"""A reminder that Meta failed or gave up delivering does not count, once; and no silence of a webhook un-counts any."""

from __future__ import annotations

import datetime as dt
import functools
from concurrent.futures import ThreadPoolExecutor

import pytest

from partner_messages.message_log.history import days_reminded, last_reminded
from partner_messages.message_log.ticks import record_stuck
from partner_messages.messages.kinds import ReminderKind
from partner_messages.templates.catalog.installed import installed_catalog
from partner_messages.webhook.expiry import GRACE
from support.at_once import wait_until_blocked
from support.deployment import TICK
from support.examples import DAY, stuck_run, tick
from support.log_rows import put, row
from support.webhook_work import apply_webhooks, given_up
from support.webhooks import of_statuses, status_item

YESTERDAY = DAY - dt.timedelta(days=1)
SENT = TICK - dt.timedelta(days=1)
TEMPLATE = "jyt_production_run_reminder_idle_v1"
LIFE = dt.timedelta(seconds=installed_catalog().get(TEMPLATE).ttl_seconds)


def hear(log, *items):
    return apply_webhooks(log, of_statuses(*items))


def reminded(log):
    """The days that count against cadence, caps and escalation, and the last of them."""
    return days_reminded(log, tick(2)), last_reminded(log, tick(2), ["R1"])


@pytest.fixture
def id_(log):
    run = stuck_run("R1", kind=ReminderKind.IDLE, since=TICK - dt.timedelta(days=9))
    record_stuck(log, tick(2), ReminderKind.IDLE, [run], observed_at=TICK)
    return put(log, "sent", "R1", day=YESTERDAY, sent_at=SENT, meta_message_id="wamid.A")


COUNTED = ({"R1": (YESTERDAY,)}, {"R1": YESTERDAY})
NOT_COUNTED = ({}, {})


def test_a_reminder_that_meta_failed_after_its_200_does_not_count_however_often_it_says_so(log, id_):
    assert reminded(log) == COUNTED
    for minute in (1, 2):
        hear(log, status_item(status="failed", at=SENT + dt.timedelta(minutes=minute)))
        assert reminded(log) == NOT_COUNTED


@pytest.mark.parametrize("order", [["failed", "read"], ["read", "failed"]])
def test_one_that_failed_and_was_read_counts(log, id_, order):
    for status in order:
        hear(log, status_item(status=status, at=SENT))

    assert reminded(log) == COUNTED


def a_later_message(log, sent_at, heard=True):
    meta = {"sent_at_meta": sent_at} if heard else {}
    return put(log, "sent", "R2", sent_at=sent_at, meta_message_id="wamid.B", **meta)


def test_what_was_never_delivered_does_not_count_once_its_time_is_over_and_the_webhook_is_alive(log, id_):
    hear(log, status_item(status="sent", at=SENT))
    later = SENT + LIFE + dt.timedelta(minutes=1)
    a_later_message(log, later)

    assert given_up(log, later + GRACE) == 0
    assert given_up(log, later + GRACE + dt.timedelta(seconds=1)) == 1
    assert given_up(log, later + GRACE + dt.timedelta(seconds=1)) == 0

    found = row(log, id_)
    assert (found["status"], found["expired_at_meta"], found["holds_slot"]) == ("sent", SENT + LIFE, True)
    assert reminded(log) == NOT_COUNTED


def test_a_late_delivery_counts_again(log, id_):
    hear(log, status_item(status="sent", at=SENT))
    a_later_message(log, SENT + LIFE + dt.timedelta(minutes=1))
    given_up(log, TICK + dt.timedelta(days=1))
    assert reminded(log) == NOT_COUNTED

    hear(log, status_item(status="delivered", at=TICK))

    assert reminded(log) == COUNTED


def test_what_is_delivered_while_it_is_given_up_counts(log, id_, log_url, kept_sessions):
    another = functools.partial(
        kept_sessions.session, log_url, autocommit=True, options="-c search_path=partner_messages"
    )
    hear(log, status_item(status="sent", at=SENT))
    a_later_message(log, SENT + LIFE + dt.timedelta(minutes=1))

    with another() as upkeep, another() as observer, ThreadPoolExecutor(1) as pool:
        with log.transaction():
            hear(log, status_item(status="delivered", at=TICK))
            giving_up = pool.submit(given_up, upkeep, TICK + dt.timedelta(days=1))
            wait_until_blocked(observer, upkeep)
        assert giving_up.result() == 0

    found = row(log, id_)
    assert (found["status"], found["expired_at_meta"]) == ("delivered", None)
    assert reminded(log) == COUNTED


def of_one_day(log, delivered, undelivered):
    """Messages that Meta says were sent on one day, some of them delivered."""
    for number in range(delivered + undelivered):
        state = {"status": "delivered", "delivered_at": SENT} if number < delivered else {"status": "sent"}
        columns = {**state, "day": YESTERDAY, "sent_at": SENT, "sent_at_meta": SENT}
        put(log, columns.pop("status"), f"R{10 + number}", meta_message_id=f"wamid.{number}", **columns)
    a_later_message(log, SENT + LIFE + dt.timedelta(minutes=1))


@pytest.mark.parametrize(
    ("delivered", "undelivered", "expected"),
    [
        (0, 1, 1),
        (0, 2, 2),
        (1, 2, 2),
        (0, 3, 0),  # A day on which next to nothing arrived: it was the webhook, not three phones.
        (1, 6, 0),
        (6, 6, 6),
    ],
)
def test_two_messages_are_given_up_and_more_only_where_half_of_the_day_s_arrived(log, delivered, undelivered, expected):
    of_one_day(log, delivered, undelivered)

    assert given_up(log, TICK + dt.timedelta(days=2)) == expected


DEAD = {
    "no later message": None,
    "a later message of which nothing was heard": (LIFE + dt.timedelta(minutes=1), False),
    "a later message that was sent while this one could still be delivered": (LIFE - dt.timedelta(minutes=1), True),
}


@pytest.mark.parametrize("case", DEAD)
def test_a_webhook_that_is_not_known_to_be_alive_gives_up_nothing(log, id_, case):
    hear(log, status_item(status="sent", at=SENT))
    if DEAD[case]:
        after, heard = DEAD[case]
        a_later_message(log, SENT + after, heard)

    assert given_up(log, TICK + dt.timedelta(days=20)) == 0
    assert reminded(log) == COUNTED


def test_what_was_sent_before_there_was_a_webhook_stays_counted(log, id_):
    a_later_message(log, SENT + LIFE + dt.timedelta(minutes=1))

    assert given_up(log, TICK + dt.timedelta(days=20)) == 0


def test_another_sender_s_webhook_says_nothing_of_this_one_s(log, id_):
    hear(log, status_item(status="sent", at=SENT))
    at = SENT + LIFE + dt.timedelta(minutes=1)
    put(log, "sent", "R2", sender="au", sent_at=at, sent_at_meta=at)

    assert given_up(log, TICK + dt.timedelta(days=20)) == 0
