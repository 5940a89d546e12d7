"""Meta's side of the server: receive a request, apply an ordered fault, and answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sandbox.graph_api import history_requests, subscription_requests, template_requests, upload_requests
from sandbox.graph_api.calls import Call, admit
from sandbox.graph_api.errors import GraphError, trace_id
from sandbox.graph_api.exchange import Answer, GraphRequest, refusal
from sandbox.graph_api.faults import Fault, FaultKind
from sandbox.graph_api.messages import held_back, send_message, without_message_id
from sandbox.graph_api.request_log import LoggedRequest
from sandbox.graph_api.routes import Operation, Route, read_path
from sandbox.graph_api.transport import ABORT
from sandbox.graph_api.versions import VERSIONS
from sandbox.graph_api.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HANDLERS: dict[Operation, Callable[[World, Call], Answer | Awaitable[Answer]]] = {
    Operation.SEND_MESSAGE: send_message,
    Operation.LIST_TEMPLATES: template_requests.list_templates,
    Operation.CREATE_TEMPLATE: template_requests.create_template,
    Operation.DELETE_TEMPLATES: template_requests.delete_templates,
    Operation.GET_TEMPLATE: lambda world, call: (
        subscription_requests.get_phone(world, call)
        if call.names_phone()
        else template_requests.get_template(world, call)
    ),
    Operation.EDIT_TEMPLATE: lambda world, call: (
        subscription_requests.configure_phone(world, call)
        if call.names_phone()
        else template_requests.edit_template(world, call)
    ),
    Operation.UNPAUSE_TEMPLATE: template_requests.unpause_template,
    Operation.OPEN_UPLOAD: upload_requests.open_upload,
    Operation.SEND_UPLOAD: upload_requests.send_upload,
    Operation.RESUME_UPLOAD: upload_requests.resume_upload,
    Operation.SUBSCRIBE_APP: subscription_requests.subscribe_app,
    Operation.LIST_APPS: subscription_requests.list_apps,
    Operation.UNSUBSCRIBE_APP: subscription_requests.unsubscribe_app,
    Operation.SET_CALLBACK: subscription_requests.set_callback,
    Operation.GET_CALLBACK: subscription_requests.get_callback,
    Operation.DROP_CALLBACK: subscription_requests.drop_callback,
    Operation.LIST_HISTORY: history_requests.list_history,
    Operation.LIST_EVENTS: history_requests.list_events,
    Operation.LIST_PHONES: subscription_requests.list_phones,
}
NOT_JSON = b"<!DOCTYPE html><html><head><title>Sorry</title></head><body>Sorry, something went wrong.</body></html>"
DROPPED, HUNG_UP = "connection dropped", "caller hung up"


class GraphEndpoint:
    """The ASGI application for Meta's paths; without a framework, for a thousand messages a second."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        world = self._world
        body = await _body(receive)
        if body is None:
            return
        request = GraphRequest(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
            body=body,
            received_at=world.clock.now(),
            base_url=_base_url(scope),
        )
        try:
            route = read_path(request.method, request.path)
        except GraphError as error:
            world.requests.add(LoggedRequest(request, None, None, error.status, error.code))
            await _send(send, refusal(error), None)
            return
        seen = world.requests.add(LoggedRequest(request, route.operation, route.object_id))
        fault = world.faults.next_for(route.operation, route.object_id, _recipient(world, request))
        answer = (
            await self._handle(request, route, seen)
            if fault is None
            else await self._apply_fault(fault, request, route, seen, scope, receive)
        )
        if answer is not None:
            await _send(send, answer, route.version)

    async def _handle(self, request: GraphRequest, route: Route, seen: LoggedRequest) -> Answer:
        try:
            call = admit(self._world, request, route)
            made = HANDLERS[route.operation](self._world, call)
            answer = made if isinstance(made, Answer) else await made
        except GraphError as error:
            answer, seen.code = refusal(error), error.code
        seen.outcome = answer.status
        return answer

    async def _apply_fault(
        self, fault: Fault, request: GraphRequest, route: Route, seen: LoggedRequest, scope: Scope, receive: Receive
    ) -> Answer | None:
        """The answer with the fault; None if none is sent."""
        taken = await self._handle(request, route, seen) if fault.taken else None
        retry_after = () if fault.retry_after is None else (("retry-after", fault.retry_after),)
        match fault.kind:
            case FaultKind.ERROR:
                seen.code = fault.code
                error = GraphError(
                    fault.code,
                    fault.details,
                    subcode=fault.subcode,
                    transient=fault.transient,
                    status=fault.status,
                    headers=retry_after,
                )
                answer = refusal(error)
            case FaultKind.NOT_JSON:
                answer = Answer(fault.status or 502, NOT_JSON, (("content-type", "text/html"), *retry_after))
            case FaultKind.NO_MESSAGE_ID:
                answer = without_message_id(taken or await self._handle(request, route, seen))
            case FaultKind.HELD_BACK:
                taken = taken or await self._handle(request, route, seen)
                answer = held_back(self._world, taken, fault.message_status)
            case FaultKind.DROP:
                seen.outcome = DROPPED
                scope["extensions"][ABORT]["abort"]()
                await _disconnected(receive)
                return None
            case FaultKind.HANG:
                gone = asyncio.ensure_future(_disconnected(receive))
                await self._world.faults.hang(fault.seconds, gone)
                if gone.done():
                    seen.outcome = HUNG_UP
                    return None
                gone.cancel()
                answer = taken or await self._handle(request, route, seen)
        seen.outcome = answer.status
        return answer


def _recipient(world: World, request: GraphRequest) -> str | None:
    """The recipient of a message, if a fault needs it; the handler reports errors of the request."""
    if not world.faults.for_recipients:
        return None
    try:
        return str(request.json_object().get("to"))
    except GraphError:
        return None


def _base_url(scope: Scope) -> str:
    host, port = scope["server"]
    return f"{scope['scheme']}://{host}:{port}"


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if the client closed the connection before its end."""
    body = bytearray()
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)
    return None


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, answer: Answer, version: str | None) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    headers += [(b"content-length", str(len(answer.body)).encode()), (b"x-fb-trace-id", trace_id().encode())]
    if version in VERSIONS:
        headers.append((b"facebook-api-version", version.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
