"""How long the message log keeps what: names, numbers and texts for a while, rows longer, and nothing for ever.

One thing is kept for ever: the last word on whether a phone or a partner may be written to, with the phone that it is
about, because an opt-out must not be forgotten. What is deleted is older than anything that is asked for. A stall's own
days are read from its reminders, the stuck runs and the ticks (`retain_days`), and Meta's last answer about a number
from its messages. What never left is asked for by the DAG run that wrote it, and by later rehearsals of the same stall.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from partner_messages.config.settings import Settings
from partner_messages.message_log.database import LogConnection, rows

NEVER_LEFT_DAYS = 30
"""How long skips and rehearsals are kept."""
WAITING_DAYS = 7
"""How long a status waits for its message: for as long Meta repeats a webhook that nobody took."""
BATCH = 500
"""Rows of one statement: well under a second's work, so that no planning or sending waits for it longer."""
BATCHES = 10
"""Of each step in one run; `message_log_upkeep` runs 96 times a day."""


@dataclass(frozen=True)
class Step:
    """One step of forgetting: what is blanked or deleted, and when.

    Attributes:
        statement: The query, which does a number of rows at most.
        what: How the log calls it.
        days: How old it must be.
        setting: Which one says so, if any.
    """

    statement: str
    what: str
    days: Callable[[Settings], int]
    setting: str | None = "retain_days"


def _retained(settings: Settings) -> int:
    return settings.retain_days


# Deleting comes after blanking; ticks come last, because the messages refer to them.
STEPS = (
    Step("blank_messages", "Messages blanked", lambda settings: settings.blank_days, "blank_days"),
    Step("delete_skips_and_rehearsals", "Skips and rehearsals deleted", lambda _: NEVER_LEFT_DAYS, None),
    Step("delete_messages", "Messages deleted", _retained),
    Step("blank_answers", "Answers blanked", lambda settings: settings.blank_days, "blank_days"),
    Step("delete_answers", "Answers deleted", _retained),
    Step("delete_preferences", "Superseded preferences deleted", lambda settings: settings.blank_days, "blank_days"),
    Step("delete_promises", "Promises deleted", _retained),
    Step("delete_left_alone", "What was left alone deleted", _retained),
    Step("delete_tick_holds", "Holds of ticks deleted", _retained),
    Step("delete_approvals", "Approvals deleted", _retained),
    Step("delete_stuck_runs", "Rows of stuck runs deleted", _retained),
    Step("delete_quantities", "Produced quantities deleted", _retained),
    Step("delete_escalations", "Escalations deleted", _retained),
    Step("delete_sender_stops", "Stops of senders deleted", _retained),
    Step("delete_template_changes", "Notes of template changes deleted", _retained),
    Step("delete_waiting_statuses", "Statuses without a message deleted", lambda _: WAITING_DAYS, None),
    Step("delete_webhook_events", "Webhooks deleted", lambda settings: settings.blank_days, "blank_days"),
    Step("delete_account_events", "What Meta said of accounts deleted", _retained),
    Step("delete_silences", "Silences of webhooks deleted", _retained),
    Step("delete_counted_days", "Counted days deleted", _retained),
    Step("delete_cases", "Cases of the comparison deleted", _retained),
    Step("delete_keys", "Keys of messages that are sent once deleted", _retained),
    Step("delete_ticks", "Ticks deleted", _retained),
)


@dataclass(frozen=True)
class Forgotten:
    """What one step has done; `has_more` where the rest is left to the next run."""

    step: Step
    number: int
    days: int
    has_more: bool

    def __str__(self) -> str:
        why = f", setting {self.step.setting}" if self.step.setting else ""
        more = "; more the next time" if self.has_more else ""
        return f"{self.step.what}: {self.number} (older than {self.days} days{why}){more}"


def forget(connection: LogConnection, now: dt.datetime, settings: Settings) -> list[Forgotten]:
    """Blank and delete what is old, each batch in a transaction of its own and a bounded number of them.

    Args:
        connection: The message log.
        now: The wall clock, by which rows are old: a backfill of last year writes new ones.
        settings: How long what is kept.

    Returns:
        What was done; a step without work is absent.
    """
    done = [_do(connection, step, now, step.days(settings)) for step in STEPS]
    return [one for one in done if one.number]


def _do(connection: LogConnection, step: Step, now: dt.datetime, days: int) -> Forgotten:
    before, number = now - dt.timedelta(days=days), 0
    for _ in range(BATCHES):
        batch = rows(connection, step.statement, before=before, at_most=BATCH)
        number += len(batch)
        if len(batch) < BATCH:
            return Forgotten(step, number, days, has_more=False)
    return Forgotten(step, number, days, has_more=True)
