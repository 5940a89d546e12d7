"""What can be ordered at the `/_sandbox` routes: the bodies of their requests."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.graph_api.faults import FaultKind
from sandbox.graph_api.outbox import Status
from sandbox.graph_api.routes import Operation
from sandbox.graph_api.template_store import NO_REASON, TemplateStatus

Number = Annotated[str, Field(pattern=r"^\+[0-9]{7,15}$", description="E.164")]
Category = Annotated[str, Field(pattern="^(MARKETING|UTILITY)$")]
Quality = Annotated[str, Field(pattern="^(GREEN|YELLOW|RED|UNKNOWN)$")]
MessageStatus = Literal["accepted", "held_for_quality_assessment", "paused"]


class Order(BaseModel):
    """A request to one of these routes; unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid")


class FaultOrder(Order):
    """Let the next matching requests go wrong; the fields are those of `faults.Fault`."""

    kind: FaultKind
    times: int = Field(1, ge=1)
    skip: int = Field(0, ge=0)
    operation: Operation | None = None
    object_id: str | None = None
    to: str | None = None
    taken: bool = False
    code: int = 131000
    details: str | None = None
    subcode: int | None = None
    transient: bool = False
    message_status: MessageStatus = "held_for_quality_assessment"
    status: int | None = Field(None, ge=400, le=599)
    retry_after: str | None = None
    seconds: float = Field(60.0, gt=0)


class ClockOrder(Order):
    """Move the clock to an instant, then by a number of seconds, then freeze it or let it run."""

    now: datetime | None = None
    shift_seconds: float = 0.0
    frozen: bool | None = None


class LimitsOrder(Order):
    """Change limits; the fields are those of `limits.Limits`."""

    messages_per_second: int | None = Field(None, ge=0)
    pair_seconds: float | None = Field(None, ge=0)
    pair_burst: int | None = Field(None, ge=1)
    management_calls_per_hour: int | None = Field(None, ge=0)
    template_creates_per_hour: int | None = Field(None, ge=0)
    templates_per_account: int | None = Field(None, ge=0)


class TokenOrder(Order):
    """Kill a token, or revive it."""

    token: str
    alive: bool


class InboundOrder(Order):
    """A partner writes to the business: their 24-hour window opens (or, with `text` null, closes)."""

    phone_number_id: str
    number: Number
    text: str | None = "Hello"


class MarkOrder(Order):
    """Something is the matter with a recipient: `code` says what, null takes it back; see `world.Mark`."""

    number: Number
    code: int | None
    late: bool = False


class MessageOrder(Order):
    """What becomes of a message that was taken; `code` says why it failed."""

    status: Status
    code: int = 131026


class TemplateOrder(Order):
    """Change a template behind its owner's back; without a language, all languages of the name."""

    waba_id: str
    name: str
    language: str | None = None
    status: TemplateStatus | None = None
    reason: str = NO_REASON
    category: Category | None = None
    quality: Quality | None = None


class ReviewsOrder(Order):
    """Let the next matching reviews end so; the fields are those of `template_store.ReviewOrder` and its verdict."""

    status: TemplateStatus = TemplateStatus.APPROVED
    reason: str = NO_REASON
    category: Category | None = None
    waba_id: str | None = None
    name: str | None = None
    language: str | None = None
    times: int = Field(1, ge=1)
