"""Two weeks of ticks with the webhook off for a day in the middle: nobody is reminded more often than without."""

from __future__ import annotations

import collections
import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest

from partner_messages.database.session import Session
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.silences import listen_to
from partner_messages.ops.hearing import hear
from partner_messages.webhook.store import store
from sandbox.graph_api.server import LocalGraphApi
from sandbox.shop import partner_id
from support.deployment import TICK, Deployment
from support.log_rows import Log
from support.restoring import empty
from support.ticks import go_through
from support.webhooks import NUMBER, of_statuses, status_item

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
WEEKDAYS = [TICK + number * DAY for number in range(12) if number not in (5, 6)]
TUESDAY, FRIDAY = TICK + DAY, TICK + 4 * DAY
DELIVERED_AFTER = 5 * MINUTE
NEVER_ON = "919829012346"
"""A phone that is off for two weeks. Its messages are given up, but for those of the pause, of which nothing is known.

So its partner is found to be out of reach some days later.
"""


@dataclass(frozen=True)
class Off:
    """A pause of the webhook.

    Attributes:
        since: When it begins; it lasts a day.
        receiver: Whether it is our own receiver that is off; else what is before it.
        repeated: How long after the pause Meta's repetitions come; None for never.
    """

    since: dt.datetime
    receiver: bool = False
    repeated: dt.timedelta | None = None

    def holds(self, moment: dt.datetime) -> bool:
        return self.since <= moment < self.since + DAY


class Weeks:
    """Meta's words on their way to the receiver."""

    def __init__(self, log: Log, deployment: Deployment, graph_api: LocalGraphApi, off: Off | None) -> None:
        self._log, self._deployment, self._graph_api, self._off = log, deployment, graph_api, off
        self._coming: list[tuple[dt.datetime, dict[str, Any]]] = []
        self._told, self._was_off = 0, False

    def pass_through(self) -> collections.Counter[str]:
        """Go through the ticks and upkeep; return how often each phone was reminded."""
        for tick, following in zip(WEEKDAYS, [*WEEKDAYS[1:], WEEKDAYS[-1] + DAY], strict=True):
            self._deployment.now = tick + MINUTE
            self._graph_api.set_clock(tick + MINUTE)
            go_through(self._log, logical_date=tick)
            self._speak_of_what_was_sent(tick + MINUTE)
            for later in (16 * MINUTE, 7 * HOUR, following - tick - 30 * MINUTE):
                self._look_after(tick + later)
        return collections.Counter(message["to"] for message in self._graph_api.outbox())

    def _speak_of_what_was_sent(self, at: dt.datetime) -> None:
        sent = self._graph_api.outbox()[self._told :]
        self._told += len(sent)
        for message in sent:
            states = (
                [("sent", at)] if NEVER_ON in message["to"] else [("sent", at), ("delivered", at + DELIVERED_AFTER)]
            )
            for status, moment in states:
                arrives: dt.datetime | None = moment
                if self._off and self._off.holds(moment):
                    repeated = self._off.repeated
                    arrives = self._off.since + DAY + repeated if repeated is not None else None
                if arrives:
                    self._coming.append((arrives, status_item(message["id"], status, moment)))

    def _receiver_runs(self, now: dt.datetime) -> None:
        if self._off and self._off.receiver and self._off.holds(now):
            self._was_off = True
            return
        if not self._was_off:  # It has said so each minute since.
            self._log.execute("UPDATE listening_to SET at = %s", [now])
        self._was_off = False
        listen_to(self._log, ["in"], now)

    def _look_after(self, now: dt.datetime) -> None:
        self._deployment.now = now
        self._receiver_runs(now)
        arrived = [item for arrives, item in self._coming if arrives <= now]
        self._coming = [one for one in self._coming if one[0] > now]
        for item in arrived:
            store(self._log, of_statuses(item, number=NUMBER), now)
        hear(self._log, load_settings(), now)


@pytest.fixture
def reminded_with(deployment: Deployment, shop: Session, log: Log, graph_api: LocalGraphApi) -> Any:
    """How often each phone is reminded in two weeks, with such a pause."""
    deployment.set(senders=["in"], max_reminders=6, escalate_after=None, send_window=["00:00", "23:59"])
    people = {name: partner_id(name) for name in ("RAJESH", "MEERA", "KARAN")}
    shop.execute("DELETE FROM messaging_message")
    shop.execute("DELETE FROM production_runs")
    for name, id_ in people.items():
        shop.execute(
            "INSERT INTO production_runs (id, status, partner_id, quantity, created_at, snapshot, captured_at)"
            " VALUES (%s, 'sent_to_partner', %s, 10, %s, '{}', now())",
            [f"prod_run_{name}", id_, TICK - 3 * DAY],
        )

    def reminded(off: Off | None) -> collections.Counter[str]:
        empty(log)
        graph_api.reset()
        graph_api.freeze_clock()
        graph_api.set_limits(pair_seconds=0)
        return Weeks(log, deployment, graph_api, off).pass_through()

    return reminded


@pytest.mark.parametrize(
    "offs",
    [
        # What is before the receiver, and Meta never repeats it; the receiver itself, over a Saturday.
        [Off(TUESDAY + 3 * MINUTE), Off(FRIDAY + 3 * MINUTE, receiver=True)],
        pytest.param(
            [Off(TUESDAY + 3 * MINUTE, repeated=5 * HOUR), Off(TUESDAY - HOUR), Off(TUESDAY, receiver=True)],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_webhook_that_was_off_for_a_day_makes_no_reminder_more(reminded_with: Any, offs: list[Off]) -> None:
    on = reminded_with(None)
    delivered = {phone: number for phone, number in on.items() if NEVER_ON not in phone}
    assert list(delivered.values()) == [6, 6]
    assert len(on) == 3

    for off in offs:
        counted = reminded_with(off)
        assert {phone: counted[phone] for phone in delivered} == delivered, off
