"""What becomes of a message after Meta has taken it: sent, delivered, read, or failed; and the telling of it."""

from __future__ import annotations

from sandbox.graph_api.accounts import Account
from sandbox.graph_api.agenda import Action
from sandbox.graph_api.errors import GraphError
from sandbox.graph_api.outbox import Message, Status, StatusEvent
from sandbox.graph_api.webhook_messages import status_change
from sandbox.graph_api.webhooks import QUICK
from sandbox.graph_api.world import World

BY_ITSELF = (Status.SENT, Status.DELIVERED, Status.READ)
RANK = {Status.SENT: 1, Status.DELIVERED: 2, Status.READ: 3, Status.PLAYED: 3, Status.FAILED: 4}


def begin(world: World, account: Account, message: Message) -> None:
    """Let a message that was just taken go its way.

    Args:
        world: Where.
        account: Whose message it is.
        message: With status `failed` and an error where Meta has taken what cannot arrive.
    """
    delays = world.webhooks.settings.status_delays or (QUICK if world.subscriptions.hears(account) else None)
    due = (Status.FAILED,) if message.status is Status.FAILED else BY_ITSELF
    if delays is None:  # nobody listens, so it need not be later
        happen(world, message, due[0], message.received_at, message.error)
        return
    for status in due:
        delay = delays.get("sent" if status is Status.FAILED else status.value)
        if delay is not None:
            world.agenda.at(message.received_at + delay, _in_its_turn(world, message, status))


def happen(
    world: World, message: Message, status: Status, at: float, error: dict[str, object] | None = None
) -> StatusEvent:
    """Let this happen to a message, whatever has happened before, and tell it."""
    event = world.outbox.happened(message, status, at, error)
    account = world.account_of(message.phone_number_id)
    if world.subscriptions.hears(account):
        world.webhooks.tell(status_change(account, message, event, world.webhooks.settings.leave_out))
    return event


def order(world: World, message: Message, status: Status, at: float, code: int) -> StatusEvent:
    """Let this happen to order.

    Args:
        world: Where.
        message: To which message.
        status: What.
        at: When Meta says that it was, in seconds since the epoch.
        code: Why it failed, for `failed`.
    """
    return happen(world, message, status, at, GraphError(code).asynchronous() if status is Status.FAILED else None)


def _in_its_turn(world: World, message: Message, status: Status) -> Action:
    def act(at: float) -> None:
        """Unless Meta holds the message back, or somebody has ordered as much or more already."""
        if message.held or any(RANK[past.status] >= RANK[status] for past in message.events):
            return
        happen(world, message, status, at, message.error)

    return act
