"""The request bodies of the `/_sandbox` routes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from sandbox.graph_api.inbound import INBOUND_KINDS
from sandbox.graph_api.outbox import Status
from sandbox.graph_api.template_store import NO_REASON, TemplateStatus
from sandbox.graph_api.webhook_body import MAX_UPDATES
from sandbox.graph_api.webhook_changes import FIELDS, OPTIONAL_KEYS
from sandbox.graph_api.webhooks import ANSWER_SECONDS, RETRY_DELAYS, Sequence

Number = Annotated[str, Field(pattern=r"^\+[0-9]{7,15}$", description="E.164")]
Category = Annotated[str, Field(pattern="^(MARKETING|UTILITY)$")]
Quality = Annotated[str, Field(pattern="^(GREEN|YELLOW|RED|UNKNOWN)$")]
Delay = Annotated[float, Field(ge=0, description="seconds")]


class Order(BaseModel):
    """A request body; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


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
    """Make a token expired, or valid again."""

    token: str
    alive: bool


class InboundOrder(Order):
    """A partner writes to the business, which opens the 24-hour window (with `text` null: close it).

    `kind` is one of Meta's types; `payload` is a button's; `context` is the answered message, `about` the one that is
    reacted to, edited or revoked. With `hides_number` Meta sends only the partner's user id.
    """

    phone_number_id: str
    number: Number
    text: str | None = "Hello"
    kind: str = Field("text", pattern=f"^({'|'.join(INBOUND_KINDS)})$")
    payload: str | None = None
    context: str | None = None
    about: str | None = None
    name: str = "A partner"
    user_id: str | None = Field(None, pattern=r"^[A-Z]{2}\.[A-Za-z0-9.]{1,128}$")
    hides_number: bool = False
    at: AwareDatetime | None = None


class AppOrder(Order):
    """An app at Meta, such as the shop's; `token` is a new token of this app, which sees the accounts."""

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
    """A partner stops or resumes marketing messages."""

    phone_number_id: str
    number: Number
    value: Literal["stop", "resume", "signup"]
    at: AwareDatetime | None = None


class WebhookSettingsOrder(Order):
    """Changes of the webhook settings; the fields are those of `webhooks.WebhookSettings`."""

    status_delays: dict[Literal["sent", "delivered", "read"], Delay | None] | None = None
    retry_delays: tuple[Delay, ...] = RETRY_DELAYS
    answer_seconds: float = Field(ANSWER_SECONDS, gt=0)
    leave_out: frozenset[str] = frozenset()
    times: int = Field(1, ge=1, le=10)

    @field_validator("leave_out")
    @classmethod
    def _may_be_missing(cls, names: frozenset[str]) -> frozenset[str]:
        if not names <= OPTIONAL_KEYS:
            raise ValueError(f"Meta leaves out none of these: {', '.join(sorted(names - OPTIONAL_KEYS))}.")
        return names


class ReleaseOrder(Order):
    """Send held webhooks; the fields are the arguments of `webhooks.Webhooks.release`."""

    sequence: Sequence = Sequence.AS_IT_WAS
    batch: int = Field(1, ge=1, le=MAX_UPDATES)
    times: int = Field(1, ge=1, le=10)
    seed: int = 0
    at_once: bool = False


class HistoryOrder(Order):
    """Whether the accounts have Meta's message history."""

    there: bool


class MarkOrder(Order):
    """The error code for messages to a recipient, null for none; see `world.Mark`."""

    number: Number
    code: int | None
    late: bool = False


class MessageOrder(Order):
    """A new status of a message: `code` is the error of a failure, `at` Meta's time."""

    status: Status
    code: int = 131026
    at: AwareDatetime | None = None


class TemplateOrder(Order):
    """Meta changes a template; without a language, all languages of the name.

    `event` is the webhook's event if it differs from the status (FLAGGED, REINSTATED, UNARCHIVED); `correct_category`
    is announced now and applied in a day.
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
    """The result of the next matching reviews; the fields are those of `template_store.ReviewOrder` and its verdict."""

    status: TemplateStatus = TemplateStatus.APPROVED
    reason: str = NO_REASON
    category: Category | None = None
    waba_id: str | None = None
    name: str | None = None
    language: str | None = None
    times: int = Field(1, ge=1)
