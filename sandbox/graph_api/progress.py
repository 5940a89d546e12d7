"""The statuses of an accepted message (sent, delivered, read, failed), and their webhooks."""

from __future__ import annotations

from sandbox.graph_api.accounts import Account
from sandbox.graph_api.agenda import Action
from sandbox.graph_api.errors import GraphError
from sandbox.graph_api.outbox import Message, Status, StatusEvent
from sandbox.graph_api.webhook_messages import status_change
from sandbox.graph_api.webhooks import DEFAULT_STATUS_DELAYS
from sandbox.graph_api.world import World

AUTOMATIC_STATUSES = (Status.SENT, Status.DELIVERED, Status.READ)
RANK = {Status.SENT: 1, Status.DELIVERED: 2, Status.READ: 3, Status.PLAYED: 3, Status.FAILED: 4}


def begin(world: World, account: Account, message: Message) -> None:
    """Schedule the statuses of a message that was just accepted (status `failed`: it cannot be delivered)."""
    delays = world.webhooks.settings.status_delays or (
        DEFAULT_STATUS_DELAYS if world.subscriptions.hears(account) else None
    )
    due = (Status.FAILED,) if message.status is Status.FAILED else AUTOMATIC_STATUSES
    if delays is None:  # Without subscribers there is no need to wait.
        add_status(world, message, due[0], message.received_at, message.error)
        return
    for status in due:
        delay = delays.get("sent" if status is Status.FAILED else status.value)
        if delay is not None:
            world.agenda.at(message.received_at + delay, _automatic(world, message, status))


def add_status(
    world: World, message: Message, status: Status, at: float, error: dict[str, object] | None = None
) -> StatusEvent:
    """Add a status to a message, whatever its present one, and send the webhook."""
    event = world.outbox.happened(message, status, at, error)
    account = world.account_of(message.phone_number_id)
    if world.subscriptions.hears(account):
        world.webhooks.tell(status_change(account, message, event, world.webhooks.settings.leave_out))
    return event


def order_status(world: World, message: Message, status: Status, at: float, code: int) -> StatusEvent:
    """Add an ordered status; `at` is in seconds since the epoch, `code` is the error for `failed`."""
    return add_status(world, message, status, at, GraphError(code).asynchronous() if status is Status.FAILED else None)


def _automatic(world: World, message: Message, status: Status) -> Action:
    def act(at: float) -> None:
        """Add the status, unless the message is held back or has this or a later status already."""
        if message.held or any(RANK[past.status] >= RANK[status] for past in message.events):
            return
        add_status(world, message, status, at, message.error)

    return act
