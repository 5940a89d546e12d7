"""A reminder with buttons, from the tick to its answer: over Meta, the receiver, upkeep, and the next ticks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from partner_messages.database.session import Session
from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.deployment.receiving import PATH
from partner_messages.message_log import promises
from partner_messages.webhook.app import Receiver
from sandbox.graph_api.server import LocalGraphApi
from sandbox.shop.expectations import run_id
from support.deployment import TICK, Deployment
from support.log_rows import Log
from support.picture_server import HOST
from support.receiving import receiving
from support.submitted import submit_templates
from support.ticks import Tick, go_through, look_after

RUN = run_id("SENT10D")
HELP, LATER = 0, 1
"""The places of the quick replies of a reminder."""
MINUTE, HOUR, DAYS = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


class Chat:
    """One partner's phone, beside the package whose messages it gets."""

    def __init__(self, deployment: Deployment, log: Log, graph_api: LocalGraphApi, receiver: Receiver) -> None:
        self._deployment, self._log, self._graph_api, self._receiver = deployment, log, graph_api, receiver
        self.wait_until(TICK)

    def wait_until(self, moment: dt.datetime) -> None:
        """Let it be later, for everybody."""
        self._deployment.now = moment
        self._graph_api.set_clock(moment)

    def tick(self, days: int = 0) -> Tick:
        """The tick of so many days later."""
        self.wait_until(TICK + days * DAYS + MINUTE)
        sent = go_through(self._log, logical_date=TICK + days * DAYS)
        self._hear()
        return sent

    @property
    def screen(self) -> list[dict[str, Any]]:
        """What the partner has got."""
        return self._graph_api.outbox()

    def tap(self, message: dict[str, Any], button: int, **more: Any) -> None:
        """Tap a quick reply below a message, and let it be heard and answered."""
        self._graph_api.tap(message["id"], button, **more)
        self._answered()

    def write(self, message: dict[str, Any], text: str) -> None:
        """Answer a message with words."""
        self._graph_api.answer(message["phone_number_id"], message["to"], text, context=message["id"])
        self._answered()

    def _answered(self) -> None:
        self._hear()
        look_after()
        self._hear()

    def _hear(self) -> None:
        assert all(one["state"] == "DELIVERED" for one in self._graph_api.sent_webhooks())
        self._receiver.applier.apply_once()


@pytest.fixture
def chat(
    deployment: Deployment, shop: Session, log: Log, graph_api: LocalGraphApi, with_picture: str
) -> Iterator[Chat]:
    """A shop with one stuck run, reminded of with a picture and three buttons."""
    shop.execute("DELETE FROM production_runs WHERE id <> %s", [RUN])
    deployment.set(senders=["in"], template_family="v3", pictures={"allowed_hosts": [HOST]})
    graph_api.freeze_clock()
    graph_api.set_limits(pair_seconds=0)
    submit_templates([f"jyt_production_run_reminder_{stall}_v3" for stall in ("pending", "not_started", "idle")])
    graph_api.set_webhooks(status_delays={"sent": 0, "delivered": 0, "read": None})
    with receiving(Receiver(clock=lambda: deployment.now, applies=False)) as hook:
        graph_api.subscribe(f"http://127.0.0.1:{hook.port}{PREFIX}{PATH}")
        yield Chat(deployment, log, graph_api, hook.receiver)


def replied(log: Log) -> list[tuple[str, str]]:
    found = log.execute(
        "SELECT variables, status FROM message_log WHERE message_kind = 'reply' ORDER BY created_at"
    ).fetchall()
    return [(one["variables"]["reply"], one["status"]) for one in found]


def escalated(log: Log) -> list[tuple[str, str]]:
    found = log.execute("SELECT production_run_id, reason FROM escalation WHERE closed_at IS NULL ORDER BY 1, 2")
    return [(one["production_run_id"], one["reason"]) for one in found]


def test_a_partner_who_wants_to_be_reminded_later_is_and_no_sooner(chat: Chat, log: Log, told: Path) -> None:
    assert chat.tick().ends == {RUN: "sent"}
    (reminder,) = chat.screen
    assert [one.get("text") for one in reminder["buttons"] if "payload" in one] == ["मदद चाहिए", "बाद में याद दिलाएँ"]
    (row,) = log.execute("SELECT status FROM message_log WHERE meta_message_id = %s", [reminder["id"]]).fetchall()
    assert row["status"] == "delivered"

    chat.wait_until(TICK + HOUR)
    chat.tap(reminder, LATER)
    question = chat.screen[-1]
    assert len(question["buttons"]) == 3
    assert promises.open_promises(log) == {}

    chat.wait_until(TICK + HOUR + MINUTE)
    chat.tap(question, 1)
    one = promises.open_promises(log)[RUN]
    assert (one.due_on, one.source) == (dt.date(2026, 11, 25), "answer")
    assert replied(log) == [("when", "delivered"), ("promised", "delivered")]
    assert "बुध 25 नवं" in str(chat.screen[-1])

    assert [chat.tick(days).ends for days in (1, 2)] == [{RUN: "promised"}, {RUN: "promised"}]
    assert not told.exists()
    assert chat.tick(3).ends == {RUN: "sent"}
    assert f"A promise was broken: run {RUN} was to move by 2026-11-25" in told.read_text(encoding="utf-8")
    assert promises.open_promises(log) == {}


def test_a_partner_who_needs_help_is_told_of_at_once(chat: Chat, log: Log, told: Path) -> None:
    chat.tick()
    chat.wait_until(TICK + HOUR)

    chat.tap(chat.screen[0], HELP, context=None)

    assert escalated(log) == [(RUN, "asked_for_help")]
    assert "asked_for_help" in told.read_text(encoding="utf-8")
    assert replied(log) == [("help", "delivered")]
    assert chat.tick(1).ends == {RUN: "answered"}


@pytest.mark.parametrize("button", [HELP, LATER])
def test_a_button_of_last_week_whose_run_has_moved_says_so_once(
    chat: Chat, log: Log, shop: Session, button: int
) -> None:
    chat.tick()
    shop.execute(
        "UPDATE production_runs SET status = 'in_progress', accepted_at = %s WHERE id = %s", [TICK + HOUR, RUN]
    )
    chat.tick(2)

    chat.wait_until(TICK + 7 * DAYS)
    chat.tap(chat.screen[0], button)
    chat.tap(chat.screen[0], button)

    assert replied(log) == [("moved", "delivered")]
    assert escalated(log) == []
    assert promises.open_promises(log) == {}


@pytest.fixture
def digest(chat: Chat, deployment: Deployment, shop: Session) -> list[str]:
    """Two runs of one partner, told in one message; the ids, longest stuck first."""
    other = f"{RUN[:-1]}9"
    columns = "status, run_type, quantity, design_id, partner_id, snapshot, captured_at"
    shop.execute(
        f"INSERT INTO production_runs (id, created_at, dispatch_completed_at, {columns})"
        f" SELECT %s, created_at - interval '5 days', dispatch_completed_at - interval '5 days', {columns}"
        " FROM production_runs WHERE id = %s",
        [other, RUN],
    )
    deployment.set(digest=True)
    submit_templates(["jyt_production_run_digest_v1"])
    return [other, RUN]


def test_help_and_later_on_a_digest_are_for_the_longest_waiting_run_and_for_all(
    chat: Chat, log: Log, digest: list[str], told: Path
) -> None:
    chat.tick()
    (message,) = chat.screen
    chat.wait_until(TICK + HOUR)

    chat.write(message, "बाद में याद दिलाएँ")
    chat.tap(chat.screen[-1], 0)
    assert promises.open_promises(log).keys() == set(digest)

    chat.write(message, "मदद चाहिए")
    assert escalated(log) == [(digest[0], "asked_for_help")]
    assert "They were written to about 1 more: Tent Canvas." in told.read_text(encoding="utf-8")
    assert promises.open_promises(log) == {}
