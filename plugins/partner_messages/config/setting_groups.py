"""Settings that are JSON objects or pairs of their own: one class each, with what can be asked of its value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from partner_messages.config.value_kinds import (
    DEFAULT_PRICE,
    ByCountry,
    ClassPath,
    ClockTime,
    Currency,
    Day,
    HolidayCode,
    HostName,
    Hours,
    Language,
    PictureUrl,
    Price,
    Rewrite,
    TableName,
)


class Strict(BaseModel):
    """A JSON object whose values are what they say: `true` is no number, `"24"` none either, and `1` is not `true`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, value: Any) -> Any:
        """JSON knows no tuples."""
        if not isinstance(value, dict):
            return value
        return {key: tuple(one) if isinstance(one, list) else one for key, one in value.items()}


class Thresholds(Strict):
    """How long a run may wait in each state before its partner is reminded, in hours (the seed's buckets)."""

    assignment_pending: Hours = 24
    not_started: Hours = 24
    idle: Hours = 72

    def hours(self, kind: str) -> float:
        """The hours of one reminder kind."""
        found: float = getattr(self, kind)
        return found


class OwnThresholds(Strict):
    """Where one partner's thresholds differ from everybody's, in hours."""

    assignment_pending: Hours | None = None
    not_started: Hours | None = None
    idle: Hours | None = None


class Pause(Strict):
    """What is left alone, a partner or a run.

    Attributes:
        paused_until: The first day on which it is written to, or of, again.
        never: It is left alone for good.
    """

    paused_until: Day | None = None
    never: bool = False

    @model_validator(mode="before")
    @classmethod
    def _says_something(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and not (value.keys() - {"why"}):
            raise ValueError(
                f"says nothing; give one of {', '.join(name for name in cls.model_fields if name != 'why')}"
            )
        return value

    def is_paused(self, day: dt.date) -> bool:
        """Whether it is left alone on a day."""
        return self.never or (self.paused_until is not None and day < self.paused_until)


class PartnerException(Pause):
    """What is different for one partner.

    Attributes:
        thresholds: Hours, per reminder kind; a kind that is not here has everybody's.
        language: In which the partner is written to, whatever else is known.
        holidays: Whose holidays the partner keeps, beside everybody's: a partner is not written to on their own.
    """

    thresholds: OwnThresholds = Field(default_factory=OwnThresholds)
    language: Language | None = None
    holidays: Annotated[tuple[HolidayCode, ...], Field(examples=[["IN-OD"]])] = ()


class RunException(Pause):
    """What is different for one run.

    Attributes:
        why: In words, for whoever finds it here later.
    """

    why: Annotated[str, Field(max_length=1000)] | None = None


class Tables(Strict):
    """The shop's table names; the seed and the real shop disagree on the first one."""

    production_runs: TableName = "production_runs"
    production_run_activity: TableName = "production_run_activity"
    partner: TableName = "partner"
    partner_admin: TableName = "partner_admin"
    design: TableName = "design"
    messaging_conversation: TableName = "messaging_conversation"
    messaging_message: TableName = "messaging_message"
    consumption_log: TableName = "consumption_log"
    inventory_orders: TableName = "inventory_orders"


class TimeWindow(Strict):
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


class Pictures(Strict):
    """Which of a design's pictures may be sent, and from where."""

    allowed_hosts: Annotated[tuple[HostName, ...], Field(examples=[["cdn.example"]])] = ()
    fallback_url: PictureUrl | None = None
    rewrite: Rewrite | None = None
    deadline: Annotated[float, Field(gt=0, le=60)] = 10


class Prices(Strict):
    """What Meta bills for one message, by its category and the recipient's country; what is not listed is not known.

    Attributes:
        currency: By ISO 4217; of all the prices.
        utility: By country (ISO 3166, such as `IN`); `default` is that of all others.
        marketing: The same.
        authentication: The same.
    """

    currency: Currency
    utility: Annotated[dict[str, Price], ByCountry] = {}
    marketing: Annotated[dict[str, Price], ByCountry] = {}
    authentication: Annotated[dict[str, Price], ByCountry] = {}

    def of(self, category: str | None, country: str | None) -> float | None:
        """The price of one message; None where the list does not say it.

        Args:
            category: Meta's, in whichever case.
            country: The recipient's, such as `IN`; None where it is not known.
        """
        listed: Mapping[str, float] = getattr(self, (category or "").lower(), {}) if category else {}
        return listed.get(country or DEFAULT_PRICE, listed.get(DEFAULT_PRICE))


class NotifierSpec(Strict):
    """Any Airflow notifier, by class path and arguments."""

    class_path: ClassPath = Field(alias="class")
    args: dict[str, Any] = {}
