"""Digests in the message log: written, taken over, withdrawn, worded anew, and who wins where two plans meet."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from partner_messages.message_log.history import slot_holders, spoken_of, standing_digests
from partner_messages.message_log.queueing import queued_of_tick, reword, write_drafts
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.ops.summary import summarise_tick
from partner_messages.shop.names import Names
from support.at_once import wait_until_blocked
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID, draft, tick
from support.log_rows import Log, change, ends, put, queue, row, slots

CONTEXT = f"{PARTNER_ID}:digest:{DAY.isoformat()}"
DIGEST: dict[str, Any] = {"context_type": "partner", "message_kind": "digest", "production_run_id": None}
WORDS = {"variables": {"partner_name": "Rajesh", "run_id": "R1"}, "body_text": "One run is left."}


def gone(run_id: str, reason: SkipReason = SkipReason.MOVED_ON) -> Any:
    return draft(run_id, skip_reason=reason, variables={"digest": "which"})


def test_what_stands_is_every_digest_of_the_day_that_holds_its_context(log: Log) -> None:
    queued = put(log, "queued", "R1", "R2", **DIGEST, context_id=CONTEXT)
    sent = put(log, "sent", "R3", "R4", **DIGEST, context_id=f"{CONTEXT}:2")
    put(log, "failed", "R5", "R6", **DIGEST, context_id=f"{CONTEXT}:3")
    put(log, "queued", "R1", "R2", **DIGEST, context_id=CONTEXT, delivery="dry_run")
    put(log, "queued", "R7")

    found = {one.id: one for one in standing_digests(log, tick())}

    assert {id_: (one.status, one.production_run_ids) for id_, one in found.items()} == {
        queued: ("queued", {"R1", "R2"}),
        sent: ("sent", {"R3", "R4"}),
    }
    assert {one.context_id for one in found.values()} == {CONTEXT, f"{CONTEXT}:2"}
    assert {one.partner_id for one in found.values()} == {PARTNER_ID}


def test_a_digest_that_is_taken_over_as_it_is_keeps_its_words_and_its_runs(log: Log) -> None:
    (id_,) = queue(log, draft("R1", "R2"), by=tick(1))
    bare = draft(
        "R1",
        "R2",
        adopts=id_,
        sender=None,
        to_phone=None,
        language=None,
        template_name=None,
        variables=None,
        body_text=None,
    )

    assert write_drafts(log, tick(2), [bare])

    taken_over = row(log, id_)
    assert (taken_over["dag_run_id"], taken_over["status"], taken_over["body_text"]) == ("run 2", "queued", "A text.")
    assert taken_over["variables"] == {"partner_name": "Rajesh Textiles"}
    assert slots(log) == {"R1": id_, "R2": id_}


def test_a_digest_that_came_in_between_is_not_taken_for_the_planned_one_of_more_runs(log: Log) -> None:
    """The other plan was written after this one had looked, and both are the partner's first digest of the day."""
    (first,) = queue(log, draft("R1", "R2"), by=tick(1))

    assert not write_drafts(log, tick(2), [draft("R1", "R2", "R3")]), "it must be planned again, or R3 is forgotten"

    assert (row(log, first)["dag_run_id"], row(log, first)["status"]) == ("run 1", "queued")
    assert slots(log) == {"R1": first, "R2": first}


def test_a_digest_that_is_withdrawn_makes_room_for_another_one_in_the_same_plan(log: Log) -> None:
    (first,) = queue(log, draft("R1", "R2"), by=tick(1))
    second = draft("R1", "R2", "R3", context_id=f"{CONTEXT}:2")

    withdrawn = draft("R1", "R2", adopts=first, skip_reason=SkipReason.MOVED_ON)
    assert write_drafts(log, tick(2), [withdrawn, second])

    assert ends(log) == [(CONTEXT, "moved_on"), (f"{CONTEXT}:2", "queued")]
    assert slots(log) == dict.fromkeys(("R1", "R2", "R3"), second.id)


def test_a_digest_that_was_claimed_before_it_could_be_taken_over_asks_for_another_plan(log: Log) -> None:
    (first,) = queue(log, draft("R1", "R2"), by=tick(1))
    change(log, first, status="sending")
    second = draft("R1", "R2", "R3", context_id=f"{CONTEXT}:2")

    written = write_drafts(
        log, tick(2), [draft("R1", "R2", adopts=first, skip_reason=SkipReason.MOVED_ON), second, draft("R4")]
    )

    assert written is False
    assert ends(log) == [(CONTEXT, "sending"), (f"{CONTEXT}:2", "duplicate"), ("R4:reminder:2026-11-23", "queued")]
    assert row(log, second.id)["duplicate_of"] == first


def test_runs_of_a_digest_that_could_not_be_withdrawn_ask_for_another_plan_too(log: Log) -> None:
    (first,) = queue(log, draft("R1", "R2"), by=tick(1))
    change(log, first, status="sending")
    change(log, first, status="sent")

    withdrawn = draft("R1", "R2", adopts=first, skip_reason=SkipReason.MOVED_ON)

    assert write_drafts(log, tick(2), [withdrawn, draft("R3")]) is False
    assert ends(log) == [(CONTEXT, "sent"), ("R3:reminder:2026-11-23", "queued")]


def test_a_digest_that_loses_a_run_to_another_message_asks_for_another_plan(log: Log) -> None:
    put(log, "sent", "R2", by=1)

    assert write_drafts(log, tick(2), [draft("R1", "R2", "R3")]) is False
    assert write_drafts(log, tick(2), [draft("R1", "R3"), draft("R2")]) is True


def test_a_digest_that_was_not_sent_says_of_which_runs_it_would_have_spoken(log: Log) -> None:
    put_off = draft("R1", "R2", skip_reason=SkipReason.OVER_LIMIT)

    write_drafts(log, tick(), [put_off, draft("R3", skip_reason=SkipReason.NOT_DUE)])

    assert spoken_of(log, [put_off.id]) == {put_off.id: ("R1", "R2")}
    assert slots(log) == {}
    (named,) = summarise_tick(log, tick(), {}, TICK).named
    assert named.said(Names()) == "A run (digest): skipped over_limit | run R1, R2, partner P1"


def test_the_task_of_a_digest_is_named_after_it_and_its_partner(log: Log) -> None:
    queue(log, draft("R1", "R2"))

    (queued,) = queued_of_tick(log, tick(), now=TICK)

    assert (queued.about, queued.partner_name) == ("digest", "Rajesh Textiles")


def test_a_run_that_leaves_gives_up_its_slot_and_a_row_says_why(log: Log) -> None:
    (id_,) = queue(log, draft("R1", "R2", "R3"))

    assert reword(log, tick(), id_, WORDS, [gone("R2"), gone("R3", SkipReason.ALREADY_IN_SHOP)])

    assert slots(log) == {"R1": id_}
    assert spoken_of(log, [id_]) == {id_: ("R1",)}
    changed = row(log, id_)
    assert (changed["status"], changed["variables"], changed["body_text"]) == (
        "queued",
        WORDS["variables"],
        WORDS["body_text"],
    )
    assert ends(log) == [
        (CONTEXT, "queued"),
        ("R2:reminder:2026-11-23", "moved_on"),
        ("R3:reminder:2026-11-23", "already_in_shop"),
    ]
    (later,) = queue(log, draft("R2"), by=tick(2))
    assert slots(log)["R2"] == later


def test_what_is_claimed_or_another_tick_s_is_not_worded_anew(log: Log) -> None:
    (id_,) = queue(log, draft("R1", "R2"))

    assert not reword(log, tick(2), id_, WORDS, [gone("R2")])
    change(log, id_, status="sending")
    assert not reword(log, tick(), id_, WORDS, [gone("R2")])

    assert row(log, id_)["body_text"] == "A text."
    assert slots(log) == {"R1": id_, "R2": id_}
    assert ends(log) == [(CONTEXT, "sending")]


def test_of_a_digest_that_is_worded_anew_while_it_is_claimed_one_comes_first(
    log: Log, connect: Callable[[], Log]
) -> None:
    (id_,) = queue(log, draft("R1", "R2"))
    claimer, planner = connect(), connect()

    with ThreadPoolExecutor(1) as pool:
        with claimer.transaction():
            claimer.execute("UPDATE message_log SET status = 'sending' WHERE id = %s", [id_])
            waiting = pool.submit(reword, planner, tick(), id_, WORDS, [gone("R2")])
            wait_until_blocked(log, planner)
        assert waiting.result() is False

    assert spoken_of(log, [id_]) == {id_: ("R1", "R2")}


def test_two_ticks_that_both_make_room_for_a_larger_digest_make_one(log: Log, connect: Callable[[], Log]) -> None:
    (first,) = queue(log, draft("R1", "R2"), by=tick(1))
    one, other = connect(), connect()
    withdrawn = draft("R1", "R2", adopts=first, skip_reason=SkipReason.MOVED_ON)
    larger = draft("R1", "R2", "R3", context_id=f"{CONTEXT}:2")

    with ThreadPoolExecutor(1) as pool:
        with one.transaction():
            assert write_drafts(one, tick(2), [withdrawn, larger])
            late = [replace(withdrawn, id=tick(8).id), replace(larger, id=tick(9).id)]  # type: ignore[arg-type]
            waiting = pool.submit(write_drafts, other, tick(3), late)
            wait_until_blocked(log, other)
        assert waiting.result() is False

    assert slots(log) == dict.fromkeys(("R1", "R2", "R3"), larger.id)
    assert {holder.id for holder in slot_holders(log, tick(3), ["R1", "R2", "R3"], TICK).values()} == {larger.id}
    assert [end for _, end in ends(log)] == ["moved_on", "queued", "duplicate"]
