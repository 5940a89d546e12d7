"""What a dry run shows of the messages that it would have sent."""

from __future__ import annotations

import dataclasses
from typing import Any

from partner_messages.config.plain_text import INDENT, LOG_WIDTH
from partner_messages.messages.values import Message
from partner_messages.sending.rehearsal import SHOWN, lines_of
from support.examples import PHONE


def message(**given: Any) -> Message:
    values: dict[str, Any] = dict.fromkeys(field.name for field in dataclasses.fields(Message))
    said = {"to_phone": PHONE, "language": "hi", "sender": "in", "template_name": "idle_v2", "body_text": "One\n\nTwo"}
    return Message(**{**values, **said, **given})


def test_each_message_is_shown_with_its_text_line_by_line_and_its_number_masked() -> None:
    first, *text = lines_of([message()])

    assert PHONE not in first
    assert first == f"To +91•••••{PHONE[-4:]} in hi from in as idle_v2:"
    assert text == ["    One", "    ", "    Two"]


def test_a_long_line_goes_on_further_in_so_that_airflow_cuts_nothing_of_it() -> None:
    said = "Please log a fresh produced-quantity update in the partner portal so we know where things stand. " * 3
    _, first, *others = lines_of([message(body_text=f"{said}\nTwo")])

    *continued, last = others
    assert max(map(len, (first, *continued))) <= LOG_WIDTH
    assert all(line.startswith(2 * INDENT) for line in continued)
    assert " ".join(line.strip() for line in (first, *continued)) == said.strip()
    assert last == f"{INDENT}Two"


def test_a_number_within_a_text_is_masked_too() -> None:
    assert PHONE not in "\n".join(lines_of([message(body_text=f"Call {PHONE}")]))


def test_of_a_large_chunk_the_first_hundred_are_shown_and_the_others_counted() -> None:
    lines = list(lines_of([message(body_text=None)] * (SHOWN + 7)))

    assert len(lines) == SHOWN + 1
    assert lines[-1] == "... and 7 more; see the table message_log."
