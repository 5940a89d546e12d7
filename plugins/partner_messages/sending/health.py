"""When a sender is left alone though Meta did not refuse it as a whole: too much of what it sends fails (pure)."""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 20
"""Messages of a run by which a bad start is told."""


@dataclass(frozen=True)
class SenderAnswers:
    """What Meta has said so far of one run's messages from one sender, but for what concerns one recipient.

    Attributes:
        failed_in_a_row: Failures since the last message that was taken.
        failed_of_the_first: Failures among the first `FIRST`.
        error_code: Meta's code of the last failure; None where no answer came.
        error_detail: What it means, masked.
    """

    failed_in_a_row: int
    failed_of_the_first: int
    error_code: int | None
    error_detail: str | None


def why_leave_alone(answers: SenderAnswers, stop_after: int) -> str | None:
    """Why the rest of a sender's messages stay queued; None where they may go on.

    Args:
        answers: Of the run so far.
        stop_after: The setting.
    """
    last = f"the last time: {answers.error_detail or 'no answer came'}"
    if answers.failed_in_a_row >= stop_after:
        return f"{answers.failed_in_a_row} messages in a row failed (setting stop_after); {last}"
    if answers.failed_of_the_first > FIRST / 2:
        return f"{answers.failed_of_the_first} of the first {FIRST} messages failed; {last}"
    return None
