"""The upload requests: open a session, send bytes, ask how many were received."""

from __future__ import annotations

from sandbox.graph_api.calls import Call
from sandbox.graph_api.exchange import Answer, answer
from sandbox.graph_api.world import World


def open_upload(world: World, call: Call) -> Answer:
    """Open a session for an example picture."""
    app_id = call.account_by("app_id").app_id
    asked = call.request.parameters()
    upload = world.uploads.open(app_id, str(asked.get("file_type", "")), str(asked.get("file_length", "")))
    return answer({"id": upload.id})


def send_upload(world: World, call: Call) -> Answer:
    """Receive bytes of a picture; the answer to the last ones has the handle."""
    upload = call.upload(world)
    handle = world.uploads.receive(upload, call.request.header("file_offset"), call.request.body)
    return answer({"h": handle} if handle else {"id": upload.id, "file_offset": len(upload.received)})


def resume_upload(world: World, call: Call) -> Answer:
    """The number of bytes received, so that the client can continue from there."""
    upload = call.upload(world)
    return answer({"id": upload.id, "file_offset": len(upload.received)})
