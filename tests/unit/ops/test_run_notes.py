"""What the note of a DAG run says."""

from __future__ import annotations

from typing import Any

import pytest

from partner_messages.ops.run_notes import headlines, text_of, text_without

COUNTS: dict[str, Any] = {
    "day": "2026-11-23",
    "delivery": "live",
    "dispatched": 22,
    "failed": 0,
    "unknown": 0,
    "queued": 0,
    "held": 0,
    "skipped": {},
    "escalated": {},
}


def note(*, auto: str | None = None, sends_what_waits: bool = False, **changed: Any) -> list[str]:
    return text_of({**COUNTS, **changed}, auto=auto, sends_what_waits=sends_what_waits).split("\n\n")


@pytest.mark.parametrize(
    ("delivery", "first"),
    [
        ("live", "**LIVE**, 2026-11-23: 22 sent"),
        ("dry_run", "**DRY RUN: nothing was sent**, 2026-11-23: 22 rehearsed"),
        ("redirect", "**REDIRECT: all of it to one test phone**, 2026-11-23: 22 sent"),
    ],
)
def test_the_first_line_which_is_all_that_airflow_shows_at_once_says_whom_it_reached_and_how_many(
    delivery: str, first: str
) -> None:
    assert note(delivery=delivery) == [first]


def test_what_did_not_happen_is_not_said_but_that_nothing_was_sent_is() -> None:
    assert note(dispatched=0, failed=2, held=1)[0].endswith(": 0 sent, 2 failed, 1 held")


def test_whoever_got_nothing_and_whoever_is_needed_is_counted_by_reason() -> None:
    assert note(skipped={"no_phone": 2, "duplicate": 9}, escalated={"no_phone": 2}) == [
        "**LIVE**, 2026-11-23: 22 sent, 11 not written to, 2 need a person",
        "Not written to: 9 duplicate, 2 no_phone",
        "Need a person: 2 no_phone",
    ]


def test_what_auto_stands_for_by_now_and_where_the_names_are_stands_last() -> None:
    assert note(skipped={"no_phone": 2}, auto="dry_run")[1:] == [
        "Not written to: 2 no_phone",
        "Who, and why: the log of the task Summarise. **auto** is dry_run now (setting delivery).",
    ]


@pytest.mark.parametrize(
    ("counts", "first"),
    [
        ({"dispatched": 0}, "**Nothing was sent**, 2026-11-23"),
        ({"dispatched": 0, "failed": 1}, "**Nothing was sent**, 2026-11-23: 1 failed"),
        ({"dispatched": 2}, "**LIVE**, 2026-11-23: 2 sent"),
    ],
)
def test_a_run_that_sends_only_what_waits_is_called_live_where_it_has_sent(counts: dict[str, int], first: str) -> None:
    assert note(**counts, sends_what_waits=True) == [first]


def test_what_needs_an_engineer_stands_below_the_counts() -> None:
    text = text_of(COUNTS, ["sender in is stopped", "2 messages are unknown"])
    assert text.split("\n\n")[1:] == [
        "Needs an engineer: sender in is stopped",
        "Needs an engineer: 2 messages are unknown",
    ]


BY_PRIYA = "(by Priya since 2026-11-23 12:06 IST: wrong text): nothing is claimed."
HALTED = f"Sending is halted {BY_PRIYA}"


@pytest.mark.parametrize("delivery", ["live", "dry_run"])
def test_that_sending_is_halted_stands_before_everything_else_and_needs_no_engineer(delivery: str) -> None:
    counts = {**COUNTS, "delivery": delivery, "dispatched": 0, "queued": 10}
    problems = [f"send_messages (10) failed: {HALTED}", "10 messages are still queued"]

    first, second, *rest = text_of(counts, problems, halted=HALTED).split("\n\n")

    assert first == f"**SENDING IS HALTED** {BY_PRIYA}"
    assert "2026-11-23: 0 " in second
    assert rest == ["Needs an engineer: 10 messages are still queued"]


def test_the_run_that_lets_sending_go_on_says_so_and_by_whom_unless_something_else_halts_it() -> None:
    by_priya = "Priya: the text is right now"

    assert text_of(COUNTS, went_on=by_priya).startswith(f"**SENDING GOES ON**, says {by_priya}\n\n")
    assert "GOES ON" not in text_of(COUNTS, halted=HALTED, went_on=by_priya)


def test_a_run_that_let_nothing_pass_says_that_nothing_was_sent_and_why() -> None:
    assert text_without(["The window is over.", "Trigger it tomorrow."]) == (
        "**Nothing was sent**: The window is over.\n\nTrigger it tomorrow."
    )
    assert text_without([]) == "**Nothing was sent**"


def test_what_stands_in_bold_is_said_again_at_the_end_of_the_log() -> None:
    note = text_of({**COUNTS, "skipped": {"no_phone": 2}}, ["sender in is stopped"], halted=HALTED)

    assert headlines(note) == [f"SENDING IS HALTED {BY_PRIYA}", "LIVE, 2026-11-23: 22 sent, 2 not written to"]
