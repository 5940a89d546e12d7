"""Writing down what planning decided: queue what is new, adopt what is queued, record every skip."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from partner_messages.message_log.queueing import queued_of_tick, write_drafts
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.values import Draft, QueuedMessage
from support.deployment import TICK
from support.examples import DAY, PHONE, draft, tick
from support.log_rows import Log, change, ends, everything, put, queue, row, slots


def skip(run_id: str = "R1", reason: SkipReason = SkipReason.NO_PHONE, **changes: Any) -> Draft:
    """A run that is not to be sent, as planning words it: without a recipient or a text."""
    nothing: dict[str, Any] = dict.fromkeys(
        ["sender", "to_phone", "language", "template_name", "variables", "body_text"]
    )
    return draft(run_id, **nothing, skip_reason=reason, **changes)


def test_a_draft_becomes_a_queued_row_with_everything_that_was_decided(log: Log) -> None:
    wanted = draft("R1", design_id="D1", variables={"partner_name": 'मीरा "O\'Neill" 🌸'}, body_text="नमस्ते\nमीरा")

    write_drafts(log, tick(), [wanted])

    (found,) = everything(log)
    for field in dataclasses.fields(Draft):
        if field.name not in ("production_run_ids", "decided_at", "day", "adopts"):
            assert found[field.name] == getattr(wanted, field.name)
    assert (found["status"], found["delivery"], found["day"]) == ("queued", "live", DAY)
    assert (found["dag_id"], found["dag_run_id"], str(found["tick_id"])) == (
        "production_run_reminders",
        "run 1",
        tick().id,
    )
    assert (found["attempts"], found["claim_token"], found["meta_message_id"]) == (0, None, None)
    assert slots(log) == {"R1": wanted.id}


def test_a_skip_becomes_a_row_with_its_reason_and_holds_no_slot(log: Log) -> None:
    write_drafts(log, tick(), [skip("R1", SkipReason.NO_PARTNER, partner_id=None), skip("R2", SkipReason.NO_PHONE)])

    assert ends(log) == [("R1:reminder:2026-11-23", "no_partner"), ("R2:reminder:2026-11-23", "no_phone")]
    assert slots(log) == {}


def test_nothing_to_write_is_nothing_written(log: Log) -> None:
    write_drafts(log, tick(), [])

    assert everything(log) == []


def test_a_plan_that_is_written_again_changes_nothing(log: Log) -> None:
    plan = [draft("R1"), draft("R2"), skip("R3")]
    write_drafts(log, tick(), plan)
    before = [(one["id"], one["status"]) for one in everything(log)]

    write_drafts(log, tick(), [dataclasses.replace(one, id=draft().id) for one in plan])

    assert [(one["id"], one["status"]) for one in everything(log)] == before


def test_a_plan_is_written_whole_or_not_at_all(log: Log) -> None:
    impossible = draft("R2", to_phone="12345")

    with pytest.raises(Exception, match="to_phone"):
        write_drafts(log, tick(), [draft("R1"), impossible, skip("R3")])

    assert everything(log) == []
    assert slots(log) == {}


def test_what_an_earlier_run_left_queued_becomes_this_run_s(log: Log) -> None:
    (left,) = queue(log, draft("R1"), by=tick(1))
    change(log, left, attempts=2, not_before=dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC))

    queue(log, draft("R1", body_text="Worded anew."), by=tick(2))

    (found,) = everything(log)
    assert (found["id"], found["status"], found["body_text"]) == (left, "queued", "Worded anew.")
    assert (found["dag_run_id"], str(found["tick_id"])) == ("run 2", tick(2).id)
    # What Meta said still stands: how often it was tried, and not before when.
    assert (found["attempts"], found["not_before"]) == (2, dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC))
    assert slots(log) == {"R1": left}


def test_an_adopted_message_is_addressed_and_worded_as_this_run_decided(log: Log) -> None:
    redirected = tick(1, delivery="redirect", asked="redirect")
    (left,) = queue(log, draft("R1", to_phone="+919811111111"), by=redirected)
    again = draft(
        "R1",
        to_phone="+919822222222",
        sender="au",
        language="en",
        partner_id="P2",
        design_id="D2",
        reminder_kind=ReminderKind.IDLE,
        template_name="jyt_production_run_reminder_idle_v1",
        variables={"partner_name": "Other"},
    )

    write_drafts(log, dataclasses.replace(redirected, id=tick(2).id, dag_run_id="run 2"), [again])

    found = row(log, left)
    for column in ("to_phone", "sender", "language", "partner_id", "design_id", "reminder_kind", "template_name"):
        assert found[column] == getattr(again, column)
    assert found["variables"] == {"partner_name": "Other"}


def test_a_queued_message_that_must_not_go_out_any_more_is_withdrawn_for_its_reason(log: Log) -> None:
    (left,) = queue(log, draft("R1"), by=tick(1))

    write_drafts(log, tick(2), [skip("R1", SkipReason.NO_CONSENT)])

    (found,) = everything(log)
    assert (found["id"], found["status"], found["skip_reason"]) == (left, "skipped", "no_consent")
    assert (found["dag_run_id"], found["to_phone"]) == ("run 2", PHONE)
    assert slots(log) == {}


def test_a_run_that_was_skipped_may_be_sent_by_a_later_run(log: Log) -> None:
    write_drafts(log, tick(1), [skip("R1", SkipReason.OVER_LIMIT)])
    (id_,) = queue(log, draft("R1"), by=tick(2))

    assert ends(log) == [("R1:reminder:2026-11-23", "over_limit"), ("R1:reminder:2026-11-23", "queued")]
    assert slots(log) == {"R1": id_}


@pytest.mark.parametrize("status", ["sending", "sent", "delivered", "read", "unknown", "rehearsed"])
def test_a_run_whose_slot_was_taken_meanwhile_becomes_a_duplicate_that_names_the_holder(log: Log, status: str) -> None:
    holder = put(log, status, "R1", by=1)

    write_drafts(log, tick(2), [draft("R1"), draft("R2")])

    duplicate = next(one for one in everything(log) if one["status"] == "skipped")
    assert (duplicate["skip_reason"], duplicate["duplicate_of"]) == ("duplicate", holder)
    assert (duplicate["dag_run_id"], duplicate["meta_message_id"]) == ("run 2", None)
    assert slots(log)["R1"] == holder


def test_a_duplicate_that_planning_knew_of_never_touches_the_other_message(log: Log) -> None:
    holder = put(log, "sent", "R1", by=1)

    write_drafts(log, tick(2), [skip("R1", SkipReason.DUPLICATE, duplicate_of=holder)])

    assert sorted(ends(log)) == [("R1:reminder:2026-11-23", "duplicate"), ("R1:reminder:2026-11-23", "sent")]


def test_each_later_run_of_the_day_has_a_duplicate_row_of_its_own(log: Log) -> None:
    holder = put(log, "sent", "R1", by=1)

    for number in (2, 3):
        for _ in range(2):  # Planning may be tried twice.
            write_drafts(log, tick(number), [skip("R1", SkipReason.DUPLICATE, duplicate_of=holder)])

    assert [one["dag_run_id"] for one in everything(log)].count("run 2") == 1
    assert len(everything(log)) == 3


@pytest.mark.parametrize("free", ["failed", "skipped"])
def test_a_slot_that_was_given_back_is_taken_again(log: Log, free: str) -> None:
    put(log, free, "R1", by=1)

    (id_,) = queue(log, draft("R1"), by=tick(2))

    assert slots(log) == {"R1": id_}


def test_a_reminder_that_failed_after_it_was_delivered_is_not_sent_again(log: Log) -> None:
    holder = put(log, "failed", "R1", delivered_at=dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC))

    write_drafts(log, tick(2), [draft("R1")])

    assert [one["duplicate_of"] for one in everything(log) if one["status"] == "skipped"] == [holder]


@pytest.mark.parametrize(
    "other", [tick(2, delivery="dry_run"), tick(2, delivery="redirect"), tick(2, day=DAY + dt.timedelta(days=1))]
)
def test_other_deliveries_and_days_have_their_own_queue(log: Log, other: Any) -> None:
    (id_,) = queue(log, draft("R1"), by=tick(1))
    queue(log, draft("R1", day=other.day), by=other)

    assert len(everything(log)) == 2
    assert row(log, id_)["dag_run_id"] == "run 1"


def test_a_digest_holds_the_slot_of_every_run_it_speaks_of(log: Log) -> None:
    (id_,) = queue(log, draft("R1", "R2", "R3"))

    assert slots(log) == {"R1": id_, "R2": id_, "R3": id_}


def test_a_digest_that_cannot_have_all_its_runs_gives_the_others_back(log: Log) -> None:
    holder = put(log, "sent", "R2", by=1)

    write_drafts(log, tick(2), [draft("R1", "R2", "R3")])

    assert slots(log) == {"R2": holder}
    digest = next(one for one in everything(log) if one["message_kind"] == "digest")
    assert (digest["skip_reason"], digest["duplicate_of"]) == ("duplicate", holder)


def test_of_a_digest_and_a_reminder_in_one_plan_one_goes_out(log: Log) -> None:
    write_drafts(log, tick(), [draft("R1", "R2"), draft("R2")])

    (queued,) = [one for one in everything(log) if one["status"] == "queued"]
    (duplicate,) = [one for one in everything(log) if one["status"] == "skipped"]
    assert duplicate["duplicate_of"] == queued["id"]
    assert set(slots(log).values()) == {queued["id"]}


def test_what_a_tick_queued_comes_grouped_by_sender_then_by_partner(log: Log) -> None:
    drafts = [
        draft("R1", sender="in", partner_id="P2", variables={"partner_name": "Zoya"}),
        draft("R2", sender="au", partner_id="P9", variables={}),
        draft("R3", sender="in", partner_id="P1", variables={"partner_name": "Anand"}),
        draft("R4", sender="in", partner_id="P2", variables={"partner_name": "Zoya"}),
    ]
    queue(log, *drafts, by=tick(1))
    queue(log, draft("R9"), by=tick(2))
    put(log, "sent", "R8", by=1)

    assert queued_of_tick(log, tick(1), now=TICK) == [
        QueuedMessage(str(drafts[1].id), "au", "assignment_pending", ""),
        QueuedMessage(str(drafts[2].id), "in", "assignment_pending", "Anand"),
        QueuedMessage(str(drafts[0].id), "in", "assignment_pending", "Zoya"),
        QueuedMessage(str(drafts[3].id), "in", "assignment_pending", "Zoya"),
    ]
