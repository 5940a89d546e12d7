"""A receiver that is killed between storing and applying: what it had answered is applied by the next, once."""

from __future__ import annotations

import datetime as dt
import random
import signal
from collections.abc import Callable

from support.children import Child, Death
from support.deployment import TICK, Deployment
from support.fault_table import Tally
from support.log_rows import Log, put, row
from support.webhook_work import SENDER_IDS, store_and_apply
from support.webhooks import of_statuses, status_item

APPLY = "partner_messages.webhook.apply"
STATUSES = "partner_messages.webhook.apply_statuses"
MOMENTS = [
    Death("partner_messages.webhook.store.store", "after"),
    Death(f"{APPLY}.apply_pending", "before"),
    Death(f"{APPLY}.take_pending", "after"),
    Death(f"{APPLY}.parse", "after"),
    Death(f"{STATUSES}._match_to_rows", "after"),
    Death(f"{STATUSES}._write_rows", "before"),
    Death(f"{STATUSES}._write_rows", "after"),
    Death(f"{STATUSES}._let_wait", "after"),
    Death(f"{APPLY}._mark_applied", "before"),
    Death(f"{APPLY}._mark_applied", "after"),
]
EACH = 5
"""Messages of a webhook."""


def test_what_was_answered_is_applied_by_the_next_process(
    start: Callable[..., Child], deployment: Deployment, log: Log, rounds: range, tally: Tally
) -> None:
    tally.scenario = "a receiver killed between storing and applying"
    for number in rounds:
        dies = random.Random(number).choice(MOMENTS) if number else MOMENTS[5]
        at = TICK + dt.timedelta(minutes=number)
        wamids = [f"wamid.{number}.{one}" for one in range(EACH)]
        ids = [put(log, "sent", f"R{number}.{one}", meta_message_id=wamids[one]) for one in range(EACH)]
        failed, *others = [status_item(wamid, "delivered", at) for wamid in wamids]
        body = of_statuses({**failed, "status": "failed", "errors": [{"code": 131026}]}, *others)

        assert start(store_and_apply, body, SENDER_IDS, dies=dies).ended() == -signal.SIGKILL
        changed = start(store_and_apply, None, SENDER_IDS).result()
        again = start(store_and_apply, body, SENDER_IDS).result()

        found = [row(log, id_)["status"] for id_ in ids]
        lost = found.count("sent")
        tally.add(messages=EACH, duplicates=again, unknown=0, lost=lost)
        assert found == ["failed", *["delivered"] * (EACH - 1)], dies
        assert (changed, again) == ((0, 0) if dies == MOMENTS[-1] and not changed else (EACH, 0)), dies
        assert log.execute("SELECT FROM webhook_event WHERE applied_at IS NULL").rowcount == 0
