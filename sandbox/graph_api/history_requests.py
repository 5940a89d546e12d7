"""Meta's message history: the statuses of a message with their times (OpenAPI "Message History").

It follows Meta's OpenAPI and was never compared with Meta itself; an account without it gets the documented 403.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sandbox.graph_api.calls import Call
from sandbox.graph_api.errors import GraphError, invalid_parameter, missing_object
from sandbox.graph_api.exchange import Answer, answer
from sandbox.graph_api.outbox import Message, Status, StatusEvent
from sandbox.graph_api.paging import cursor, cut, fields_of, links
from sandbox.graph_api.subscriptions import App
from sandbox.graph_api.world import World

MAX_PAGE_SIZE = 100
NO_HISTORY = 1_349_174
FIELD = re.compile(r"\s*([a-z_]+)\s*(?:\{([^{}]*)\})?\s*(?:,|$)")
# The OpenAPI has two lists of statuses: a failure is ERROR in the events and FAILED in the history.
FILTERS = {"SENT", "DELIVERED", "READ", "ERROR", "ACCEPTED"}
EVENT_DEFAULTS = ("id", "delivery_status", "timestamp")
NODE_DEFAULTS = ("id", "delivery_status", "occurrence_timestamp")
Fields = Mapping[str, Callable[[StatusEvent], Any]]

EVENT_FIELDS: Fields = {
    "id": lambda event: event.id,
    "delivery_status": lambda event: event.status.value.upper(),
    "timestamp": lambda event: int(event.at),
    "webhook_update_state": lambda event: event.webhook_state,
    "webhook_uri": lambda event: event.webhook_uri,
    "application": lambda event: event.app_id and {"id": event.app_id},
    "error_description": lambda event: event.error and event.error["error_data"]["details"],
}


def list_history(world: World, call: Call) -> Answer:
    """The messages of a phone number, oldest first, or only the one with `message_id`."""
    _check_there(world)
    account, query = call.account_by("phone_number_id"), call.request.query_parameters()
    asked = _fields(query.get("fields", "id,message_id"), {"id", "message_id", "events"})
    events = _fields(asked.get("events") or ",".join(EVENT_DEFAULTS), EVENT_FIELDS)
    found = [
        message
        for message in world.outbox.select(phone_number_id=account.phone_number_id)
        if query.get("message_id") in (None, message.id)
    ]
    page = cut(call.request, found, _history_id, MAX_PAGE_SIZE)
    known: dict[str, Callable[[Message], Any]] = {
        "id": _history_id,
        "message_id": lambda message: message.id,
        "events": lambda message: {"data": [fields_of(event, EVENT_FIELDS, events) for event in message.events]},
    }
    content: dict[str, Any] = {"data": [{name: known[name](message) for name in asked} for message in page.items]}
    if page.items:
        content["paging"] = links(call.request, page, _history_id)
    return answer(content)


def list_events(world: World, call: Call) -> Answer:
    """The events of a message, oldest first."""
    _check_there(world)
    message = world.outbox.by_history_id(call.route.object_id)
    if message is None or message.phone_number_id not in {account.phone_number_id for account in call.accounts}:
        raise missing_object(call.route.object_id, call.request.method)
    query, app = call.request.query_parameters(), call.user_app(world)
    known = _node_fields(app)
    asked = _fields(query.get("fields", f"cursor,node{{{','.join(NODE_DEFAULTS)}}}"), {"cursor", "node"})
    node = _fields(asked.get("node") or ",".join(NODE_DEFAULTS), known)
    wanted = query.get("status_filter")
    if wanted is not None and wanted not in FILTERS:
        raise invalid_parameter("Invalid parameter: status_filter must be a valid delivery status")
    found = [event for event in message.events if wanted in (None, known["delivery_status"](event))]
    page = cut(call.request, found, _event_id, MAX_PAGE_SIZE)
    edges = [{"cursor": cursor(event.id), "node": fields_of(event, known, node)} for event in page.items]
    content: dict[str, Any] = {"data": [{name: edge[name] for name in asked} for edge in edges]}
    if page.items:
        content["paging"] = links(call.request, page, _event_id)
    return answer(content)


def _node_fields(app: App) -> Fields:
    return {
        "id": lambda event: event.id,
        "delivery_status": lambda event: "ERROR" if event.status is Status.FAILED else event.status.value.upper(),
        "occurrence_timestamp": lambda event: int(event.at),
        "status_timestamp": lambda event: int(event.at),
        "error_description": EVENT_FIELDS["error_description"],
        "application": lambda _: {"id": app.id, "name": app.name},
    }


def _check_there(world: World) -> None:
    if not world.has_history:
        raise GraphError(
            200,
            message="(#200) Your app doesn't have permission to access message history for this phone number",
            subcode=NO_HISTORY,
            user_title="Permission Denied",
            user_message="Your app doesn't have permission to access this resource",
        )


def _fields(asked: str, known: Collection[str]) -> dict[str, str | None]:
    """The names of the asked fields, each with its text in braces: `events{timestamp}` is the field `events`."""
    fields: dict[str, str | None] = {}
    place = 0
    while place < len(asked):
        found = FIELD.match(asked, place)
        if found is None or found[1] not in known:
            raise invalid_parameter(
                f"Tried accessing nonexisting field ({asked[place:]}) on node type (MessageHistory)"
            )
        fields[found[1]] = found[2]
        place = found.end()
    return fields


def _history_id(message: Message) -> str:
    return message.history_id


def _event_id(event: StatusEvent) -> str:
    return event.id
