"""Settles by hand a message whose request got no answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from partner_messages.deployment import run_context
from partner_messages.deployment.params import SettlingParams
from partner_messages.message_log import acts
from partner_messages.message_log.database import open_message_log
from partner_messages.messages.tick import RunRefused, TickSkipped
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

_THEN = {
    "arrived": "It counts as sent.",
    "did_not_arrive": (
        "It has failed, and what it was about may be said again: today, trigger the DAG again (a reminder:"
        " production_run_reminders; an event: production_run_events with another dag_run_id and the same event_id)."
    ),
}
"""What follows from each outcome."""


def settle_by_hand(of_run: Mapping[str, Any]) -> str:
    """Settle the message that the params name; return its outcome.

    Raises:
        TickSkipped: None was asked to be settled.
        RunRefused: There is no such message, or it is not unknown.
    """
    params = SettlingParams.of(of_run)
    if params is None:
        raise TickSkipped("No message is to be settled by hand.")
    with open_message_log() as connection:
        settled = acts.settle_by_hand(
            connection,
            params.message_id,
            params.outcome,
            who=params.settled_by,
            why=params.settled_why,
            now=run_context.wall_clock(),
        )
        if not settled:
            raise RunRefused(_why_not(params, acts.status_of(connection, params.message_id)))
    log.info(
        "Message %s: %s says it %s (%s). %s",
        *(params.message_id, mask(params.settled_by), params.outcome, mask(params.settled_why), _THEN[params.outcome]),
    )
    return params.outcome


def _why_not(params: SettlingParams, now: Mapping[str, Any] | None) -> str:
    if now is None:
        return f"There is no message {params.message_id}; message_id is the id of a row of the table message_log."
    if now["settled_by"]:
        said = "did not arrive" if now["status"] == "failed" else "arrived"
        return (
            f"{mask(now['settled_by'])} has said that it {said}, and only one that is unknown is settled by hand; ask"
            " them, if that is wrong."
        )
    return (
        f"Message {params.message_id} is {now['status']}, and only one that is unknown is settled by hand; a"
        " message that is sending becomes unknown when its lease has run out."
    )
