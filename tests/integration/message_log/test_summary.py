"""What became of a tick, counted and said in lines that can be read whole."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import replace

import pytest

from partner_messages.config.plain_text import LOG_WIDTH
from partner_messages.message_log.ticks import note_counts, record_stuck, start_tick
from partner_messages.messages.kinds import Census, ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.ops.summary import FEW, Named, Summary, summarise_tick
from partner_messages.ops.summary_lines import lines_of
from partner_messages.shop.names import Names
from support.deployment import TICK
from support.examples import stuck_run, tick
from support.log_rows import Log, put

STATUSES = {"sent": 3, "delivered": 1, "read": 1, "failed": 2, "unknown": 1, "queued": 2, "sending": 1, "rehearsed": 1}
SKIPPED = {"over_limit": 2, "no_phone": 1, "no_partner": 2}
record = functools.partial(record_stuck, observed_at=TICK)


@pytest.fixture
def summary(log: Log) -> Summary:
    """A tick with messages in every status, beside other ticks of the same and of another DAG run."""
    start_tick(log, tick())
    record(log, tick(), ReminderKind.IDLE, [stuck_run(f"R{number}") for number in range(12)])
    record(log, tick(), ReminderKind.NOT_STARTED, [stuck_run(f"R{number}") for number in range(12, 15)])
    record(log, tick(2), ReminderKind.NOT_STARTED, [stuck_run("R99")])
    note_counts(log, tick(), Census(inspected=40, without_partner=("N1", "N2")), planned=12)
    for status, many in STATUSES.items():
        for number in range(many):
            put(log, status, f"{status} {number}", error_code=131026 if status == "failed" else None)
    for reason, many in SKIPPED.items():
        for number in range(many):
            put(log, "skipped", f"{reason} {number}", skip_reason=reason)
    put(log, "sent", "of another run", by=2)
    put(log, "failed", "of an earlier pass", tick_id=tick(7).id)
    return summarise_tick(log, tick(), {"in": "The access token has expired"}, TICK)


def test_the_counts_are_this_dag_run_s_own(summary: Summary) -> None:
    assert summary.statuses == {**STATUSES, "skipped": 5}
    assert summary.skipped == SKIPPED
    assert summary.found == {"idle": 12, "not_started": 3}
    assert (summary.inspected, summary.no_partner) == (40, 2)
    assert summary.stopped_senders == {"in": "The access token has expired"}
    assert (summary.dispatched, summary.left) == (6, 3)


def test_the_counts_are_returned_by_name_and_add_up(summary: Summary) -> None:
    counts = summary.counts()

    assert counts == {
        "day": "2026-11-23",
        "delivery": "live",
        "inspected": 40,
        "found": 15,
        "no_partner": 2,
        "not_overdue": 23,
        "kinds": {"assignment_pending": 0, "not_started": 3, "idle": 12},
        "dispatched": 6,
        "failed": 2,
        "unknown": 1,
        "queued": 3,
        "held": 0,
        "held_back": {},
        "skipped": SKIPPED,
        "followups": {},
        "escalated": {},
        "escalations": [],
        "silent": [],
        "warnings": [],
    }
    assert counts["inspected"] == counts["found"] + counts["no_partner"] + counts["not_overdue"]


def test_what_earlier_passes_of_the_dag_run_have_sent_counts_and_what_they_have_left_does_not(log: Log) -> None:
    start_tick(log, tick())
    for number, status in enumerate(["sent", "unknown", "sending", "failed", "queued", "skipped"]):
        put(log, status, f"R{number}", tick_id=tick(7).id)
    put(log, "sent", "R9", tick_id=tick(7).id, delivery="redirect")
    put(log, "rehearsed", "R9", tick_id=tick(7).id, delivery="dry_run")

    summary = summarise_tick(log, tick(), {}, TICK)

    assert summary.statuses == {"sent": 1, "unknown": 1, "sending": 1}
    assert summary.left == 1
    assert [one.status for one in summary.named] == ["sending", "unknown"]


@pytest.mark.parametrize("status", ["unknown", "sending", "failed", "sent", "queued"])
def test_a_duplicate_says_how_the_other_one_stands_where_that_is_no_success(log: Log, status: str) -> None:
    start_tick(log, tick())
    other = put(log, status, "R1", by=2, delivered_at=TICK if status == "failed" else None)
    put(log, "skipped", "R1", skip_reason="duplicate", duplicate_of=other)

    summary = summarise_tick(log, tick(), {}, TICK)

    doubtful = status in ("unknown", "sending", "failed")
    assert summary.skipped == {f"duplicate of {status}" if doubtful else "duplicate": 1}
    assert [one.said(Names()) for one in summary.named] == (
        [f"A run (reminder): skipped duplicate of one that is {status} | run R1, partner P1"] if doubtful else []
    )


@pytest.mark.parametrize("said", ["held_for_quality_assessment", "paused", "accepted", None])
def test_what_meta_took_and_holds_back_is_not_called_sent_without_a_word(log: Log, said: str | None) -> None:
    start_tick(log, tick())
    put(log, "sent", "R1", message_status=said)
    put(log, "delivered", "R2", message_status=said)

    summary = summarise_tick(log, tick(), {}, TICK)

    held = {said: 1} if said not in ("accepted", None) else {}
    assert summary.counts()["held_back"] == held
    assert (f"of those sent, Meta holds back: {said} 1" in lines_of(summary)) == bool(held)
    assert [one.kept_by_meta for one in summary.named] == [*held]


def test_the_lines_say_it_all_and_the_first_begins_as_operations_search_for_it(summary: Summary) -> None:
    assert lines_of(summary) == [
        "Reminder run — 2026-11-23 live: sent 6, failed 2, unknown 1, queued 3",
        "inspected 40 = found 15 + no partner 2 + not overdue 23",
        "found: assignment_pending 0, not_started 3, idle 12",
        "skipped no_partner 2 (The run has no partner: a parent run that was split, or one that",
        "    waits to be assigned)",
        "skipped no_phone 1 (No verified WhatsApp number and no active admin with a phone)",
        "skipped over_limit 2 (More messages were due than the run may send; least recently",
        "    reminded runs go first)",
    ]


def test_no_line_is_longer_than_airflow_s_page_shows(summary: Summary) -> None:
    tick = replace(summary.tick, delivery="dry_run", warnings=("One.",))
    every = replace(summary, tick=tick, skipped=dict.fromkeys(SkipReason, 1000), followups={"sent": 3})

    assert max(len(line) for line in lines_of(every)) <= LOG_WIDTH
    assert {line.split()[1] for line in lines_of(every) if line.startswith("skipped")} == {*SkipReason}


def test_whoever_was_written_to_and_whoever_was_not_is_named_below_each_count(log: Log) -> None:
    start_tick(log, tick())
    for run, status, reason in [
        ("R1", "delivered", None),
        ("R2", "sent", None),
        ("R3", "skipped", "no_phone"),
        ("R4", "skipped", "no_phone"),
    ]:
        put(log, status, run, skip_reason=reason, partner_id=f"P{run[1]}")
    put(log, "queued", "R5", not_before=TICK + dt.timedelta(hours=3))
    partners = {"P1": "Rajesh Textiles", "P2": "Meera Handloom", "P3": "Asha"}
    names = Names(partners, {"R1": "Kurta", "R2": "Saree", "R5": "Shawl"})

    lines = lines_of(summarise_tick(log, tick(), {}, TICK), finds=False, names=names)

    assert lines[1:] == [
        "sent to:",
        "    Meera Handloom, Saree; Rajesh Textiles, Kurta",
        "held until it is day for:",
        "    Rajesh Textiles, Shawl",
        "skipped no_phone 2 (No verified WhatsApp number and no active admin with a phone)",
        "    Asha; run R4, partner P4",
    ]


def test_of_many_the_first_are_named_and_the_others_counted_on_lines_that_can_be_read_whole(log: Log) -> None:
    start_tick(log, tick())
    for number in range(FEW + 3):
        put(log, "rehearsed", f"R{number:02}", delivery="dry_run", partner_id=f"P{number:02}")
    names = Names({f"P{number:02}": f"Partner {number:02} {'x' * 60}" for number in range(FEW + 3)})
    rehearsal = replace(tick(), delivery="dry_run")

    lines = lines_of(summarise_tick(log, rehearsal, {}, TICK), finds=False, names=names)

    assert lines[1] == "would be sent to:"
    assert max(map(len, lines)) <= LOG_WIDTH
    named = " ".join(map(str.strip, lines[2:-1])).split("; ")
    assert [one.split()[1] for one in named[:-1]] == [f"{number:02}" for number in range(FEW)]
    assert named[-1] == "and 3 more"


def test_a_rehearsal_says_that_nothing_was_sent(summary: Summary) -> None:
    rehearsal = replace(summary, tick=replace(summary.tick, delivery="dry_run"), statuses={"rehearsed": 22})

    assert lines_of(rehearsal)[0] == ("Reminder run — 2026-11-23 dry run: rehearsed 22, nothing sent")


def test_what_somebody_may_ask_about_is_named(summary: Summary) -> None:
    named = {(one.production_run_id, one.status): one for one in summary.named}

    assert sorted(one.status for one in summary.named) == [
        *("failed", "failed", "queued", "queued", "sending", "skipped", "skipped", "unknown"),
    ]
    failed = named["failed 0", "failed"]
    assert failed == Named(failed.id, "reminder", "failed 0", "P1", "failed", None, 131026, None)
    assert named["over_limit 0", "skipped"].skip_reason == "over_limit"


def test_a_tick_that_found_nothing_says_noughts(log: Log) -> None:
    start_tick(log, tick())
    note_counts(log, tick(), Census(inspected=0, without_partner=()), planned=0)

    summary = summarise_tick(log, tick(), {}, TICK)

    assert lines_of(summary) == [
        "Reminder run — 2026-11-23 live: sent 0",
        "inspected 0 = found 0 + no partner 0 + not overdue 0",
        "found: assignment_pending 0, not_started 0, idle 0",
        "skipped: none",
    ]
    assert list(summary.named) == []


@pytest.mark.parametrize("started", [True, False])
def test_a_tick_whose_planning_never_ended_says_what_it_does_not_know(log: Log, started: bool) -> None:
    if started:
        start_tick(log, tick())
    record(log, tick(), ReminderKind.IDLE, [stuck_run()])

    summary = summarise_tick(log, tick(), {}, TICK)

    assert (summary.counts()["inspected"], summary.counts()["not_overdue"]) == (None, None)
    assert "inspected not known = found 1 + no partner not known + not overdue not known" in lines_of(summary)
