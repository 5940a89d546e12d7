"""What a DAG run of `production_run_events` is asked to say: one event, or a list of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from partner_messages.config.plain_text import checked_id
from partner_messages.config.problems import first_problem
from partner_messages.config.settings import SettingsError
from partner_messages.deployment.params import DeliveryParams

PREFIX = "production_run."
MOST_EVENTS = 1_000


def _full_name(value: Any) -> Any:
    return value if not isinstance(value, str) or value.startswith(PREFIX) else f"{PREFIX}{value}"


EventName = Annotated[str, BeforeValidator(_full_name), Field(pattern=r"^production_run\.[a-z][a-z0-9_.]*$")]
# A colon separates the parts of a deduplication key, and an empty id must never become a filter.
Id = Annotated[str, Field(pattern=r"^[^\s:]+$"), AfterValidator(checked_id)]


def _moment(value: Any) -> Any:
    # A bare number would be read as seconds since 1970, and so would one in quotes.
    if isinstance(value, dt.datetime) or (isinstance(value, str) and "-" in value):
        return value
    raise ValueError('must be a time with its zone, such as "2026-11-23T10:00:00+05:30"')


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class Event(BaseModel):
    """One event of the shop.

    Attributes:
        event: Its name, such as `production_run.sent_to_partner` (the prefix may be left out).
        production_run_id: The run that it speaks of.
        event_id: The shop's own id of it: one message per id, as long as the log keeps it.
        partner_id: Whom it concerns; where it names nobody, the run's partner.
        notes: Words for the partner, such as why the run was cancelled.
        occurred_at: When it happened; where it does not say, when the DAG run was due.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: EventName
    production_run_id: Id
    event_id: Id | None = None
    partner_id: Id | None = None
    notes: Annotated[str, Field(max_length=5_000)] | None = None
    occurred_at: Moment | None = None

    def happened_at(self, run_after: dt.datetime) -> dt.datetime:
        """When it happened, as far as is known: never after its DAG run was due, whatever the shop's clock says."""
        return min(self.occurred_at or run_after, run_after)


class EventParams(DeliveryParams):
    """The params of `production_run_events`, validated again where they are used (a run's conf can be anything)."""

    events: Annotated[tuple[Event, ...], Field(min_length=1, max_length=MOST_EVENTS)]

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or not (own := [name for name in Event.model_fields if name in value]):
            return value
        if value.get("events"):
            raise ValueError("give either one event or the list `events`, not both")
        return {**value, "events": [{name: value[name] for name in own}]}  # They stand beside `delivery`.


def parse_event_params(raw: Mapping[str, Any]) -> EventParams:
    """Validate a DAG run's params.

    Raises:
        SettingsError: Naming what is wrong.
    """
    given = {key: value for key, value in raw.items() if value not in (None, "", [])}
    if "event" not in given and "events" not in given:
        raise SettingsError(
            'DAG run params: there is no event; give "event" and "production_run_id", or a list "events".'
        )
    try:
        return EventParams.model_validate(given)
    except ValidationError as error:
        raise SettingsError(f"DAG run params: {first_problem(error, EventParams, 'field of an event')}") from None
