"""Every knob of the package, validated, in one place.

Operations change the Airflow Variable `partner_messages` (JSON) without a deploy; the params of a DAG run win over it
for that run. A key that is not here, or a value that cannot be, is an error that names the key: a typing mistake must
never turn into a default that sends.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from partner_messages.recipients.language import normalise_language

VARIABLE = "partner_messages"
SCHEDULE_TIMEZONE = ZoneInfo("Asia/Kolkata")
"""The zone of the weekday tick; "day" means a day of this zone everywhere (DESIGN, decisions 1 and 2)."""

SHOP_CONN_ID = "production_db"
SHOP_INBOX_CONN_ID = "shop_inbox_db"
MESSAGE_LOG_CONN_ID = "message_log_db"
SENDER_CONN_PREFIX = "whatsapp_"
PORTAL_CONN_ID = "partner_portal"

Delivery = Literal["live", "dry_run", "redirect"]


class SettingsError(ValueError):
    """A setting, connection or param is missing or wrong; the message is one sentence that names it."""


_CLOCK_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}")


def _clock_time(value: Any) -> Any:
    """Accept "9:00" as well as "09:00", and nothing else: a bare 9 would be read as nine seconds past midnight."""
    if isinstance(value, dt.time):
        return value
    if isinstance(value, str) and _CLOCK_TIME.fullmatch(value):
        return value.zfill(len("09:00"))
    raise ValueError('must be a time such as "09:00"')


def _language(value: Any) -> str:
    code = normalise_language(value) if isinstance(value, str) else None
    if code is None:
        raise ValueError('must be a language code such as "hi"')
    return code


def _host_name(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


ClockTime = Annotated[dt.time, BeforeValidator(_clock_time)]
Language = Annotated[str, BeforeValidator(_language)]
Hours = Annotated[float, Field(gt=0, le=24 * 365)]
Seconds = Annotated[float, Field(gt=0, le=600)]
# Table names go into SQL text, so they are identifiers or they are refused.
TableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$")]


HostName = Annotated[str, BeforeValidator(_host_name), Field(pattern=r"^[a-z0-9.:-]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Thresholds(_Strict):
    """How long a run may wait in each state before its partner is reminded, in hours (the seed's buckets)."""

    assignment_pending: Hours = 24
    not_started: Hours = 24
    idle: Hours = 72

    def hours(self, kind: str) -> float:
        """The hours of one reminder kind."""
        found: float = getattr(self, kind)
        return found


class Tables(_Strict):
    """The shop's table names; the seed and the real shop disagree on the first one."""

    production_runs: TableName = "production_runs"
    partner: TableName = "partner"
    partner_admin: TableName = "partner_admin"
    design: TableName = "design"
    messaging_conversation: TableName = "messaging_conversation"
    messaging_message: TableName = "messaging_message"


class TimeWindow(_Strict):
    """A part of the day, both ends in the zone of whoever uses it; `start` belongs to it, `end` does not."""

    start: ClockTime
    end: ClockTime

    @model_validator(mode="before")
    @classmethod
    def _from_pair(cls, value: Any) -> Any:
        if isinstance(value, list | tuple) and len(value) == 2:
            return {"start": value[0], "end": value[1]}
        return value

    @model_validator(mode="after")
    def _is_a_window(self) -> TimeWindow:
        if self.start >= self.end:
            raise ValueError("must begin before it ends")
        return self

    def holds(self, local: dt.datetime) -> bool:
        """Whether the wall clock of `local` lies in the window."""
        return self.start <= local.time() < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


class Pictures(_Strict):
    """Which of a design's pictures may be sent, and from where."""

    allowed_hosts: tuple[HostName, ...] = ()
    fallback_url: Annotated[str, Field(pattern=r"^https://\S+$")] | None = None
    rewrite: Annotated[str, Field(pattern=r"^https://[^\s{}]+\{url\}[^\s{}]*$")] | None = None
    deadline: Annotated[float, Field(gt=0, le=60)] = 10


class NotifierSpec(_Strict):
    """Any Airflow notifier, by class path and arguments."""

    class_path: str = Field(alias="class", pattern=r"^[A-Za-z_][\w.]*\.[A-Za-z_]\w*$")
    args: dict[str, Any] = {}


class Settings(_Strict):
    """The Variable `partner_messages`; each field's description is the line of the README's settings table."""

    delivery: Literal["live", "dry_run"] = Field(
        "dry_run", description="What `auto` means: `dry_run` until operations set `live`."
    )
    halt: bool = Field(False, description="Stops all sending; read again before every claim.")
    allow_any_time: bool = Field(
        False,
        description="Test systems only: a live run may be for another day and outside the send window.",
    )
    senders: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], ...] = Field(
        (), description="Labels of the senders; each is the connection `whatsapp_<label>`."
    )
    thresholds: Thresholds = Field(
        default_factory=Thresholds, description="Hours after which a run counts as stuck, per reminder kind."
    )
    send_window: TimeWindow = Field(
        default_factory=lambda: TimeWindow(start=dt.time(9), end=dt.time(19)),
        description="When messages may leave, in India's time.",
    )
    event_window: TimeWindow = Field(
        default_factory=lambda: TimeWindow(start=dt.time(7), end=dt.time(22)),
        description="When lifecycle messages may leave, in the time of the recipient's own region; outside it they"
        " wait.",
    )
    event_max_age: Hours = Field(6, description="Hours after which an event is too old to be told (`stale_event`).")
    tick_grace: Annotated[float, Field(gt=0, le=24 * 60)] = Field(
        30, description="Minutes after 10:00 within which a scheduled tick may still start; later it is stale."
    )
    max_messages_per_run: Annotated[int, Field(ge=1, le=100_000)] = Field(
        500, description="Messages a run may send; the rest are skipped `over_limit`."
    )
    redirect_limit: Annotated[int, Field(ge=1, le=100)] = Field(
        10, description="Messages a `redirect` run may send to the one test phone."
    )
    confirm_above: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="A live run that would send more than this needs `confirmed`; unset: three times the median of the"
        " last"
        " ten live runs, at least 50.",
    )
    task_each_up_to: Annotated[int, Field(ge=0, le=1000)] = Field(
        50, description="Up to this many messages each is a mapped task of its own; above it they travel in chunks."
    )
    chunk_size: Annotated[int, Field(ge=1, le=10_000)] = Field(250, description="Messages in one chunk, at most.")
    stop_after: Annotated[int, Field(ge=1, le=1000)] = Field(
        10,
        description="Failures in a row after which a sender's other messages stay queued; those that concern one"
        " recipient do not count.",
    )
    template_family: Literal["v1", "v2"] = Field(
        "v1",
        description="`v1`: the seed's texts; `v2`: with the design's picture and a button that opens the run, and"
        " `v1` where there is no picture.",
    )
    allow_marketing: bool = Field(
        False, description="Send templates all the same that Meta bills as MARKETING instead of UTILITY."
    )
    language: Language | None = Field(None, description="One language for everybody, before any other rule.")
    fallback_language: Language = Field(
        "hi", description="The language when nothing else decides (the seed's WHATSAPP_TEMPLATE_LANG)."
    )
    connect_timeout: Seconds = Field(5, description="Seconds to wait for a connection to Meta.")
    read_timeout: Seconds = Field(30, description="Seconds to wait for Meta's answer; after it a message is `unknown`.")
    pictures: Pictures = Field(
        default_factory=Pictures,
        description="The designs' pictures: hosts in `allowed_hosts` may have private addresses; `fallback_url` stands"
        " in where no picture can be used; `rewrite` is the URL of an image-resizing CDN, such as"
        ' `"https://cdn.example/resize?width=1000&format=jpeg&url={url}"`; `deadline` is the seconds that one download'
        " may take.",
    )
    mirror_to_shop: bool = Field(
        False,
        description="Write each live message into the shop's own inbox too, over the connection `shop_inbox_db`.",
    )
    tables: Tables = Field(default_factory=Tables, description="The shop's table names.")
    on_failure: NotifierSpec | None = Field(
        None, description='Airflow notifier told of a failed run: `{"class": "...", "args": {...}}`.'
    )

    @property
    def lease(self) -> dt.timedelta:
        """How long a claimed row belongs to its claimer: the HTTP time-outs plus a minute (DESIGN, statuses)."""
        return dt.timedelta(seconds=self.connect_timeout + self.read_timeout + 60)


def parse_settings(raw: Any) -> Settings:
    """Validate the Variable's value.

    Args:
        raw: The decoded JSON, or None when the Variable does not exist (all defaults).

    Raises:
        SettingsError: Naming the first key that is unknown or wrong.
    """
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise SettingsError(f"Variable {VARIABLE} must be a JSON object, not {type(raw).__name__}.")
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(f"Variable {VARIABLE}: {first_problem(error)}") from None


def first_problem(error: ValidationError) -> str:
    """Say the first problem of a validation as `"key": what is wrong with it`, without the value (it may be secret)."""
    problem = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in problem["loc"])
    said = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f'"{key}" is not a setting; see the settings table in the README.'
    # A rule about several keys at once names them itself.
    return f'"{key}": {said}.' if key else f"{said}."
