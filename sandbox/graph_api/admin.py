"""The admin side of the server, `/_sandbox/...`: read its state and order what Meta and partners do.

Its OpenAPI is at `/_sandbox/openapi.json`. `server.LocalGraphApi` has a method for each route.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request

from sandbox.graph_api import progress
from sandbox.graph_api.admin_orders import (
    AppOrder,
    ClockOrder,
    HistoryOrder,
    InboundOrder,
    LimitsOrder,
    MarkOrder,
    MessageOrder,
    PreferenceOrder,
    ReleaseOrder,
    ReviewsOrder,
    SubscriptionOrder,
    TemplateOrder,
    TokenOrder,
    WebhookOrder,
    WebhookSettingsOrder,
)
from sandbox.graph_api.clock import iso
from sandbox.graph_api.errors import GraphError
from sandbox.graph_api.faults import Fault
from sandbox.graph_api.inbound import PartnerAction, inbound_message
from sandbox.graph_api.outbox import Status
from sandbox.graph_api.routes import Operation
from sandbox.graph_api.subscription_requests import give_callback
from sandbox.graph_api.template_store import ReviewOrder, Template, Verdict
from sandbox.graph_api.webhook_accounts import account_change
from sandbox.graph_api.webhook_messages import preference_change
from sandbox.graph_api.world import Mark, World

PREFIX = "/_sandbox"
QUIET_SECONDS = 30.0
router = APIRouter(prefix=PREFIX)


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


Here = Annotated[World, Depends(_world)]


@router.get("/outbox")
async def outbox(
    world: Here,
    phone_number_id: str | None = None,
    to: str | None = None,
    type: str | None = None,  # noqa: A002 - Meta's own name for it
    template_name: str | None = None,
    language: str | None = None,
    status: Status | None = None,
    biz_opaque_callback_data: str | None = None,
) -> dict[str, Any]:
    """The accepted messages, oldest first, and the number in each status."""
    messages = world.outbox.select(
        phone_number_id=phone_number_id,
        to=to,
        type=type,
        template_name=template_name,
        language=language,
        status=status,
        biz_opaque_callback_data=biz_opaque_callback_data,
    )
    return {
        "count": len(messages),
        "by_status": world.outbox.counts(),
        "messages": [message.as_json() for message in messages],
    }


@router.post("/outbox/{message_id:path}")
async def move_message(world: Here, message_id: str, order: MessageOrder) -> dict[str, Any]:
    """Give a message a status (sent, delivered, read, played, failed), in any order; subscribers get a webhook."""
    message = world.outbox.get(message_id)
    if message is None:
        raise HTTPException(404, f"No message {message_id} was taken.")
    at = _instant(world, order.at)
    message.held = False
    progress.order_status(world, message, order.status, at, order.code)
    return message.as_json()


@router.get("/requests")
async def requests(
    world: Here, last: Annotated[int, Query(ge=0)] = 50, operation: Operation | None = None
) -> dict[str, Any]:
    """The number of requests, and the last ones with all their headers."""
    return world.requests.summary(last, operation)


@router.post("/faults")
async def order_fault(world: Here, fault: Fault) -> dict[str, int]:
    """Order a fault: the next matching requests fail."""
    world.faults.order(fault)
    return {"number": fault.number}


@router.get("/faults")
async def open_faults(world: Here) -> dict[str, Any]:
    """The faults that are still ordered, and the number of hanging requests."""
    return {"orders": world.faults.orders, "hanging": world.faults.hanging}


@router.delete("/faults")
async def clear_faults(world: Here) -> dict[str, bool]:
    """Remove all ordered faults and release hanging requests."""
    world.faults.clear()
    return {"success": True}


@router.post("/faults/release")
async def release(world: Here) -> dict[str, int]:
    """Release all hanging requests; return their number."""
    hanging = world.faults.hanging
    world.faults.release()
    return {"released": hanging}


@router.get("/faults/hanging")
async def hanging(world: Here, at_least: int = 1, at_most: int = sys.maxsize, timeout: float = 10.0) -> dict[str, int]:
    """Wait until so many requests hang, or until the time-out; return their number."""
    return {"hanging": await world.faults.wait_for_hanging(at_least, at_most, timeout)}


@router.get("/clock")
async def clock(world: Here) -> dict[str, Any]:
    """The server's time."""
    return {"now": iso(world.clock.now()), "frozen": world.clock.frozen}


@router.post("/clock")
async def move_clock(world: Here, order: ClockOrder) -> dict[str, Any]:
    """Move, freeze or start the clock."""
    if order.now is not None:
        world.clock.move_to(order.now)
    world.clock.shift(order.shift_seconds)
    if order.frozen is not None:
        (world.clock.freeze if order.frozen else world.clock.run)()
    world.agenda.run_due()
    return await clock(world)


@router.post("/limits")
async def set_limits(world: Here, order: LimitsOrder) -> dict[str, Any]:
    """Change limits; return all of them."""
    for name, value in order.model_dump(exclude_none=True).items():
        setattr(world.limits, name, value)
    return vars(world.limits)


@router.post("/tokens")
async def set_token(world: Here, order: TokenOrder) -> dict[str, bool]:
    """Make a token expired, or valid again."""
    if not world.tokens.accounts(order.token):
        raise HTTPException(404, "Nobody issued this token.")
    if order.alive:
        world.tokens.revive(order.token)
    else:
        world.tokens.kill(order.token, world.clock.now())
    return {"alive": order.alive}


@router.post("/inbound")
async def inbound(world: Here, order: InboundOrder) -> dict[str, Any]:
    """A partner writes to the business, which opens the 24-hour window; or close the window."""
    _check_phone(world, order.phone_number_id)
    if order.text is None:
        world.close_window(order.phone_number_id, order.number)
        return {"open": False}
    note = inbound_message(
        order.phone_number_id,
        order.number,
        _instant(world, order.at),
        order.kind,
        PartnerAction(order.text, order.payload, order.about),
        **order.model_dump(include={"context", "name", "user_id", "hides_number"}),
    )
    world.receive(note)
    return {"open": True, **note.as_json()}


@router.post("/apps")
async def set_app(world: Here, order: AppOrder) -> dict[str, str]:
    """Add an app with a token that sees these accounts; an existing app gets the new secret."""
    app = world.subscriptions.add_app(order.app_id, order.secret, order.name)
    if order.token is not None:
        seen = tuple(account for account in world.accounts if account.waba_id in order.waba_ids)
        world.tokens.issue(order.token, app.id, seen)
    return {"app_id": app.id, "access_token": app.access_token}


@router.post("/subscriptions")
async def subscribe(world: Here, order: SubscriptionOrder) -> dict[str, Any]:
    """Set an app's callback and subscribe the app to accounts, as in Meta's dashboard."""
    app = world.subscriptions.apps.get(order.app_id)
    if app is None:
        raise HTTPException(404, f"There is no app {order.app_id}.")
    try:
        await give_callback(app, order.callback_url, order.verify_token, list(order.fields))
    except GraphError as error:
        raise HTTPException(409, error.message) from error
    for waba_id in order.waba_ids:
        world.subscriptions.subscribe(app.id, waba_id, None)
    return {"callback_url": app.callback_url, "fields": app.fields}


@router.get("/webhooks")
async def webhooks(
    world: Here, field: str | None = None, app_id: str | None = None, timeout: float = QUIET_SECONDS
) -> dict[str, Any]:
    """The sent webhooks, oldest first, after all due deliveries were tried."""
    quiet = await world.webhooks.quiet(timeout)
    shown = [delivery.as_json() for delivery in world.webhooks.deliveries]
    return {
        "quiet": quiet,
        "paused": world.webhooks.paused,
        "held": world.webhooks.held,
        "webhooks": [one for one in shown if field in (None, *one["fields"]) and app_id in (None, one["app_id"])],
    }


@router.post("/webhooks")
async def order_webhook(world: Here, order: WebhookOrder) -> dict[str, bool]:
    """Send a webhook about an account or a number."""
    account = next((account for account in world.accounts if account.waba_id == order.waba_id), None)
    if account is None:
        raise HTTPException(404, f"There is no account {order.waba_id}.")
    at = _instant(world, order.at)
    world.webhooks.tell(account_change(account, order.field, order.value, at))
    return {"success": True}


@router.post("/preferences")
async def order_preference(world: Here, order: PreferenceOrder) -> dict[str, bool]:
    """A partner stops or resumes marketing messages."""
    _check_phone(world, order.phone_number_id)
    account = world.account_of(order.phone_number_id)
    at = _instant(world, order.at)
    leave_out = world.webhooks.settings.leave_out
    world.webhooks.tell(preference_change(account, order.number, order.value, at, leave_out))
    return {"success": True}


@router.post("/webhooks/settings")
async def set_webhooks(world: Here, order: WebhookSettingsOrder) -> dict[str, Any]:
    """Change the webhook settings; return all of them."""
    for name in order.model_fields_set:
        setattr(world.webhooks.settings, name, getattr(order, name))
    return vars(world.webhooks.settings)


@router.post("/webhooks/pause")
async def pause_webhooks(world: Here) -> dict[str, bool]:
    """Hold all webhooks from now on."""
    world.webhooks.paused = True
    return {"paused": True}


@router.post("/webhooks/release")
async def release_webhooks(world: Here, order: ReleaseOrder) -> dict[str, int]:
    """Send the held webhooks and end the pause; return the number of POSTs."""
    posts = world.webhooks.release(order.sequence, order.batch, order.times, order.seed, at_once=order.at_once)
    return {"posts": posts}


@router.post("/webhooks/forget")
async def forget_webhooks(world: Here) -> dict[str, bool]:
    """Cancel running deliveries and drop held webhooks, as Meta does after a week."""
    world.webhooks.stop()
    return {"success": True}


@router.post("/history")
async def set_history(world: Here, order: HistoryOrder) -> dict[str, bool]:
    """Switch Meta's message history on or off for the accounts."""
    world.has_history = order.there
    return {"there": order.there}


@router.post("/recipients")
async def mark_recipient(world: Here, order: MarkOrder) -> dict[str, bool]:
    """Set or remove the error of a recipient."""
    if order.code is None:
        world.marks.pop(order.number, None)
    else:
        world.marks[order.number] = Mark(order.code, order.late)
    return {"marked": order.code is not None}


@router.get("/templates")
async def templates(world: Here, waba_id: str | None = None) -> dict[str, Any]:
    """All templates with the results of their reviews."""
    found = world.templates.all(world.clock.now())
    return {"templates": [_described(template) for template in found if waba_id in (None, template.waba_id)]}


@router.post("/templates")
async def change_templates(world: Here, order: TemplateOrder) -> dict[str, Any]:
    """Change status, quality or category of templates; a category applies to all languages of the name."""
    named = [
        template
        for template in world.templates.of_account(order.waba_id, world.clock.now())
        if template.name == order.name
    ]
    chosen = [template for template in named if order.language in (None, template.language)]
    if not chosen:
        raise HTTPException(404, f"Account {order.waba_id} has no such template {order.name}.")
    now = world.clock.now()
    verdict = None if order.status is None else Verdict(order.status, order.reason)
    for template in chosen:
        world.templates.change(template, verdict, order.quality, now, order.event)
    if order.category is not None:
        world.templates.recategorise(order.waba_id, order.name, order.category, now)
    if order.correct_category is not None:
        world.templates.announce_category(order.waba_id, order.name, order.correct_category, now)
    return {"templates": [_described(template) for template in chosen]}


@router.post("/reviews")
async def order_reviews(world: Here, order: ReviewsOrder) -> dict[str, bool]:
    """Order the results of the next reviews."""
    wanted = order.model_dump(exclude={"status", "reason"})
    world.templates.review_orders.append(ReviewOrder(Verdict(order.status, order.reason), **wanted))
    return {"success": True}


@router.post("/reset")
async def reset(world: Here) -> dict[str, bool]:
    """Reset the state, as after a start."""
    world.reset()
    return {"success": True}


def _instant(world: World, at: datetime | None) -> float:
    return world.clock.now() if at is None else at.timestamp()


def _check_phone(world: World, phone_number_id: str) -> None:
    if phone_number_id not in {account.phone_number_id for account in world.accounts}:
        raise HTTPException(404, f"There is no phone number id {phone_number_id}.")


def _described(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "waba_id": template.waba_id,
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "previous_category": template.previous_category,
        "correct_category": template.correct_category,
        "status": template.status,
        "rejected_reason": template.rejected_reason,
        "explanation": template.explanation,
        "quality": template.quality,
    }
