"""Writing down Meta's answers: the claim's owner settles, late answers only fill what is missing."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from partner_messages.message_log import outbox
from partner_messages.messages.values import Settlement
from support.examples import draft
from support.log_rows import Log, change, put, queue, row, slots

TOKEN, OTHER_TOKEN = uuid.uuid4(), uuid.uuid4()
WAMID = "wamid.HBgMOTE5ODI5MDEyMzQ1FQIAERgS"
EARLIER = dt.datetime(2026, 11, 23, 4, 31, tzinfo=dt.UTC)


def now() -> dt.datetime:
    """The clock by which messages come due."""
    return dt.datetime.now(dt.UTC)


def claimed(log: Log, run_id: str = "R1", token: uuid.UUID = TOKEN) -> uuid.UUID:
    (id_,) = queue(log, draft(run_id))
    assert outbox.claim(log, [id_], token, now())
    return id_


def settle(log: Log, id_: uuid.UUID, status: Any, token: uuid.UUID = TOKEN, **answer: Any) -> dict[str, Any]:
    outbox.settle(log, token, [Settlement(id_, status, **answer)], now())
    return row(log, id_)


def test_a_message_that_meta_took_is_sent(log: Log) -> None:
    found = settle(log, claimed(log), "sent", meta_message_id=WAMID)

    assert (found["status"], found["meta_message_id"]) == ("sent", WAMID)
    assert found["sent_at"] >= found["claimed_at"]
    assert (found["error_code"], found["failed_at"], found["not_before"]) == (None, None, None)
    assert set(slots(log)) == {"R1"}


def test_a_message_that_meta_refused_has_failed_and_gives_its_slot_back(log: Log) -> None:
    found = settle(log, claimed(log), "failed", error_code=131026, error_detail="Not on WhatsApp")

    assert (found["status"], found["error_code"], found["error_detail"]) == ("failed", 131026, "Not on WhatsApp")
    assert found["failed_at"] >= found["claimed_at"]
    assert (found["sent_at"], found["meta_message_id"]) == (None, None)
    assert slots(log) == {}


def test_a_message_without_an_answer_is_unknown_and_is_never_sent_again(log: Log) -> None:
    id_ = claimed(log)

    found = settle(log, id_, "unknown", error_detail="timed out")

    assert (found["status"], found["error_detail"], found["sent_at"]) == ("unknown", "timed out", None)
    assert set(slots(log)) == {"R1"}
    assert outbox.claim(log, [id_], OTHER_TOKEN, now()) == []


def test_a_message_that_meta_did_not_take_goes_back_into_the_queue(log: Log) -> None:
    id_ = claimed(log)

    found = settle(log, id_, "queued", error_code=130429, error_detail="too fast")

    assert (found["status"], found["not_before"], found["error_code"]) == ("queued", None, 130429)
    (again,) = outbox.claim(log, [id_], OTHER_TOKEN, now())
    assert again.attempts == 2


def test_a_message_that_is_to_wait_is_not_due_before_that(log: Log) -> None:
    id_ = claimed(log)

    found = settle(log, id_, "queued", wait_seconds=600)

    waits = found["not_before"] - found["claimed_at"]
    assert dt.timedelta(seconds=600) <= waits < dt.timedelta(seconds=900)
    assert outbox.claim(log, [id_], OTHER_TOKEN, now()) == []


@pytest.mark.parametrize(
    ("message_kind", "day"), [("event", dt.date(2026, 11, 24)), ("reminder", dt.date(2026, 11, 23))], ids=str
)
def test_an_event_that_is_to_wait_past_midnight_belongs_to_the_new_day_and_a_reminder_has_had_its_day(
    log: Log, message_kind: str, day: dt.date
) -> None:
    late = dt.datetime(2026, 11, 23, 18, 20, tzinfo=dt.UTC)  # 23:50 in India; in Rome it is still day
    id_ = put(log, "queued", message_kind=message_kind, day=dt.date(2026, 11, 23))
    assert outbox.claim(log, [id_], TOKEN, late)

    outbox.settle(log, TOKEN, [Settlement(id_, "queued", wait_seconds=1_200)], late)

    found = row(log, id_)
    assert (found["status"], found["not_before"]) == ("queued", late + dt.timedelta(minutes=20))
    assert found["day"] == day


def test_many_answers_are_written_at_once_each_to_its_message(log: Log) -> None:
    ids = [claimed(log, f"R{number}") for number in range(4)]

    outbox.settle(
        log,
        TOKEN,
        [
            Settlement(ids[2], "failed", error_code=131026),
            Settlement(ids[0], "sent", meta_message_id="wamid.A"),
            Settlement(ids[1], "unknown"),
        ],
        now(),
    )
    outbox.settle(log, TOKEN, [], now())

    assert [row(log, id_)["status"] for id_ in ids] == ["sent", "unknown", "failed", "sending"]
    assert row(log, ids[0])["meta_message_id"] == "wamid.A"


@pytest.mark.parametrize("status", ["sent", "failed", "unknown", "queued"])
def test_only_the_claim_s_owner_settles(log: Log, status: str) -> None:
    id_ = claimed(log)
    before = row(log, id_)

    settle(log, id_, status, token=OTHER_TOKEN, meta_message_id=WAMID, error_code=1, error_detail="no")

    assert row(log, id_) == before


def test_an_owner_whose_message_was_claimed_by_another_since_changes_nothing(log: Log) -> None:
    id_ = claimed(log)
    settle(log, id_, "queued")
    outbox.claim(log, [id_], OTHER_TOKEN, now())
    before = row(log, id_)

    settle(log, id_, "sent", meta_message_id=WAMID)

    assert row(log, id_) == before


@pytest.mark.parametrize("status", ["delivered", "read", "failed"])
def test_an_answer_after_a_webhook_fills_only_what_is_missing(log: Log, status: str) -> None:
    id_ = claimed(log)
    change(log, id_, status="sent")
    change(log, id_, status=status, error_code=131049, error_detail="said by the webhook", failed_at=EARLIER)

    found = settle(log, id_, "sent", meta_message_id=WAMID, error_code=None)

    assert (found["status"], found["meta_message_id"]) == (status, WAMID)
    assert found["sent_at"] is not None
    assert (found["error_code"], found["error_detail"], found["failed_at"]) == (131049, "said by the webhook", EARLIER)


def test_what_a_webhook_filled_in_stays(log: Log) -> None:
    id_ = claimed(log)
    change(log, id_, status="sent", meta_message_id="wamid.first", sent_at=EARLIER)

    found = settle(log, id_, "sent", meta_message_id="wamid.second")

    assert (found["meta_message_id"], found["sent_at"]) == ("wamid.first", EARLIER)


@pytest.mark.parametrize(
    ("answer", "becomes", "holds"),
    [("sent", "sent", True), ("failed", "failed", False), ("queued", "failed", False), ("unknown", "unknown", True)],
)
def test_an_answer_after_the_lease_ran_out_is_still_news_but_nothing_is_queued_again(
    log: Log, answer: str, becomes: str, holds: bool
) -> None:
    id_ = claimed(log)
    assert outbox.let_go(log, [id_], TOKEN)
    assert outbox.end_expired_claims(log, dt.timedelta(seconds=-1), [id_]) == (1, 0)

    found = settle(log, id_, answer, meta_message_id=WAMID if answer == "sent" else None, wait_seconds=5)

    assert (found["status"], found["not_before"]) == (becomes, None)
    assert (found["failed_at"] is not None) is (becomes == "failed")
    assert bool(slots(log)) is holds
    assert outbox.claim(log, [id_], OTHER_TOKEN, now()) == []


@pytest.mark.parametrize("status", ["queued", "rehearsed", "skipped"])
def test_a_message_that_was_never_claimed_is_not_settled(log: Log, status: str) -> None:
    id_ = put(log, status, "R1")
    before = row(log, id_)

    settle(log, id_, "failed", error_code=1)

    assert row(log, id_) == before
