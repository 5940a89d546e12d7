"""Days that are promised and help that is asked for: the later word counts, whatever is heard first."""

from __future__ import annotations

import datetime as dt
import functools
from concurrent.futures import ThreadPoolExecutor

import pytest

from partner_messages.message_log import promises
from partner_messages.recipients.taps import help_payload, promise_payload
from support.at_once import wait_until_blocked
from support.deployment import TICK
from support.examples import DAY, tick
from support.inbound import ANSWERED, OTHER_PHONE, escalated, find, hear, reminded, replies, tap


def test_help_on_a_digest_ends_what_was_promised_before_of_each_run_and_comes_after(log):
    id_ = reminded(log, "R1", "R2")
    promised = tap(promise_payload(id_, DAY + dt.timedelta(days=1)), at=ANSWERED - dt.timedelta(minutes=1))

    hear(log, **tap(help_payload(id_)))
    hear(log, now=ANSWERED, **promised)

    assert promises.open_promises(log) == {}
    assert [one["variables"]["reply"] for one in replies(log)] == ["help"]


def test_help_out_of_the_blue_ends_what_was_promised_before_it_and_comes_after(log):
    id_ = reminded(log)
    late = ANSWERED + dt.timedelta(days=9)

    hear(log, "help", at=late)
    hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=1))), now=late)

    assert promises.open_promises(log) == {}


def test_help_that_is_asked_for_again_ends_what_was_promised_between(log):
    id_ = reminded(log)
    for minute in (0, 9):
        hear(log, **tap(help_payload(id_), at=ANSWERED + dt.timedelta(minutes=minute)))

    between = ANSWERED + dt.timedelta(minutes=1)
    hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=1)), at=between, now=between))

    assert promises.open_promises(log) == {}


def test_a_day_that_was_chosen_again_stands_against_another_that_was_chosen_between(log):
    id_ = reminded(log)
    for minute, days, heard in ((0, 1, 0), (9, 1, 9), (1, 3, 9)):
        at, now = (ANSWERED + dt.timedelta(minutes=one) for one in (minute, heard))
        hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=days)), at=at, now=now))

    assert promises.open_promises(log)["R1"].due_on == DAY + dt.timedelta(days=1)
    assert [one["variables"]["reply"] for one in replies(log)] == ["promised"]


def test_help_and_a_promise_that_are_applied_at_once_end_as_one_after_the_other(log, log_url, kept_sessions):
    id_ = reminded(log)
    another = functools.partial(
        kept_sessions.session, log_url, autocommit=True, options="-c search_path=partner_messages"
    )
    later = ANSWERED + dt.timedelta(minutes=1)

    with another() as helper, another() as observer, ThreadPoolExecutor(1) as pool:
        with log.transaction():
            hear(log, **tap(promise_payload(id_, DAY + dt.timedelta(days=1))))
            helping = pool.submit(hear, helper, **tap(help_payload(id_), at=later))
            wait_until_blocked(observer, helper)
        helping.result()

    assert promises.open_promises(log) == {}
    assert escalated(log) == [("R1", "asked_for_help")]


@pytest.mark.parametrize("help_first", [False, True])
def test_help_of_a_partner_who_has_the_run_no_more_ends_no_promise_of_who_has_it(log, help_first):
    reminded(log)
    find(log, tick(200, now=TICK + dt.timedelta(minutes=3)), "R1", partner_id="P2")
    theirs = reminded(log, found=False, partner_id="P2", to_phone=OTHER_PHONE, day=DAY + dt.timedelta(days=1))
    said = [
        {"text": "help", "at": ANSWERED + dt.timedelta(minutes=1)},
        tap(promise_payload(theirs, DAY + dt.timedelta(days=1)), sender=OTHER_PHONE),
    ]

    for one in said if help_first else reversed(said):
        hear(log, now=ANSWERED + dt.timedelta(minutes=2), **one)

    assert escalated(log) == [("R1", "asked_for_help")]
    assert promises.open_promises(log)["R1"].partner_id == "P2"
