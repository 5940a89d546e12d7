"""The table of the operations of Meta's side, by method and path."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sandbox.graph_api.errors import GraphError

UPLOAD_PREFIX = "upload:"


class Operation(StrEnum):
    """The operations; a fault can be ordered for one of them."""

    SEND_MESSAGE = "send_message"
    LIST_TEMPLATES = "list_templates"
    CREATE_TEMPLATE = "create_template"
    DELETE_TEMPLATES = "delete_templates"
    GET_TEMPLATE = "get_template"
    EDIT_TEMPLATE = "edit_template"
    UNPAUSE_TEMPLATE = "unpause_template"
    OPEN_UPLOAD = "open_upload"
    RESUME_UPLOAD = "resume_upload"
    SEND_UPLOAD = "send_upload"
    SUBSCRIBE_APP = "subscribe_app"
    LIST_APPS = "list_apps"
    UNSUBSCRIBE_APP = "unsubscribe_app"
    SET_CALLBACK = "set_callback"
    GET_CALLBACK = "get_callback"
    DROP_CALLBACK = "drop_callback"
    LIST_HISTORY = "list_history"
    LIST_EVENTS = "list_events"
    LIST_PHONES = "list_phones"


EDGES = {
    ("POST", "messages"): Operation.SEND_MESSAGE,
    ("GET", "message_templates"): Operation.LIST_TEMPLATES,
    ("POST", "message_templates"): Operation.CREATE_TEMPLATE,
    ("DELETE", "message_templates"): Operation.DELETE_TEMPLATES,
    ("POST", "uploads"): Operation.OPEN_UPLOAD,
    ("POST", "unpause"): Operation.UNPAUSE_TEMPLATE,
    ("POST", "subscribed_apps"): Operation.SUBSCRIBE_APP,
    ("GET", "subscribed_apps"): Operation.LIST_APPS,
    ("DELETE", "subscribed_apps"): Operation.UNSUBSCRIBE_APP,
    ("POST", "subscriptions"): Operation.SET_CALLBACK,
    ("GET", "subscriptions"): Operation.GET_CALLBACK,
    ("DELETE", "subscriptions"): Operation.DROP_CALLBACK,
    ("GET", "message_history"): Operation.LIST_HISTORY,
    ("GET", "events"): Operation.LIST_EVENTS,
    ("GET", "phone_numbers"): Operation.LIST_PHONES,
    # The id is a template's or a phone number's; the path does not show which.
    ("GET", None): Operation.GET_TEMPLATE,
    ("POST", None): Operation.EDIT_TEMPLATE,
}
UPLOADS = {"GET": Operation.RESUME_UPLOAD, "POST": Operation.SEND_UPLOAD}


@dataclass(frozen=True, slots=True)
class Route:
    """A parsed path.

    Attributes:
        version: Such as `v25.0`.
        object_id: The id of a phone number, WABA, app, template, upload session or history entry.
        operation: The operation.
    """

    version: str
    object_id: str
    operation: Operation


def read_path(method: str, path: str) -> Route:
    """Parse a path.

    Raises:
        GraphError: 2500 for an unknown path.
    """
    parts = path.strip("/").split("/")
    if len(parts) == 2 and parts[1].startswith(UPLOAD_PREFIX):
        operation = UPLOADS.get(method)
    else:
        operation = EDGES.get((method, parts[2] if len(parts) == 3 else None)) if len(parts) in (2, 3) else None
    if operation is None:
        raise GraphError(2500, message=f"Unknown path components: /{'/'.join(parts[1:])}")
    return Route(parts[0], parts[1], operation)
