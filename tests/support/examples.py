"""One plain example of each value; a test changes what it is about and leaves the rest as it is."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

from partner_messages.messages.kinds import ReminderKind, StuckRun
from partner_messages.messages.tick import Tick
from partner_messages.messages.values import Claimed, Draft, QueuedMessage, digest_context_id
from partner_messages.planning.drafting.inputs import DraftingSetup, ShopKnowledge
from partner_messages.planning.events.event import Event
from partner_messages.planning.reminders.inputs import LogKnowledge, PlanningInputs
from partner_messages.recipients.people import Conversation, Partner, PartnerAdmin
from partner_messages.shop.run import ProductionRun
from partner_messages.templates.catalog.installed import installed_catalog
from support.deployment import TICK
from whatsapp_provider.api.senders import Sender

DAY = dt.date(2026, 11, 23)
"""The day of `support.deployment.TICK` in India."""

PHONE = "+919829012345"
PARTNER_ID = "P1"


def ago(days: int) -> dt.date:
    """So many days before `DAY`."""
    return DAY - dt.timedelta(days=days)


def tick(id_: int = 1, **changes: Any) -> Tick:
    """A live tick of `DAY`; ticks with different numbers are different runs of the DAG."""
    plain: dict[str, Any] = {
        "id": f"00000000-0000-0000-0000-{id_:012}",
        "dag_id": "production_run_reminders",
        "dag_run_id": f"run {id_}",
        "delivery": "live",
        "asked": "auto",
        "day": DAY,
        "now": TICK,
    }
    return Tick(**{**plain, **changes})


def stuck_run(run_id: str = "R1", **changes: Any) -> StuckRun:
    """A run of the one example partner, sent three days ago and never accepted."""
    plain: dict[str, Any] = {
        "production_run_id": run_id,
        "kind": ReminderKind.ASSIGNMENT_PENDING,
        "partner_id": PARTNER_ID,
        "design_id": "D1",
        "since": TICK - dt.timedelta(days=3),
        "quantity": 250.0,
        "produced_quantity": None,
    }
    return StuckRun(**{**plain, **changes})


def partner(id_: str = PARTNER_ID, **changes: Any) -> Partner:
    """An active partner in India with a verified number."""
    plain: dict[str, Any] = {
        "id": id_,
        "name": "Rajesh Textiles",
        "status": "active",
        "deleted": False,
        "whatsapp_number": PHONE,
        "whatsapp_verified": True,
        "country_code": "IN",
    }
    return Partner(**{**plain, **changes})


def admin(partner_id: str = PARTNER_ID, **changes: Any) -> PartnerAdmin:
    """An active admin of the partner."""
    plain: dict[str, Any] = {
        "id": "A1",
        "partner_id": partner_id,
        "phone": "+919829054321",
        "is_active": True,
        "created_at": TICK - dt.timedelta(days=400),
    }
    return PartnerAdmin(**{**plain, **changes})


def conversation(partner_id: str = PARTNER_ID, **changes: Any) -> Conversation:
    """An active conversation on the partner's number that says nothing special."""
    plain: dict[str, Any] = {
        "id": "C1",
        "partner_id": partner_id,
        "phone_number": PHONE,
        "country_code": "IN",
        "status": "active",
        "deleted": False,
        "last_message_at": TICK - dt.timedelta(days=1),
        "default_sender_platform_id": None,
        "language": None,
        "consent_given": None,
        "consent_given_at": None,
        "consent_source": None,
        "created_at": TICK - dt.timedelta(days=400),
        "updated_at": TICK - dt.timedelta(days=1),
    }
    return Conversation(**{**plain, **changes})


def sender(label: str = "in", **changes: Any) -> Sender:
    """The Indian sender, English and Hindi."""
    plain: dict[str, Any] = {
        "label": label,
        "platform_label": label.upper(),
        "conn_id": f"whatsapp_{label}",
        "host": "https://graph.facebook.com",
        "phone_number_id": "111000000000001",
        "waba_id": "211000000000001",
        "api_version": "v25.0",
        "country_codes": ("+91",),
        "is_default": False,
        "platform_id": f"platform of {label}",
        "languages": ("en", "hi"),
        "messages_per_second": 80.0,
        "app_id": None,
    }
    return Sender(**{**plain, **changes})


def shop_knowledge(**changes: Any) -> ShopKnowledge:
    """A shop with the one example partner and design."""
    plain: dict[str, Any] = {"partners": {PARTNER_ID: partner()}, "design_names": {"D1": "Block Print Kurta"}}
    return ShopKnowledge(**{**plain, **changes})


def log_knowledge(**changes: Any) -> LogKnowledge:
    """A message log that knows nothing, but for the changes."""
    return LogKnowledge(**changes)


def drafting_setup(**changes: Any) -> DraftingSetup:
    """The Indian sender, the shipped templates, room for a hundred messages."""
    plain: dict[str, Any] = {
        "senders": (sender(),),
        "catalog": installed_catalog(),
        "language": None,
        "fallback_language": "hi",
        "limit": 100,
    }
    return DraftingSetup(**{**plain, **changes})


def planning_inputs(**changes: Any) -> PlanningInputs:
    """What the plain tick plans with."""
    plain: dict[str, Any] = {
        "tick": tick(),
        "shop": shop_knowledge(),
        "log": log_knowledge(),
        "setup": drafting_setup(),
    }
    return PlanningInputs(**{**plain, **changes})


def claimed_message(**changes: Any) -> Claimed:
    """A live message to the one example partner."""
    plain: dict[str, Any] = {
        "id": uuid.UUID("0198c0de-0000-7000-8000-000000000001"),
        "attempts": 1,
        "delivery": "live",
        "message_kind": "reminder",
        "to_phone": PHONE,
        "partner_id": PARTNER_ID,
        "production_run_id": "R1",
        "language": "hi",
        "template_name": "jyt_production_run_reminder_idle_v1",
        "variables": {"partner_name": "Rajesh Textiles"},
        "image_url": None,
    }
    return Claimed(**{**plain, **changes})


def draft(*run_ids: str, day: dt.date = DAY, **changes: Any) -> Draft:
    """A draft that can be queued: of one run its reminder, of several a digest to their partner."""
    run_ids = run_ids or ("R1",)
    if len(run_ids) == 1:
        plain = replace(
            Draft.reminder(run_ids[0], day, reminder_kind=ReminderKind.ASSIGNMENT_PENDING), partner_id=PARTNER_ID
        )
    else:
        plain = Draft.digest(PARTNER_ID, run_ids, digest_context_id(PARTNER_ID, day))
    addressed = replace(
        plain,
        sender="in",
        to_phone=PHONE,
        language="hi",
        template_name="jyt_production_run_reminder_pending_v1",
        variables={"partner_name": "Rajesh Textiles"},
        body_text="A text.",
    )
    return replace(addressed, **changes)


def queued_message(id_: str = "M1", **changes: Any) -> QueuedMessage:
    """A queued row as dealing needs it."""
    plain: dict[str, Any] = {
        "sender": "in",
        "about": "idle",
        "partner_name": "Rajesh Textiles",
    }
    return QueuedMessage(id_, **{**plain, **changes})


def event(name: str = "sent_to_partner", **changes: Any) -> Event:
    """An event of the one example run that says nothing but what happened; the name's prefix may be left out."""
    return Event.model_validate({"event": name, "production_run_id": "R1", **changes})


def production_run(id_: str = "R1", **changes: Any) -> ProductionRun:
    """A run that was sent to the one example partner and not accepted yet."""
    plain: dict[str, Any] = {
        "status": "sent_to_partner",
        "partner_id": PARTNER_ID,
        "previous_partner_id": None,
        "design_id": "D1",
        "quantity": 250.0,
        "produced_quantity": None,
        "accepted_at": None,
        "finished_at": None,
        "cancelled_reason": None,
    }
    return ProductionRun(id_, **{**plain, **changes})
