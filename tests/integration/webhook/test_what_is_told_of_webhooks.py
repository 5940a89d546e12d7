"""What could not be applied of webhooks is told of once, however it comes."""

from __future__ import annotations

from partner_messages.message_log.database import recordset, rows
from partner_messages.webhook.apply import note_webhook_errors_told, untold_webhook_errors
from support.deployment import TICK
from support.webhook_work import apply_webhooks
from support.webhooks import of_statuses


def test_an_error_of_the_same_kind_that_comes_while_it_is_told_is_told_later(log):
    apply_webhooks(log, of_statuses({"id": "a", "status": "sent"}))
    said = untold_webhook_errors(log)
    (event,) = log.execute("SELECT id, errors FROM webhook_event").fetchall()

    rows(log, "add_errors", added=recordset([event]))
    note_webhook_errors_told(log, said.values(), TICK)

    (left,) = untold_webhook_errors(log)
    assert left.startswith("1 items of webhooks")
    note_webhook_errors_told(log, untold_webhook_errors(log).values(), TICK)
    assert untold_webhook_errors(log) == {}
