"""A `send_messages` task in a process of its own that something happens to, and what becomes of its messages."""

from __future__ import annotations

import dataclasses
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from airflow.sdk.exceptions import AirflowException

from partner_messages.message_log.database import MessageLogError
from partner_messages.messages.tick import Tick
from sandbox.processes import pauses
from support.children import SECONDS, Child
from support.deployment import Deployment
from support.examples import tick
from support.fault_table import Tally
from support.log_rows import Log
from support.sending import let_the_leases_run_out, queue_messages, requested, statuses, still_due, taken
from support.task_work import in_this_process, send_task

MESSAGES = 60
ANSWER_SECONDS = 0.3
"""How long the local Graph API takes for an answer, as Meta does."""
LOOK_SECONDS = 0.02
"""Between two looks at how many requests have arrived: one or two come meanwhile."""
TRIES = 4
TASK_ENDINGS = (AirflowException, MessageLogError)


@dataclass
class Weather:
    """One round: a task that sends messages, 60 at 80 a second where nothing else is said, and dice.

    Attributes:
        log: A session with the message log.
        graph_api: The local Graph API.
        start: Starts a process.
        deployment: Whose connections the processes see.
        dice: This round's chances.
        tick: The run's.
        messages: How many are sent.
        rate: How many the number may send in a second.
    """

    log: Log
    graph_api: Any
    start: Callable[..., Child]
    deployment: Deployment
    dice: random.Random
    tick: Tick = dataclasses.field(default_factory=tick)
    ids: Sequence[uuid.UUID] = ()
    messages: int = MESSAGES
    rate: int = 80

    def begin(self) -> Child:
        """Queue the messages, and start the task."""
        self.graph_api.reset()
        self.graph_api.set_rate(self.rate)
        self.deployment.set_rate("in", self.rate)
        self.graph_api.hang_next(ANSWER_SECONDS, times=10 * self.messages, taken=self.dice.random() < 0.5)
        self.ids = queue_messages(self.log, self.messages)
        return self.task()

    def task(self) -> Child:
        """Start the task, in a process that something may happen to."""
        return self.start(send_task, self.tick, self.batch(), still_due)

    def batch(self) -> dict[str, Any]:
        """What planning gives the task."""
        return {"label": "many", "sender": "in", "message_ids": [str(id_) for id_ in self.ids]}

    def some_way_in(self, at_least: int = 1, at_most: int | None = None) -> int:
        """Wait until a random number of requests has arrived, of all but one at most; return it."""
        number = self.dice.randint(at_least, at_most or self.messages - 1)
        for _ in pauses(SECONDS, longest=LOOK_SECONDS):
            if requested(self.graph_api) >= number:
                return number
        raise AssertionError(f"{number} requests never came")

    def try_until_settled(self) -> None:
        """Try the task again as Airflow does, until nothing is left to send."""
        for _ in range(TRIES):
            let_the_leases_run_out(self.log)
            self.try_again()
            if not {"queued", "sending"} & set(statuses(self.log, self.ids)):
                return

    def try_again(self) -> Exception | None:
        """Try the task again, and let nothing happen to it; return what it raised, if that is how tasks may end."""
        try:
            with in_this_process():
                send_task(self.tick, self.batch(), still_due)
        except TASK_ENDINGS as error:
            return error
        return None

    def count(self, tally: Tally, *, a_person_is_asked: bool = False) -> None:
        """Add what became of the messages to the scenario's table.

        Args:
            tally: The scenario's.
            a_person_is_asked: Whether sending was refused until a person has looked; what is not settled waits then.
        """
        count(tally, self.log, self.graph_api, self.ids, a_person_is_asked=a_person_is_asked)


def count(tally: Tally, log: Log, graph_api: Any, ids: Sequence[uuid.UUID], *, a_person_is_asked: bool = False) -> None:
    """Add what became of messages to a scenario's table (`Weather.count`)."""
    gone = taken(graph_api)
    ends = dict(zip(map(str, ids), statuses(log, ids), strict=True))
    waiting = [id_ for id_, end in ends.items() if a_person_is_asked and end in ("queued", "sending")]
    assert all(end in ("sent", "unknown") for id_, end in ends.items() if id_ in gone and id_ not in waiting)
    tally.add(
        messages=len(ends),
        duplicates=len(gone) - len(set(gone)),
        unknown=list(ends.values()).count("unknown"),
        waiting=len(waiting),
        lost=sum(id_ not in gone and end != "unknown" and id_ not in waiting for id_, end in ends.items()),
    )


def ended_of(child: Child) -> Exception | None:
    """Wait for a process's end; return what its work raised, if that is how tasks may end."""
    try:
        child.result()
    except TASK_ENDINGS as error:
        return error
    return None
