"""What an address asks for: filters that are valid, or a sentence that says which is not and why."""

from __future__ import annotations

import base64
import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self
from urllib.parse import urlencode

from fastapi import Request
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from partner_messages.config.plain_text import checked_text
from partner_messages.config.problems import first_problem, nearest
from partner_messages.config.schedule import day_of
from partner_messages.config.sending_days import FIRST_DAY, LAST_DAY
from partner_messages.config.settings import SettingsError
from partner_messages.config.value_kinds import Id
from partner_messages.deployment import run_context
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.pages.dealt import PLANNED_BY
from partner_messages.pages.words import MESSAGES, STATES, STUCK

LONGEST = dt.timedelta(days=400)
"""As far back as the log goes by default."""


class NotAsked(SettingsError):
    """An address asks for something that there is not; the message says what, in one sentence."""


LARGEST = 2**63 - 1
"""The largest number that PostgreSQL's `bigint` takes."""
Number = Annotated[int, Field(ge=0, le=LARGEST)]


async def has_no_nul(request: Request) -> None:
    """See that nothing of an address or a form is what no database takes: the same for all routes.

    Raises:
        NotAsked: Something has a NUL or half of a character.
    """
    typed = [*request.path_params.values(), *request.query_params.keys(), *request.query_params.values()]
    if request.method == "POST":
        typed += [one for pair in (await request.form()).multi_items() for one in pair]
    for one in typed:
        try:
            checked_text(str(one))
        except ValueError:
            raise NotAsked("There is a character in it that cannot be (NUL); type it again.") from None


class Filters(BaseModel):
    """Which messages are asked for; what is left out does not narrow them.

    Attributes:
        delivery: Live ones, rehearsals or redirected ones.
        since: The first day.
        until: The last day.
        partner: A partner, by id or by some of the name.
        run: A production run's id.
        kind: Of a message.
        status: How it stands.
        reason: Why it was not sent.
        stuck: As which kind of stuck run the ticks of the one day have found what it decided about.
        sender: A business number's label.
        template: A template's name.
        dag: An Airflow DAG's id.
        dag_run: An Airflow DAG run's id. With the DAG, and without a day, the days are those of its messages.
        task: One of its tasks that send, by id: what was dealt to it.
        batch: Of that task, which mapped instance.
        after: Where the page begins (`Place.as_text`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    delivery: str = "live"
    since: dt.date = Field(default_factory=lambda: day_of(run_context.wall_clock()))
    until: dt.date = Field(default_factory=lambda: day_of(run_context.wall_clock()))
    partner: Id | None = None
    run: Id | None = None
    kind: str | None = None
    status: str | None = None
    reason: str | None = None
    stuck: str | None = None
    sender: Id | None = None
    template: Id | None = None
    dag: Id | None = None
    dag_run: Id | None = None
    task: str | None = None
    batch: Number | None = None
    after: str | None = None

    @field_validator("sender")
    @classmethod
    def _as_labels_are_written(cls, value: str | None) -> str | None:
        return value.lower() if value else value

    @field_validator("since", "until")
    @classmethod
    def _is_a_day_of_the_log(cls, value: dt.date) -> dt.date:
        if not FIRST_DAY <= value <= LAST_DAY:
            raise ValueError(f"must be a day of the years {FIRST_DAY.year} to {LAST_DAY.year}")
        return value

    @field_validator("delivery", "kind", "status", "reason", "stuck", "task")
    @classmethod
    def _is_one_of(cls, value: str | None, info: Any) -> str | None:
        return one_of(info.field_name, value)

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if self.since > self.until:
            raise ValueError(f"the first day ({self.since}) comes after the last ({self.until})")
        if self.until - self.since > LONGEST:
            raise ValueError(f"{self.since} to {self.until} is longer than {LONGEST.days} days; ask for less at once")
        return self

    @model_validator(mode="after")
    def _names_the_dag_run(self) -> Self:
        if self.task and not (self.dag and self.dag_run):
            raise ValueError("a task (task) is one of a DAG run: say which DAG (dag) and which run (dag_run)")
        if self.batch is not None and not self.task:
            raise ValueError("a batch (batch) is one of a task: say of which (task)")
        if self.stuck and (self.since != self.until or self.dag_run):
            raise ValueError(
                "how runs were found stuck (stuck) is of one day, and of no DAG run: ask for one day alone"
            )
        return self

    def address(self, **changed: Any) -> str:
        """The query of an address that asks for the same, but for what is changed; None takes a filter out."""
        asked = {**self.model_dump(mode="json", exclude={"after"}, exclude_none=True), **changed}
        return urlencode({name: value for name, value in asked.items() if value is not None})


CHOICES: Mapping[str, tuple[str, ...]] = {
    "delivery": ("live", "dry_run", "redirect"),
    "kind": tuple(MESSAGES),
    "status": tuple(status for status in STATES if status != "undecided"),
    "reason": tuple(SkipReason),
    "stuck": tuple(STUCK),
    "task": tuple(PLANNED_BY),
}


def one_of(name: str, value: str | None) -> str | None:
    """A value that a filter can have, or none.

    Raises:
        ValueError: It cannot have this one.
    """
    if value is not None and value not in CHOICES[name]:
        raise ValueError(f'"{value[:40]}" is none of {", ".join(CHOICES[name])}')
    return value


Delivery = Annotated[str | None, AfterValidator(lambda value: one_of("delivery", value))]

SEVERAL = ("id",)
"""What an address may say several times."""


def check_asked(names: Iterable[str], known: Collection[str] | None) -> None:
    """Refuse what a page does not know, and what is said twice: neither is ever left out in silence.

    Args:
        names: The names in an address's query, each as often as it stands there.
        known: What the page knows; None where it looks for itself.

    Raises:
        NotAsked: There is no such parameter, or it stands there twice.
    """
    for name, number in Counter(names).items():
        if known is not None and name not in known:
            near = nearest(name, known)
            raise NotAsked(f'"{name[:40]}" is no filter here' + (f'; "{near}" is.' if near else "."))
        if number > 1 and name not in SEVERAL:
            raise NotAsked(f'"{name[:40]}" stands there {number} times; ask for one.')


def filters_of(query: Mapping[str, str]) -> Filters:
    """Validate an address's query; empty fields of a form do not narrow.

    Raises:
        NotAsked: A filter is unknown or wrong: none is ever left out in silence, which would show everybody.
    """
    given = {name: value for name, value in query.items() if value.strip()}
    for name in given:
        if name not in Filters.model_fields:
            near = nearest(name, Filters.model_fields)
            raise NotAsked(f'"{name}" is no filter; ' + (f'"{near}" is.' if near else "see the form."))
    try:
        return Filters.model_validate(given)
    except ValidationError as error:
        raise NotAsked(f"The filters cannot be applied: {first_problem(error, Filters)}") from None


@dataclass(frozen=True)
class Place:
    """A message's place in the order in which pages show them."""

    day: dt.date
    created_at: dt.datetime
    id: uuid.UUID

    @classmethod
    def before(cls, day: dt.date) -> Self:
        """The place behind a day's last message: what comes next is of an earlier day."""
        return cls(day, dt.datetime.min.replace(tzinfo=dt.UTC), uuid.UUID(int=0))

    def as_text(self) -> str:
        """As an address carries it."""
        said = json.dumps([self.day.isoformat(), self.created_at.isoformat(), str(self.id)])
        return base64.urlsafe_b64encode(said.encode()).decode()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """The inverse of `as_text`.

        Raises:
            NotAsked: It is none.
        """
        try:
            day, created_at, id_ = json.loads(base64.urlsafe_b64decode(text))
            return cls(dt.date.fromisoformat(day), dt.datetime.fromisoformat(created_at), uuid.UUID(id_))
        except (ValueError, TypeError, AttributeError):
            raise NotAsked("The place in the list (after) is none; go back to the first page.") from None
