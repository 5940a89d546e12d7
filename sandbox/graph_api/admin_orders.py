"""What can be ordered at the `/_sandbox` routes: the bodies of their requests."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from sandbox.graph_api.faults import FaultKind
from sandbox.graph_api.inbound import KINDS
from sandbox.graph_api.outbox import Status
from sandbox.graph_api.routes import Operation
from sandbox.graph_api.template_store import NO_REASON, TemplateStatus
from sandbox.graph_api.webhook_body import LARGEST_BATCH
from sandbox.graph_api.webhook_changes import FIELDS, LEAVABLE
from sandbox.graph_api.webhooks import ANSWER_SECONDS, RETRY_DELAYS, Sequence

Number = Annotated[str, Field(pattern=r"^\+[0-9]{7,15}$", description="E.164")]
Category = Annotated[str, Field(pattern="^(MARKETING|UTILITY)$")]
Quality = Annotated[str, Field(pattern="^(GREEN|YELLOW|RED|UNKNOWN)$")]
Delay = Annotated[float, Field(ge=0, description="seconds")]
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
    """A partner writes to the business: their 24-hour window opens (or, with `text` null, closes).

    `kind` is one of Meta's types; `payload` is that of a button; `context` is the message that is answered, `about` the
    one that is reacted to, edited or revoked. With `hides_number` Meta says the partner's user id only.
    """

    phone_number_id: str
    number: Number
    text: str | None = "Hello"
    kind: str = Field("text", pattern=f"^({'|'.join(KINDS)})$")
    payload: str | None = None
    context: str | None = None
    about: str | None = None
    name: str = "A partner"
    user_id: str | None = Field(None, pattern=r"^[A-Z]{2}\.[A-Za-z0-9.]{1,128}$")
    hides_number: bool = False
    at: AwareDatetime | None = None


class AppOrder(Order):
    """An app at Meta, such as the shop's own beside ours; `token` is a new one of it, which sees the accounts."""

    app_id: str = Field(pattern=r"^\d+$")
    secret: str = Field(min_length=1)
    name: str = "Another app"
    token: str | None = Field(None, min_length=1)
    waba_ids: tuple[str, ...] = ()


class SubscriptionOrder(Order):
    """An app's callback, and the accounts that it is subscribed to."""

    app_id: str
    callback_url: str
    verify_token: str
    fields: tuple[str, ...] = FIELDS
    waba_ids: tuple[str, ...] = ()


class WebhookOrder(Order):
    """Something happens to an account: `value` replaces parts of the field's example (`webhook_accounts.EXAMPLES`)."""

    waba_id: str
    field: str
    value: dict[str, Any] | None = None
    at: AwareDatetime | None = None


class PreferenceOrder(Order):
    """A partner wants marketing messages no more, or again."""

    phone_number_id: str
    number: Number
    value: Literal["stop", "resume", "signup"]
    at: AwareDatetime | None = None


class WebhookSettingsOrder(Order):
    """How webhooks behave; only what is given changes. The fields are those of `webhooks.WebhookSettings`."""

    status_delays: dict[Literal["sent", "delivered", "read"], Delay | None] | None = None
    retry_delays: tuple[Delay, ...] = RETRY_DELAYS
    answer_seconds: float = Field(ANSWER_SECONDS, gt=0)
    leave_out: frozenset[str] = frozenset()
    times: int = Field(1, ge=1, le=10)

    @field_validator("leave_out")
    @classmethod
    def _may_be_missing(cls, names: frozenset[str]) -> frozenset[str]:
        if not names <= LEAVABLE:
            raise ValueError(f"Meta leaves out none of these: {', '.join(sorted(names - LEAVABLE))}.")
        return names


class ReleaseOrder(Order):
    """Send what was held; the fields are the arguments of `webhooks.Webhooks.release`."""

    sequence: Sequence = Sequence.AS_IT_WAS
    batch: int = Field(1, ge=1, le=LARGEST_BATCH)
    times: int = Field(1, ge=1, le=10)
    seed: int = 0
    at_once: bool = False


class HistoryOrder(Order):
    """Whether the accounts have Meta's message history."""

    there: bool


class MarkOrder(Order):
    """Something is the matter with a recipient: `code` says what, null takes it back; see `world.Mark`."""

    number: Number
    code: int | None
    late: bool = False


class MessageOrder(Order):
    """What becomes of a message that was taken; `code` says why it failed, `at` when Meta says that it was."""

    status: Status
    code: int = 131026
    at: AwareDatetime | None = None


class TemplateOrder(Order):
    """Change a template behind its owner's back; without a language, all languages of the name.

    `event` is what the webhook calls a new status where that is another word (FLAGGED, REINSTATED, UNARCHIVED);
    `correct_category` is announced now and comes in a day.
    """

    waba_id: str
    name: str
    language: str | None = None
    status: TemplateStatus | None = None
    reason: str = NO_REASON
    event: str | None = None
    category: Category | None = None
    correct_category: Category | None = None
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
