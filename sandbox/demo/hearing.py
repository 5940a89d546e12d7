"""What Meta and the partners answer to the demo's messages, and what the package makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox import processes
from sandbox.demo import report
from sandbox.graph_api.server import LocalGraphApi

HEARD_SECONDS = 60.0
FAILS_WITH = 131000
"""Meta's code for "something went wrong": the next tick may try again."""
BY_ORDER = {"sent": 0.0, "delivered": None, "read": None}
BY_ITSELF = {"sent": 0.0, "delivered": 0.3, "read": 1.5}
"""Seconds from taking a message to what the local Graph API tells of it."""
STOP, HELP = "STOP", "मदद"

Rows = Callable[..., list[Any]]
"""Asks the message log with a query of this folder."""
T = TypeVar("T")


class NotHeardError(processes.SandboxError):
    """What was told never arrived in the message log; the message says what is missing."""


@dataclass(frozen=True)
class Cast:
    """Three partners with one reminder each, and their messages as the local Graph API took them.

    Attributes:
        unlucky: Meta fails this one after it had taken it.
        leaving: Its partner answers STOP.
        in_need: Its partner asks for help.
    """

    unlucky: Mapping[str, Any]
    leaving: Mapping[str, Any]
    in_need: Mapping[str, Any]

    @classmethod
    def of(cls, outbox: Sequence[Mapping[str, Any]], reminders: Mapping[str, str]) -> Cast:
        """Choose them.

        Args:
            outbox: All messages that were taken.
            reminders: The run of each reminder, by Meta's id of the message.
        """
        number = Counter(message["to"] for message in outbox)
        alone = [message for message in outbox if message["id"] in reminders and number[message["to"]] == 1]
        return cls(*alone[:3])

    @staticmethod
    def run_of(rows: Rows, message: Mapping[str, Any]) -> str:
        """The run that a message speaks of."""
        return next(str(row["run"]) for row in rows("reminders.sql") if row["meta_message_id"] == message["id"])


def tell_statuses(api: LocalGraphApi, cast: Cast, rows: Rows) -> Mapping[str, int]:
    """Let Meta tell that all were read but one, which failed; return how many of each the message log knows then."""
    for message in api.outbox():
        if message["id"] == cast.unlucky["id"]:
            api.move_message(message["id"], "failed", FAILS_WITH)
        else:
            api.move_message(message["id"], "delivered")
            api.move_message(message["id"], "read")
    api.set_webhooks(status_delays=BY_ITSELF)
    return wait_until(lambda: _over(rows), "what became of the messages")


def answer(api: LocalGraphApi, cast: Cast) -> None:
    """Let one partner write STOP, and another one ask for help under the reminder."""
    api.answer(cast.leaving["phone_number_id"], cast.leaving["to"], STOP)
    api.answer(cast.in_need["phone_number_id"], cast.in_need["to"], HELP, context=cast.in_need["id"])


def wait_until(look: Callable[[], T | None], what: str) -> T:
    """Look until something has arrived in the message log.

    Raises:
        NotHeardError: It has not, after a minute.
    """
    for _ in processes.pauses(HEARD_SECONDS):
        if (found := look()) is not None:
            return found
    raise NotHeardError(f"The message log never heard {what}; see receiver.log.")


def _over(rows: Rows) -> Mapping[str, int] | None:
    (heard,) = rows("heard.sql")
    return heard if not heard["under_way"] else None


def story(cast: Cast, rows: Rows) -> list[str]:
    """What came of it, in lines."""
    everyone = (cast.unlucky, cast.leaving, cast.in_need)
    runs = [cast.run_of(rows, one) for one in everyone]
    found = rows("answers.sql", runs=runs, phones=[one["to"] for one in everyone])
    failed, *_, again = (row for row in found if row["production_run_id"] == runs[0])
    opted_out = {row["phone"] for row in rows("opted_out.sql")}
    unlucky, leaving, in_need = (report.masked(one["to"]) for one in everyone)
    replies = {report.masked(row["to_phone"]): row["body_text"] for row in found if row["message_kind"] == "reply"}
    return [
        f"{unlucky}: failed later ({failed['error_code']}), so it did not count; the next tick sent it again:"
        f" {report.ticks(again['status'])}",
        f"{leaving} wrote “{STOP}” and was answered: {replies.get(leaving)}",
        f"  {'Opted out: no more reminders go there' if cast.leaving['to'] in opted_out else 'Not opted out'}",
        f"{in_need} wrote “{HELP}” (help) and was answered: {replies.get(in_need)}",
        f"  A person is called for {', '.join(row['production_run_id'] for row in rows('asked_for_help.sql'))}",
    ]
