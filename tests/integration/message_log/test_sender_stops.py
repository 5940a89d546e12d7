"""Senders that Meta refuses as a whole: stopped for one pass of a DAG run, probed by one task of a later one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

from partner_messages.message_log import stops
from partner_messages.message_log.stops import SenderStop
from partner_messages.messages.tick import RunPass
from support.at_once import at_once
from support.deployment import run_pass
from support.log_rows import Log

RUN = run_pass()
CLEARED = run_pass(clear_number=1)
LATER = run_pass("run 2")
LEASE = dt.timedelta(minutes=2)
SAID = "The access token has expired (190: Session has expired)"


def stopped(log: Log, run: RunPass = RUN, seen_by: RunPass = LATER) -> SenderStop:
    stops.stop_sender(log, "in", run, 190, SAID)
    found = stops.open_stop(log, "in", seen_by)
    assert found is not None
    return found


def test_a_sender_that_was_never_stopped_is_not_stopped(log: Log) -> None:
    stops.stop_sender(log, "au", RUN, 190, SAID)

    assert stops.open_stop(log, "in", RUN) is None
    assert stops.stops_of(log, LATER) == {}


def test_a_stop_tells_what_meta_said_to_the_run_that_met_it(log: Log) -> None:
    found = stopped(log, RUN, seen_by=RUN)

    assert (found.of_this_run, found.said) == (True, SAID)
    assert stops.stops_of(log, RUN) == {"in": SAID}


def test_a_later_or_a_cleared_run_sees_a_stop_that_is_not_its_own(log: Log) -> None:
    stopped(log, RUN)

    for run in (CLEARED, LATER):
        found = stops.open_stop(log, "in", run)
        assert found is not None
        assert not found.of_this_run
        assert stops.stops_of(log, run) == {}


def test_a_stop_without_a_code_is_kept_too(log: Log) -> None:
    stops.stop_sender(log, "in", RUN, None, "said nothing")

    assert stops.stops_of(log, RUN) == {"in": "said nothing"}


def test_of_many_tasks_at_once_one_probes(log: Log, connect: Callable[[], Log]) -> None:
    stop = stopped(log)
    sessions = [connect() for _ in range(6)]

    won = at_once(
        *(lambda session=session: stops.become_prober(session, stop, uuid.uuid4(), LEASE) for session in sessions)
    )

    assert sorted(won) == [False] * 5 + [True]
    assert not stops.become_prober(log, stop, uuid.uuid4(), LEASE)


def test_a_prober_that_vanished_loses_the_right_after_the_lease(log: Log) -> None:
    stop = stopped(log)
    assert stops.become_prober(log, stop, uuid.uuid4(), LEASE)

    assert stops.become_prober(log, stop, uuid.uuid4(), dt.timedelta(seconds=-1))
    assert not stops.become_prober(log, stop, uuid.uuid4(), LEASE)


def test_a_probe_that_told_nothing_is_given_back_by_its_owner_alone(log: Log) -> None:
    stop, token = stopped(log), uuid.uuid4()
    assert stops.become_prober(log, stop, token, LEASE)

    stops.release_probe(log, stop, uuid.uuid4())
    assert not stops.become_prober(log, stop, uuid.uuid4(), LEASE)
    stops.release_probe(log, stop, token)
    assert stops.become_prober(log, stop, uuid.uuid4(), LEASE)


def test_a_sender_that_works_again_is_free_for_everybody(log: Log) -> None:
    stop = stopped(log)

    stops.lift_stop(log, stop)

    assert stops.open_stop(log, "in", LATER) is None
    assert stops.stops_of(log, RUN) == {}
    assert not stops.become_prober(log, stop, uuid.uuid4(), LEASE)


def test_a_lifted_stop_is_history_and_a_new_one_may_follow(log: Log) -> None:
    first = stopped(log)
    stops.lift_stop(log, first)

    second = stopped(log, LATER, seen_by=LATER)

    assert (second.id != first.id, second.of_this_run) == (True, True)
    assert log.execute("SELECT FROM sender_stop").rowcount == 2


def test_a_refused_probe_makes_the_stop_another_one_of_the_probing_run(log: Log) -> None:
    stop, token = stopped(log, RUN), uuid.uuid4()
    assert stops.become_prober(log, stop, token, LEASE)

    stops.stop_sender(log, "in", LATER, 368, "Blocked for a policy violation")

    assert stops.stops_of(log, LATER) == {"in": "Blocked for a policy violation"}
    assert stops.stops_of(log, RUN) == {}
    assert not stops.become_prober(log, stop, uuid.uuid4(), LEASE)
    of_next = stops.open_stop(log, "in", CLEARED)
    assert of_next is not None
    assert not of_next.of_this_run
    assert stops.become_prober(log, of_next, uuid.uuid4(), LEASE)


def test_tasks_that_meet_the_dead_token_at_once_stop_the_sender_once(log: Log, connect: Callable[[], Log]) -> None:
    sessions = [connect() for _ in range(4)]

    at_once(*(lambda session=session: stops.stop_sender(session, "in", RUN, 190, SAID) for session in sessions))

    assert log.execute("SELECT FROM sender_stop").rowcount == 1
