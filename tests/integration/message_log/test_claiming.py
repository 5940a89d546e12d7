"""Claiming, rehearsing and withdrawing queued messages, and what becomes of those that nobody comes back to."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import pytest

from partner_messages.message_log import outbox
from partner_messages.message_log.queueing import sweep
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Settlement
from support.at_once import at_once
from support.examples import DAY, PHONE, claimed_message, tick
from support.log_rows import Log, put, row, slots

TOKEN, OTHER_TOKEN = uuid.uuid4(), uuid.uuid4()
LEASE = dt.timedelta(seconds=95)
NOT_QUEUED = ("sending", "rehearsed", "sent", "delivered", "read", "failed", "unknown", "skipped")


def now(log: Log) -> dt.datetime:
    """The database's clock, by which claims are timed."""
    found = log.execute("SELECT clock_timestamp() AS now").fetchone()
    assert found is not None
    moment: dt.datetime = found["now"]
    return moment


def test_a_claimed_message_is_handed_over_with_all_that_sending_needs(log: Log) -> None:
    id_ = put(log, "queued", "R1", attempts=1, error_code=131016, error_detail="Try again")
    before = now(log)

    (claimed,) = outbox.claim(log, [id_], TOKEN, now(log))

    assert claimed == claimed_message(id=id_, attempts=2)
    found = row(log, id_)
    assert (found["status"], found["claim_token"], found["attempts"]) == ("sending", TOKEN, 2)
    assert (found["error_code"], found["error_detail"], found["not_before"]) == (None, None, None)
    assert before <= found["claimed_at"] <= now(log)


@pytest.mark.parametrize("status", NOT_QUEUED)
def test_only_a_queued_message_can_be_claimed(log: Log, status: str) -> None:
    id_ = put(log, status, "R1", claim_token=OTHER_TOKEN)

    assert outbox.claim(log, [id_], TOKEN, now(log)) == []
    assert (row(log, id_)["status"], row(log, id_)["claim_token"]) == (status, OTHER_TOKEN)


def test_only_the_messages_that_were_asked_for_are_claimed(log: Log) -> None:
    wanted, other = put(log, "queued", "R1"), put(log, "queued", "R2")

    assert [claimed.id for claimed in outbox.claim(log, [wanted, uuid.uuid4()], TOKEN, now(log))] == [wanted]
    assert row(log, other)["status"] == "queued"
    assert outbox.claim(log, [], TOKEN, now(log)) == []


@pytest.mark.parametrize(("minutes", "claimed"), [(-1, True), (1, False)])
def test_a_message_that_is_to_wait_is_not_claimed_before_its_time(log: Log, minutes: int, claimed: bool) -> None:
    id_ = put(log, "queued", "R1", not_before=now(log) + dt.timedelta(minutes=minutes))

    assert bool(outbox.claim(log, [id_], TOKEN, now(log))) is claimed


def test_claimers_at_once_get_each_message_once(log: Log, connect: Callable[[], Log]) -> None:
    ids = [put(log, "queued", f"R{number}") for number in range(40)]
    sessions = [connect() for _ in range(4)]
    tokens = [uuid.uuid4() for _ in sessions]

    claims = at_once(
        *(
            lambda session=session, token=token, order=order: outbox.claim(session, ids[::order], token, now(log))
            for session, token, order in zip(sessions, tokens, (1, -1, 1, -1), strict=True)
        )
    )

    assert sorted(claimed.id for claim in claims for claimed in claim) == sorted(ids)
    for token, claim in zip(tokens, claims, strict=True):
        assert {row(log, claimed.id)["claim_token"] for claimed in claim} <= {token}


def test_a_claimer_does_not_wait_for_another_one(log: Log, connect: Callable[[], Log]) -> None:
    first, second = put(log, "queued", "R1"), put(log, "queued", "R2")
    other = connect()
    log.execute("SET lock_timeout = '5s'")  # A claimer that waits fails this test instead of waiting for ever.

    with other.transaction():
        outbox.claim(other, [first], OTHER_TOKEN, now(log))
        assert [claimed.id for claimed in outbox.claim(log, [first, second], TOKEN, now(log))] == [second]


def test_messages_are_read_as_they_are_now(log: Log) -> None:
    queued = put(log, "queued", "R2", sender="in", reminder_kind="idle")
    failed = put(log, "failed", "R1", sender="au", reminder_kind=None, error_code=131026, error_detail="No", attempts=1)

    by_id = {message.id: message for message in outbox.messages_of(log, [queued, str(failed)], now(log))}

    assert list(by_id) == [failed, queued]
    assert (by_id[queued].status, by_id[queued].reminder_kind) == ("queued", ReminderKind.IDLE)
    assert (by_id[queued].day, by_id[queued].delivery, by_id[queued].to_phone) == (DAY, "live", PHONE)
    assert (by_id[failed].reminder_kind, by_id[failed].error_code, by_id[failed].attempts) == (None, 131026, 1)
    assert outbox.messages_of(log, [], now(log)) == []


def test_a_dry_run_s_messages_are_rehearsed_and_no_others(log: Log) -> None:
    rehearsal = put(log, "queued", "R1", delivery="dry_run")
    live = put(log, "queued", "R1", delivery="live")
    redirected = put(log, "queued", "R1", delivery="redirect")
    sending = put(log, "sending", "R2", delivery="dry_run")

    assert outbox.rehearse(log, [rehearsal, live, redirected, sending]) == 1

    assert [row(log, id_)["status"] for id_ in (rehearsal, live, redirected, sending)] == [
        "rehearsed",
        "queued",
        "queued",
        "sending",
    ]
    assert row(log, rehearsal)["attempts"] == 1
    assert outbox.rehearse(log, [rehearsal]) == 0


def test_queued_messages_are_withdrawn_each_for_its_reason(log: Log) -> None:
    moved, expired = put(log, "queued", "R1"), put(log, "queued", "R2")
    sending, untouched = put(log, "sending", "R3"), put(log, "queued", "R4")

    outbox.skip(log, tick(), {moved: SkipReason.MOVED_ON, expired: SkipReason.EXPIRED, sending: SkipReason.MOVED_ON})

    assert [row(log, id_)["skip_reason"] for id_ in (moved, expired, sending, untouched)] == [
        "moved_on",
        "expired",
        None,
        None,
    ]
    assert set(slots(log)) == {"R3", "R4"}


def claimed_ago(log: Log, seconds: float, run_id: str, **columns: object) -> uuid.UUID:
    return put(log, "sending", run_id, claimed_at=now(log) - dt.timedelta(seconds=seconds), **columns)


def test_a_claim_whose_lease_ran_out_is_unknown_and_holds_its_slot(log: Log) -> None:
    gone, working = claimed_ago(log, 96, "R1", claim_token=TOKEN), claimed_ago(log, 90, "R2")
    queued = put(log, "queued", "R3")

    assert outbox.end_expired_claims(log, LEASE, [gone, working, queued]) == (1, 0)

    assert [row(log, id_)["status"] for id_ in (gone, working, queued)] == ["unknown", "sending", "queued"]
    assert "ended before" in row(log, gone)["error_detail"]
    assert row(log, gone)["claim_token"] == TOKEN
    assert set(slots(log)) == {"R1", "R2", "R3"}
    assert outbox.claim(log, [gone], OTHER_TOKEN, now(log)) == []


def test_a_claim_whose_lease_ran_out_before_anything_left_is_queued_again(log: Log) -> None:
    still_here, let_go = put(log, "queued", "R1"), put(log, "queued", "R2")
    outbox.claim(log, [still_here, let_go], TOKEN, now(log))
    assert outbox.let_go(log, [let_go], TOKEN) == {let_go}
    log.execute("UPDATE message_log SET claimed_at = claimed_at - interval '90 seconds'")
    assert outbox.end_expired_claims(log, LEASE) == (0, 0)
    log.execute("UPDATE message_log SET claimed_at = claimed_at - interval '10 seconds'")

    assert outbox.end_expired_claims(log, LEASE) == (1, 1)

    assert [row(log, id_)["status"] for id_ in (still_here, let_go)] == ["queued", "unknown"]
    assert (row(log, still_here)["claim_token"], row(log, still_here)["still_here"]) == (None, False)
    assert outbox.let_go(log, [still_here], TOKEN) == set()
    outbox.settle(log, TOKEN, [Settlement(still_here, "sent")], now(log))
    assert row(log, still_here)["status"] == "queued"


def test_only_what_its_own_claimer_still_holds_is_let_go(log: Log) -> None:
    mine, gone, another_s = (put(log, "queued", f"R{number}") for number in range(3))
    outbox.claim(log, [mine, gone], TOKEN, now(log))
    outbox.claim(log, [another_s], OTHER_TOKEN, now(log))
    assert outbox.let_go(log, [gone], TOKEN) == {gone}

    assert outbox.let_go(log, [mine, gone, another_s, uuid.uuid4()], TOKEN) == {mine}
    assert [row(log, id_)["still_here"] for id_ in (mine, gone, another_s)] == [False, False, True]


def test_a_task_loses_only_claims_of_its_own_messages(log: Log) -> None:
    mine, another = claimed_ago(log, 300, "R1"), claimed_ago(log, 300, "R2")

    assert outbox.end_expired_claims(log, LEASE, [mine]) == (1, 0)
    assert outbox.end_expired_claims(log, LEASE, []) == (0, 0)
    assert row(log, another)["status"] == "sending"


def test_the_sweep_closes_what_no_task_will_touch_again(log: Log) -> None:
    yesterday = DAY - dt.timedelta(days=1)
    old = put(log, "queued", "R1", day=yesterday)
    redirected = put(log, "queued", "R1", day=yesterday, delivery="redirect")
    todays = put(log, "queued", "R1")
    tomorrows = put(log, "queued", "R1", day=DAY + dt.timedelta(days=1))
    lost, working = claimed_ago(log, 300, "R2", day=yesterday), claimed_ago(log, 10, "R3")

    assert sweep(log, DAY, LEASE) == {"expired": 2, "unknown": 1, "queued again": 0}

    assert [row(log, id_)["skip_reason"] for id_ in (old, redirected, todays, tomorrows)] == [
        "expired",
        "expired",
        None,
        None,
    ]
    assert [row(log, id_)["status"] for id_ in (lost, working)] == ["unknown", "sending"]
    assert not any(sweep(log, DAY, LEASE).values())


def test_the_sweep_leaves_the_rehearsals_of_a_backfill_alone(log: Log) -> None:
    rehearsal = put(log, "queued", "R1", day=DAY - dt.timedelta(days=3), delivery="dry_run")

    assert not any(sweep(log, DAY, LEASE).values())
    assert outbox.rehearse(log, [rehearsal]) == 1
