"""Queues messages and sends them as one mapped task of the DAG does."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from partner_messages.message_log.database import open_message_log
from partner_messages.message_log.ledger import Ledger
from partner_messages.message_log.spool import Spool
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.sending.batch import BatchSender, Outcome
from partner_messages.sending.dispatch import Dispatch
from partner_messages.templates.catalog.installed import installed_catalog
from support.deployment import Deployment, run_pass
from support.examples import sender, tick
from support.log_rows import Log, put
from whatsapp_provider.api.answers import Accepted, Answer

TEMPLATE = "jyt_production_run_reminder_idle_v1"
PHONE_NUMBER_ID = "111000000000001"
"""The sender `in` at the local Graph API."""

_numbers = itertools.count(1)


def values_for(template: str = TEMPLATE) -> dict[str, str]:
    """A value for every variable of a template."""
    found = installed_catalog().get(template)
    assert found is not None
    return dict.fromkeys(found.variables, "Rajesh Textiles")


def queue_messages(log: Log, count: int = 1, **columns: Any) -> list[uuid.UUID]:
    """Queue messages to different partners that Meta would take; return their ids."""
    ids = []
    for number in itertools.islice(_numbers, count):
        plain = {"partner_id": f"P{number}", "to_phone": f"+919829{number:06}", "variables": Jsonb(values_for())}
        ids.append(put(log, "queued", f"R{number}", **{**plain, **columns}))
    return ids


def take_over(log: Log, ids: Sequence[uuid.UUID], by: int) -> None:
    """Give queued messages to another tick, as its planning does."""
    log.execute(
        "UPDATE message_log SET tick_id = %s, dag_run_id = %s WHERE id = ANY (%s) AND status = 'queued'",
        [tick(by).id, tick(by).dag_run_id, list(ids)],
    )


def still_due(*_: object) -> dict[uuid.UUID, SkipReason]:
    """Stands for a shop where nothing has moved on."""
    return {}


@dataclass(frozen=True)
class SendTask:
    """One mapped `send_messages` task, without Airflow around it.

    Attributes:
        deployment: Whose clock it reads.
    """

    deployment: Deployment

    def set_rate(self, per_second: float, label: str = "in") -> None:
        """Change what a sender's connection says of its rate."""
        self.deployment.set_rate(label, per_second)

    def sender(
        self,
        connection: Log,
        ids: Sequence[uuid.UUID],
        *,
        by: int = 1,
        clear_number: int = 0,
        delivery: str = "live",
        withdrawn: Mapping[uuid.UUID, SkipReason] | None = None,
        **changes: Any,
    ) -> BatchSender:
        """What the task sends with; `by` and `clear_number` say whose pass of which DAG run it is.

        A later run's planning has taken over what the first one (`by=1`) left queued.
        """
        its_tick = tick(by, delivery=delivery, asked="auto" if delivery == "live" else delivery)
        if by > 1:
            take_over(connection, ids, by)

        def no_longer_due(*_: object) -> Mapping[uuid.UUID, SkipReason]:
            return withdrawn or {}

        plain: dict[str, Any] = {
            "connection": connection,
            "tick": its_tick,
            "run": run_pass(its_tick.dag_run_id, dag_id=its_tick.dag_id, clear_number=clear_number),
            "ids": ids,
            "sender_label": "in",
            "params": {},
            "no_longer_due": no_longer_due,
            "catalog": installed_catalog(),
            "clock": lambda: self.deployment.now,
        }
        return BatchSender(**{**plain, **changes})

    def __call__(self, ids: Sequence[uuid.UUID], **changes: Any) -> Outcome:
        """Send over a session of the task's own; return how its messages stand then."""
        with open_message_log() as connection:
            sender = self.sender(connection, ids, **changes)
            sender.send()
            return sender.outcome()


class ScriptedMeta:
    """Carries requests as `WhatsAppHook` does, but says what a test wants.

    Args:
        answer: Given each request's payload; what it returns became of the request, what it raises breaks it.
    """

    def __init__(self, answer: Callable[[dict[str, Any]], Answer] = lambda _: Accepted("wamid.A", "accepted")) -> None:
        self._answer = answer
        self.requests: list[str] = []

    def send_message(self, payload: dict[str, Any]) -> Answer:
        """Note the message's id, then answer."""
        self.requests.append(payload["id"])
        return self._answer(payload)


def ledger_of(**changes: Any) -> Ledger:
    """A task's ledger; it keeps on the disk what other tasks of this test process do."""
    plain: dict[str, Any] = {
        "lease": dt.timedelta(seconds=95),
        "clock": lambda: dt.datetime.now(dt.UTC),
        "spool": Spool.of_this_worker(),
    }
    return Ledger(**{**plain, **changes})


def dispatch_of(connection: Log, hook: ScriptedMeta, *, ledger: Ledger | None = None, **changes: Any) -> Dispatch:
    """A dispatch whose payloads are just the messages' ids, and which no guard hinders."""
    plain: dict[str, Any] = {
        "connection": connection,
        "hook": hook,
        "sender": sender(),
        "run": run_pass(),
        "payload": lambda message: {"id": str(message.id)},
        "guard": lambda: None,
        "ledger": ledger or ledger_of(),
        "per_second": 1_000.0,
        "template_refused": lambda _: None,
        "unwell": lambda: None,
    }
    return Dispatch(**{**plain, **changes})


def messages(log: Log, ids: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
    """The rows with these ids, in this order."""
    found = {row["id"]: row for row in log.execute("SELECT * FROM message_log WHERE id = ANY (%s)", [list(ids)])}
    return [found[id_] for id_ in ids]


def statuses(log: Log, ids: Sequence[uuid.UUID]) -> list[str]:
    """What became of each message."""
    return [row["status"] for row in messages(log, ids)]


def taken(graph_api: Any) -> list[str]:
    """The ids of the messages that the local Graph API has taken, in their order, as often as it took them."""
    return [message["biz_opaque_callback_data"] for message in graph_api.outbox()]


def requested(graph_api: Any) -> int:
    """How many messages the local Graph API was asked to take."""
    return int(graph_api.requests(last=0)["by_operation"].get("send_message", 0))


def let_the_leases_run_out(log: Log) -> None:
    """As if ten minutes had passed since the claims under way, and the shares of the rate, were last renewed."""
    log.execute("UPDATE message_log SET claimed_at = claimed_at - interval '10 minutes' WHERE status = 'sending'")
    let_the_shares_run_out(log)


def let_the_shares_run_out(log: Log) -> None:
    """As if the ten seconds had passed for which a process that is gone keeps its share of the rate from others."""
    log.execute("UPDATE sender_share SET expires_at = expires_at - interval '10 minutes'")
